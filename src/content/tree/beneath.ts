// A directory and what is below it, reached only through its fd: no name can lead out (openat2(2), RESOLVE_BENEATH and no links of any kind).
import { baseName, ERRNO, encodePath, parentPath, SyscallError } from '../../core/index.js'
import { type NativeStat, native } from '../../native/index.js'
import { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_PATH, RESOLVE_STRICT } from '../linux.js'

/** Paths longer than this are walked in pieces: one system call takes less than PATH_MAX (4096). */
const PIECE_BYTES = 2048
/** Open directories kept for the next entries, which are mostly their neighbours. */
const KEPT = 64
const SELF = new Uint8Array(0)

/** Whether `error` is one of these errnos. */
export const failedWith = (error: unknown, ...errnos: readonly number[]): boolean =>
  error instanceof SyscallError && errnos.includes(error.errno)

/** A tree. Paths are image paths: absolute, normalized. */
export class Beneath implements Disposable {
  readonly #root: number
  readonly #open = new Map<string, number>()

  /** @throws SyscallError where `directory` is none */
  constructor(directory: string) {
    this.#root = native().openat2(AT_FDCWD, encodePath(directory), O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, 0)
  }

  /** An O_PATH fd of the directory at `path`, valid until `forget` or until many others were asked for. @throws SyscallError ENOENT, ENOTDIR, ELOOP (a link on the way) */
  directory(path: string): number {
    if (path === '/') return this.#root
    const kept = this.#open.get(path)
    if (kept !== undefined) {
      // Back to the end of the queue, so that the two last asked for are always open.
      this.#open.delete(path)
      this.#open.set(path, kept)
      return kept
    }
    const fd = this.#walk(path.slice(1).split('/'))
    if (this.#open.size >= KEPT) this.#closeOldest()
    this.#open.set(path, fd)
    return fd
  }

  /** The directory that `path` is in, and its name there. For the root itself: the root and ''. */
  at(path: string): { fd: number; name: Uint8Array } {
    return path === '/' ? { fd: this.#root, name: SELF } : { fd: this.directory(parentPath(path)), name: encodePath(baseName(path)) }
  }

  /** What is at `path`, links not followed; undefined where there is nothing, or no directory on the way. */
  lstat(path: string): NativeStat | undefined {
    try {
      const { fd, name } = this.at(path)
      return native().fstatat(fd, name)
    } catch (error) {
      if (failedWith(error, ERRNO.ENOENT, ERRNO.ENOTDIR, ERRNO.ELOOP)) return undefined
      throw error
    }
  }

  /** Opens what is at `path`, which is no link. */
  open(path: string, flags: number, mode = 0): number {
    const { fd, name } = this.at(path)
    return native().openat2(fd, path === '/' ? encodePath('.') : name, flags | O_NOFOLLOW, mode, RESOLVE_STRICT)
  }

  /** To be called when a directory was removed or moved: its fd would still lead to it. */
  forget(): void {
    for (const fd of this.#open.values()) native().close(fd)
    this.#open.clear()
  }

  [Symbol.dispose](): void {
    this.forget()
    native().close(this.#root)
  }

  #walk(parts: readonly string[]): number {
    let fd = this.#root
    for (let from = 0; from < parts.length; ) {
      let to = from
      for (let bytes = 0; to < parts.length && (to === from || bytes < PIECE_BYTES); to++) bytes += encodePath(parts[to]!).length + 1
      const piece = encodePath(parts.slice(from, to).join('/'))
      let next: number
      try {
        next = native().openat2(fd, piece, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_STRICT)
      } finally {
        if (fd !== this.#root) native().close(fd)
      }
      fd = next
      from = to
    }
    return fd
  }

  #closeOldest(): void {
    for (const [path, fd] of this.#open) {
      native().close(fd)
      this.#open.delete(path)
      return
    }
  }
}
