// Failed system calls on host files, as the library's own errors.
import { ERRNO, type ErrnoName, errnoName, type StrataErrorOptions, SyscallError } from '../../core/index.js'

/** A SyscallError on a host path. `message` says who wanted it and why. */
export function hostError(code: ErrnoName, syscall: string, path: string, message: string, options: StrataErrorOptions = {}): SyscallError {
  return new SyscallError({ errno: ERRNO[code], code, syscall, path, message: `${code}: ${message}` }, options)
}

/** What `node:fs` threw for `path`, as a SyscallError; anything else as it was. */
export function fromNode(error: unknown, path: string): unknown {
  const { errno, syscall } = error as NodeJS.ErrnoException
  if (!(error instanceof Error) || errno === undefined || syscall === undefined) return error
  return new SyscallError({ errno: -errno, code: errnoName(-errno), syscall, path }, { cause: error })
}
