// A file with an flock(2): the kernel lets go of it when its last holder dies.
import { closeSync, constants, openSync } from 'node:fs'
import { native } from '../../native/index.js'

/** Makes `path` if need be and locks it; undefined when another holds it. The fd is the lock. */
export function lockFile(path: string): number | undefined {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  if (native().flock(fd, true)) return fd
  closeSync(fd)
  return undefined
}
