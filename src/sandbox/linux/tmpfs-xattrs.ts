// Whether files of a tmpfs can have user attributes, which an overlay in a user namespace keeps its notes in: since Linux 6.6.
// Without them the overlay mounts, but a directory of the layers below cannot be removed (EIO). Source: tmpfs(5), overlayfs.rst.
import { closeSync, constants, openSync, statfsSync } from 'node:fs'
import { release } from 'node:os'
import type { StrataError } from '../../core/index.js'
import { native } from '../../native/index.js'

const TMPFS_MAGIC = 0x0102_1994
const ATTRIBUTE = 'user.stratabox'
const FIRST = [6, 6] as const

function tries(directory: string): boolean {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    native().setxattr(fd, new Uint8Array(), ATTRIBUTE, new Uint8Array([1]))
    native().removexattr(fd, new Uint8Array(), ATTRIBUTE)
    return true
  } catch (error) {
    if (!['EOPNOTSUPP', 'ENOTSUP'].includes((error as StrataError).code)) throw error
    return false
  } finally {
    closeSync(fd)
  }
}

/** Tries it on `directory`, a private one of ours, where that is on a tmpfs; else the kernel's version tells. */
export function tmpfsHasUserXattrs(directory: string): boolean {
  if (statfsSync(directory).type === TMPFS_MAGIC) return tries(directory)
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > FIRST[0] || (major === FIRST[0] && minor >= FIRST[1])
}
