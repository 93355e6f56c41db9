// A directory of the host that a sandbox writes to, walked by handles: what anybody puts in the way leads nowhere.
import { decodePath, ERRNO, encodePath, type SyscallError } from '../../../core/index.js'
import { type NativeStat, native, O_DIRECTORY, O_PATH } from '../../../native/index.js'

const AT_FDCWD = -100
const AT_REMOVEDIR = 0x200
const S_IFMT = 0o170000
const S_IFDIR = 0o040000
const S_IFLNK = 0o120000

/** What the addon says of a file on Windows, beyond what it says everywhere. */
export interface WindowsStat extends NativeStat {
  readonly atimeNs: bigint
  readonly ctimeNs: bigint
  readonly birthtimeNs: bigint
  /** FILE_ATTRIBUTE_… */
  readonly attributes: number
}

/** The kind of a file by its mode. A junction is a link. */
export const kindOf = ({ mode }: NativeStat): 'directory' | 'symlink' | 'file' =>
  (mode & S_IFMT) === S_IFDIR ? 'directory' : (mode & S_IFMT) === S_IFLNK ? 'symlink' : 'file'

/** A directory by its path on the host, kept open; it is not followed anywhere. */
export const openTop = (path: string): number => native().openat2(AT_FDCWD, encodePath(path), O_PATH | O_DIRECTORY, 0, 0)

/** What is at a path below a directory; '' is itself. */
export const statAt = (fd: number, path: string): WindowsStat => native().fstatat(fd, encodePath(path)) as WindowsStat

/** The names in a directory below another. @throws SyscallError ENOTDIR, ELOOP */
export function namesIn(base: number, path: string): string[] {
  const fd = native().openat2(base, encodePath(path), O_DIRECTORY, 0, 0)
  try {
    return native().readdir(fd).map(decodePath)
  } finally {
    native().close(fd)
  }
}

/** A path below a directory. */
export const below = (directory: string, name: string): string => (directory === '' ? name : `${directory}/${name}`)

/** Whether a call failed with one of these. */
export const failedWith = (error: unknown, ...errnos: readonly number[]): boolean => errnos.includes((error as SyscallError).errno)

/** What there is, or undefined where it is gone by now. */
export function ifThere<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (failedWith(error, ERRNO.ENOENT, ERRNO.ENOTDIR, ERRNO.ELOOP)) return undefined
    throw error
  }
}

/** Everything below a directory (or the one at `start` in it), each directory before what is in it. Links are not followed. `skip`: what is left out with all
 *  below. */
export function* walk(
  base: number,
  skip: (path: string) => boolean = () => false,
  start = '',
): Generator<{ readonly path: string; readonly stat: WindowsStat }> {
  const queue = [start]
  for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
    const at = directory
    for (const name of ifThere(() => namesIn(base, at)) ?? []) {
      const path = below(at, name)
      if (skip(path)) continue
      const stat = ifThere(() => statAt(base, path))
      if (stat === undefined) continue
      yield { path, stat }
      if (kindOf(stat) === 'directory') queue.push(path)
    }
  }
}

/** Removes what is at a path, with all below it. */
export function removeAt(base: number, path: string): void {
  try {
    native().unlinkat(base, encodePath(path), 0)
    return
  } catch (error) {
    if (!failedWith(error, ERRNO.EISDIR)) throw error
  }
  for (const name of namesIn(base, path)) removeAt(base, below(path, name))
  native().unlinkat(base, encodePath(path), AT_REMOVEDIR)
}
