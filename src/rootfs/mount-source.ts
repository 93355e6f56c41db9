// The host's side of a mount: what a source really is, and whether a sandbox may see it.
import { realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { decodePath, encodePath, SyscallError } from '../core/index.js'

/** A source as it is on the host. */
export interface MountSource {
  /** Absolute, without links. */
  readonly path: string
  readonly kind: 'directory' | 'file'
}

/** Resolves a source as its caller wrote it. @throws SyscallError for one that is not there or may not be read */
export function mountSource(given: string): MountSource {
  const absolute = resolve(given)
  try {
    const path = decodePath(realpathSync.native(Buffer.from(encodePath(absolute)), { encoding: 'buffer' }))
    return { path, kind: statSync(Buffer.from(encodePath(path))).isDirectory() ? 'directory' : 'file' }
  } catch (cause) {
    const { errno = 0, code = 'EIO' } = cause as NodeJS.ErrnoException
    throw new SyscallError(
      { errno: Math.abs(errno), code, syscall: 'stat', path: absolute, step: 'mounts' },
      { remedy: 'mount a path that exists and that you may read', cause },
    )
  }
}
