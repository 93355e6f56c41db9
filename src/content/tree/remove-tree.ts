// Removes a tree of any depth and any names, beneath a directory fd, holding two fds at a time.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ERRNO, encodePath } from '../../core/index.js'
import { native } from '../../native/index.js'
import { AT_REMOVEDIR, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, RESOLVE_STRICT } from '../linux.js'
import { failedWith } from './beneath.js'

const SELF = new Uint8Array(0)

/** Removes `name` in the directory `dirFd` and all below it; nothing there is fine. Filled subdirectories are first moved up to `dirFd` itself, as
 *  `name.N`: so neither the fds nor the length of a path grow with the depth, and what a crash leaves still begins with `name`. */
export async function removeTree(dirFd: number, name: string): Promise<void> {
  const queue = [name]
  let moved = 0
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const path = encodePath(next)
    const fd = openForRemoval(dirFd, path)
    if (fd === undefined) continue
    try {
      let count = 0
      for (const child of native().readdir(fd)) {
        if (++count % 512 === 0) await nextTurn()
        if (removeChild(fd, child)) continue
        // Moving a directory rewrites its '..', for which its owner needs write permission on it.
        native().fchmodat(fd, child, 0o700)
        const up = `${name}.${moved++}`
        native().renameat2(fd, child, dirFd, encodePath(up), 0)
        queue.push(up)
      }
    } finally {
      native().close(fd)
    }
    removeEmpty(dirFd, path)
  }
}

/** Two may remove the same tree: gone is gone. */
function removeEmpty(dirFd: number, path: Uint8Array): void {
  try {
    native().unlinkat(dirFd, path, AT_REMOVEDIR)
  } catch (error) {
    if (!failedWith(error, ERRNO.ENOENT)) throw error
  }
}

/** The fd of a directory, writable for its owner; undefined where there was no directory (a file there is unlinked). */
function openForRemoval(dirFd: number, path: Uint8Array): number | undefined {
  const open = () => native().openat2(dirFd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_STRICT)
  try {
    return open()
  } catch (error) {
    if (failedWith(error, ERRNO.ENOENT)) return undefined
    if (failedWith(error, ERRNO.ENOTDIR, ERRNO.ELOOP)) {
      native().unlinkat(dirFd, path, 0)
      return undefined
    }
    if (!failedWith(error, ERRNO.EACCES)) throw error
    native().fchmodat(dirFd, path, 0o700)
    return open()
  }
}

/** Unlinks a file or an empty directory; false for a filled directory. */
function removeChild(fd: number, child: Uint8Array, again = false): boolean {
  try {
    native().unlinkat(fd, child, 0)
    return true
  } catch (error) {
    if (failedWith(error, ERRNO.ENOENT)) return true
    if (failedWith(error, ERRNO.EACCES) && !again) {
      native().fchmodat(fd, SELF, 0o700)
      return removeChild(fd, child, true)
    }
    if (!failedWith(error, ERRNO.EISDIR)) throw error
  }
  try {
    native().unlinkat(fd, child, AT_REMOVEDIR)
    return true
  } catch (error) {
    if (failedWith(error, ERRNO.ENOTEMPTY, ERRNO.EEXIST)) return false
    throw error
  }
}
