// The errors of the view: Linux errno by name, in the shape of node:fs (errno is negative there). Source: errno(3).
import { ERRNO, type ErrnoName, FsError } from '../core/index.js'

/** What a caller was doing: for the message of whatever goes wrong. */
export interface Call {
  /** As node:fs names it: `open`, `lstat`, `mkdir` … */
  readonly syscall: string
  readonly path: string
  /** The second path of rename, link and symlink. */
  readonly dest?: string
}

const MESSAGES: Partial<Record<ErrnoName, string>> = {
  EACCES: 'permission denied',
  EBADF: 'bad file descriptor',
  EBUSY: 'resource busy or locked',
  EEXIST: 'file already exists',
  EFBIG: 'file too large',
  EINVAL: 'invalid argument',
  EIO: 'i/o error',
  EISDIR: 'illegal operation on a directory',
  ELOOP: 'too many symbolic links encountered',
  ENAMETOOLONG: 'name too long',
  ENODATA: 'no data available',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  ENXIO: 'no such device or address',
  EOPNOTSUPP: 'operation not supported',
  EPERM: 'operation not permitted',
  ERANGE: 'result too large',
  E2BIG: 'argument list too long',
}

/** The error for `call`; `code` is an errno's name. */
export function fail(code: ErrnoName, call: Call): FsError {
  const { syscall, path, dest } = call
  return new FsError({ code, errno: -ERRNO[code], syscall, path, dest, message: MESSAGES[code] ?? 'operation failed' })
}
