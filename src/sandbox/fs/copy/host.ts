// The host's side of a copy: everything beneath a directory descriptor, by openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS.
import { constants } from 'node:fs'
import { decodePath, encodePath, type StrataError } from '../../../core/index.js'
import { native, O_DIRECTORY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_PATH } from '../../../native/index.js'
import { isCopiedXattr, type Source, type Target, type TreeEntry, typeOf } from './tree.js'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL } = constants
const AT_FDCWD = -100
// RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
const BENEATH = 0x08 | 0x04 | 0x02
const SELF = new Uint8Array()
const S_IFIFO = 0o010000

const codeOf = (error: unknown): string => (error as StrataError).code

/** A directory of the host by the caller's own path; with `follow` false its last part must be no link. @throws SyscallError ENOTDIR for what is none */
export const openDirectory = (path: string, follow = false): number =>
  native().openat2(AT_FDCWD, encodePath(path), O_RDONLY | O_DIRECTORY | (follow ? 0 : O_NOFOLLOW), 0, 0)

/** Opens the directory that `path` is in, works on (directory, name), closes. */
function inParent<T>(base: number, path: string, work: (directory: number, name: Uint8Array) => T): T {
  const slash = path.lastIndexOf('/')
  const name = encodePath(path.slice(slash + 1))
  if (slash < 0) return work(base, name)
  const directory = native().openat2(base, encodePath(path.slice(0, slash)), O_PATH | O_DIRECTORY, 0, BENEATH)
  try {
    return work(directory, name)
  } finally {
    native().close(directory)
  }
}

function xattrsOf(directory: number, name: Uint8Array): Record<string, Uint8Array> {
  const found: Record<string, Uint8Array> = {}
  for (const attribute of native().listxattr(directory, name)) {
    const value = isCopiedXattr(attribute) ? native().getxattr(directory, name, attribute) : undefined
    if (value !== undefined) found[attribute] = value
  }
  return found
}

function setXattrs(fd: number, { xattrs }: TreeEntry): void {
  for (const [name, value] of Object.entries(xattrs)) {
    try {
      native().setxattr(fd, SELF, name, value)
    } catch (error) {
      // A file system that holds none.
      if (codeOf(error) !== 'EOPNOTSUPP') throw error
    }
  }
}

function entryOf(directory: number, name: Uint8Array): TreeEntry {
  const { mode, mtimeNs, nlink, dev, ino } = native().fstatat(directory, name)
  const type = typeOf(mode)
  const target = type === 'symlink' ? decodePath(native().readlinkat(directory, name)) : ''
  const xattrs = type === 'file' || type === 'directory' ? xattrsOf(directory, name) : {}
  return { name: decodePath(name), type, mode: mode & 0o7777, mtimeNs, nlink, identity: `${dev}:${ino}`, target, xattrs }
}

/** Takes what is there out of the way, unless it is a directory, and tries again. */
function replacing<T>(base: number, path: string, make: () => T): T {
  for (let attempt = 0; ; attempt++) {
    try {
      return make()
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || attempt === 8) throw error
      removeName(base, path)
    }
  }
}

function removeName(base: number, path: string): void {
  try {
    inParent(base, path, (directory, name) => native().unlinkat(directory, name, 0))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

/** A directory of the host to copy from. */
export class HostSource implements Source {
  readonly #base: number

  constructor(base: number) {
    this.#base = base
  }

  async list(path: string): Promise<TreeEntry[]> {
    const directory = native().openat2(this.#base, encodePath(path || '.'), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, BENEATH)
    try {
      return native()
        .readdir(directory)
        .flatMap((name) => entryUnlessGone(directory, name))
    } finally {
      native().close(directory)
    }
  }

  async entry(path: string): Promise<TreeEntry> {
    return path === '' ? entryOf(this.#base, SELF) : inParent(this.#base, path, entryOf)
  }

  async open(path: string): Promise<number> {
    return native().openat2(this.#base, encodePath(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, BENEATH)
  }
}

function entryUnlessGone(directory: number, name: Uint8Array): TreeEntry[] {
  try {
    return [entryOf(directory, name)]
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** A directory of the host to copy to. Nothing in it gets setuid or setgid: the content is a sandbox's, the owner is this process. */
export class HostTarget implements Target {
  readonly #base: number

  constructor(base: number) {
    this.#base = base
  }

  async directory(path: string): Promise<boolean> {
    return inParent(this.#base, path, (directory, name) => {
      try {
        native().mkdirat(directory, name, 0o700)
        return true
      } catch (error) {
        if (codeOf(error) !== 'EEXIST' || typeOf(native().fstatat(directory, name).mode) !== 'directory') throw error
        return false
      }
    })
  }

  async file(path: string): Promise<number> {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
    return replacing(this.#base, path, () => native().openat2(this.#base, encodePath(path), flags, 0o600, BENEATH))
  }

  async finishFile(fd: number, entry: TreeEntry): Promise<void> {
    setXattrs(fd, entry)
    native().fchmodat(fd, SELF, entry.mode & 0o1777)
    native().utimensat(fd, SELF, entry.mtimeNs)
  }

  async finishDirectory(path: string, entry: TreeEntry): Promise<void> {
    const fd = native().openat2(this.#base, encodePath(path || '.'), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, BENEATH)
    try {
      await this.finishFile(fd, entry)
    } finally {
      native().close(fd)
    }
  }

  async symlink(path: string, { target, mtimeNs }: TreeEntry): Promise<void> {
    replacing(this.#base, path, () =>
      inParent(this.#base, path, (directory, name) => {
        native().symlinkat(encodePath(target), directory, name)
        native().utimensat(directory, name, mtimeNs)
      }),
    )
  }

  async fifo(path: string, { mode, mtimeNs }: TreeEntry): Promise<void> {
    replacing(this.#base, path, () =>
      inParent(this.#base, path, (directory, name) => {
        native().mknodat(directory, name, S_IFIFO | (mode & 0o777), 0, 0)
        native().utimensat(directory, name, mtimeNs)
      }),
    )
  }

  async link(first: string, path: string): Promise<void> {
    replacing(this.#base, path, () =>
      inParent(this.#base, first, (from, firstName) =>
        inParent(this.#base, path, (to, name) => native().linkat(from, firstName, to, name)),
      ),
    )
  }

  async remove(path: string): Promise<void> {
    removeName(this.#base, path)
  }
}
