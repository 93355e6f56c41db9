// Paths inside a quarantine, by their text alone: nothing below it is a link, so '..' is the name before it.
import { ERRNO, errnoName, FsError, UnsupportedError } from '../../../core/index.js'
import { checkWindowsPath } from '../../../windows-layer/index.js'

/** What NT takes for one path. */
const PATH_MAX = 32_000

const failure = (errno: number, path: string, message?: string, cause?: unknown): FsError =>
  new FsError(
    { code: errnoName(errno), errno: -errno, syscall: 'open', path: path.slice(0, 200), ...(message === undefined ? {} : { message }) },
    { cause },
  )

/** A path's names, '/' and '\' alike; '..' at the top stays there. @throws FsError EINVAL for drives, streams, devices and whatever Win32 reads as more than
 *  a name; ENAMETOOLONG */
export function insideNames(path: string): readonly string[] {
  if (path.length > PATH_MAX) throw failure(ERRNO.ENAMETOOLONG, path)
  const names: string[] = []
  for (const name of path.split(/[\\/]/)) {
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  try {
    checkWindowsPath(`/${names.join('/')}`)
    return names
  } catch (cause) {
    if (!(cause instanceof UnsupportedError)) throw cause
    throw failure(ERRNO.EINVAL, path, cause.message, cause)
  }
}

/** Two spellings of one name on Windows. */
export const sameName = (path: string): string => path.toUpperCase()
