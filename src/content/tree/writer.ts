// Makes the inodes of a layer's entries beneath a directory; what stands in the way is replaced.
import { ftruncateSync, writeSync } from 'node:fs'
import { decodePath, ERRNO, encodePath, FormatError, joinPath, parentPath } from '../../core/index.js'
import type { DeviceEntry, DirectoryEntry, FifoEntry, FileEntry, HardLinkEntry, SymlinkEntry } from '../../layer/entry.js'
import { native } from '../../native/index.js'
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  RESOLVE_STRICT,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
} from '../linux.js'
import type { IdMode } from '../paths.js'
import { type Beneath, failedWith } from './beneath.js'
import { allApplied, applyMetadata, clearXattrs, type Metadata, type Unapplied } from './metadata.js'
import { removeTree } from './remove-tree.js'

/** Where directories that are in the way go before they are removed. */
export interface Trash {
  readonly fd: number
  unusedName(): string
}

const SELF = new Uint8Array(0)
/** Runs of zeros at least this long become holes. */
const HOLE_BYTES = 4096
const ZEROS = Buffer.alloc(256 * 1024)

/** One tree under construction. Directories get their metadata in `finish`, so that they stay writable and keep their times. */
export class TreeWriter {
  readonly unapplied: Unapplied = allApplied()
  /** Content bytes written. */
  bytes = 0
  readonly #directories = new Map<string, Metadata>()
  /** Seen to be directories: most entries lie in one of the last. Emptied when one is removed. */
  readonly #known = new Set<string>()

  constructor(
    readonly tree: Beneath,
    readonly idMode: IdMode,
    readonly trash: Trash,
  ) {}

  /** A directory; one that exists is kept, with its content. */
  async directory(entry: Omit<DirectoryEntry, 'type'>): Promise<void> {
    const isFresh = entry.path !== '/' && (await this.#make(entry.path, (fd, name) => native().mkdirat(fd, name, 0o700), 'directory'))
    if (!isFresh) {
      const { fd, name } = this.tree.at(entry.path)
      // Writable for its owner; and without setgid, which would give what is made in it another group.
      native().fchmodat(fd, name, 0o700)
    }
    this.#directories.set(entry.path, entry)
    this.#known.add(entry.path)
  }

  async file(entry: FileEntry, signal?: AbortSignal): Promise<void> {
    let out = -1
    await this.#make(entry.path, (fd, name) => {
      out = native().openat2(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600, RESOLVE_STRICT)
    })
    try {
      await this.#content(out, entry, signal)
      applyMetadata(out, SELF, entry, 'file', this.idMode, this.unapplied)
    } finally {
      native().close(out)
    }
  }

  async symlink(entry: SymlinkEntry): Promise<void> {
    const target = encodePath(entry.target)
    if (target.length === 0) throw new FormatError(`${entry.path}: a symbolic link to nothing`)
    await this.#make(entry.path, (fd, name) => native().symlinkat(target, fd, name))
    const { fd, name } = this.tree.at(entry.path)
    applyMetadata(fd, name, entry, 'symlink', this.idMode, this.unapplied)
  }

  async fifo(entry: FifoEntry): Promise<void> {
    await this.#make(entry.path, (fd, name) => native().mknodat(fd, name, S_IFIFO | 0o600, 0, 0))
    const { fd, name } = this.tree.at(entry.path)
    applyMetadata(fd, name, entry, 'fifo', this.idMode, this.unapplied)
  }

  /** A device node; where nobody may make one, it is noted and not made (false). */
  async device(entry: DeviceEntry): Promise<boolean> {
    if (this.idMode !== 'root') {
      this.unapplied.devices[entry.path] = { type: entry.type, major: entry.major, minor: entry.minor, mode: entry.mode }
      return false
    }
    const type = entry.type === 'char' ? S_IFCHR : S_IFBLK
    await this.#make(entry.path, (fd, name) => native().mknodat(fd, name, type | 0o600, entry.major, entry.minor))
    const { fd, name } = this.tree.at(entry.path)
    applyMetadata(fd, name, entry, entry.type, this.idMode, this.unapplied)
    return true
  }

  /** A further name of a file of this tree. @throws FormatError unless there is a file (of any type but directory) at the target */
  async hardLink(entry: Pick<HardLinkEntry, 'path' | 'target'>): Promise<void> {
    const found = this.tree.lstat(entry.target)
    if (found === undefined) throw new FormatError(`${entry.path}: a hard link to ${entry.target}, which does not exist`)
    if ((found.mode & S_IFMT) === S_IFDIR) throw new FormatError(`${entry.path}: a hard link to the directory ${entry.target}`)
    if (entry.path === entry.target) return
    await this.#make(entry.path, (fd, name) => {
      const to = this.tree.at(entry.target)
      native().linkat(to.fd, to.name, fd, name)
    })
    this.#inheritOwner(entry)
  }

  /** Char 0:0: overlayfs's whiteout, which needs no privilege. */
  async whiteout(path: string): Promise<void> {
    await this.#make(path, (fd, name) => native().mknodat(fd, name, S_IFCHR, 0, 0))
  }

  /** Marks a directory as hiding what is below it. userxattr mounts read the `user.` form. */
  opaque(path: string): void {
    const { fd, name } = this.tree.at(path)
    native().setxattr(fd, name, 'user.overlay.opaque', Buffer.from('y'))
  }

  /** Removes what is at `path`, with all below it. Nothing there is fine. */
  async remove(path: string): Promise<void> {
    const { fd, name } = this.tree.at(path)
    try {
      native().unlinkat(fd, name, 0)
      return
    } catch (error) {
      if (failedWith(error, ERRNO.ENOENT)) return
      if (!failedWith(error, ERRNO.EISDIR, ERRNO.EPERM)) throw error
    }
    const to = this.trash.unusedName()
    if (this.idMode !== 'root') native().fchmodat(fd, name, 0o700)
    native().renameat2(fd, name, this.trash.fd, encodePath(to), 0)
    this.tree.forget()
    this.#known.clear()
    await removeTree(this.trash.fd, to)
  }

  /** Removes what is in the directory at `path`. */
  async empty(path: string): Promise<void> {
    const fd = this.tree.open(path, O_RDONLY | O_DIRECTORY)
    let names: Uint8Array[]
    try {
      names = native().readdir(fd)
    } finally {
      native().close(fd)
    }
    for (const name of names) await this.remove(joinPath(path, decodePath(name)))
  }

  /** Metadata of all directories, the deepest first: a change below sets the time of the directory above, and a mode may lock its owner out. */
  finish(): void {
    const paths = [...this.#directories.keys()].sort((a, b) => depth(b) - depth(a))
    for (const path of paths) {
      // Removed since, with what it was in.
      if (!this.isDirectory(path)) continue
      const { fd, name } = this.tree.at(path)
      const opaque = native().getxattr(fd, name, 'user.overlay.opaque')
      clearXattrs(fd, name)
      if (opaque !== undefined) native().setxattr(fd, name, 'user.overlay.opaque', opaque)
      applyMetadata(fd, name, this.#directories.get(path)!, 'directory', this.idMode, this.unapplied)
    }
    this.#directories.clear()
  }

  /** Whether there is a directory at `path`. */
  isDirectory(path: string): boolean {
    if (this.#known.has(path)) return true
    const found = ((this.tree.lstat(path)?.mode ?? 0) & S_IFMT) === S_IFDIR
    if (found) this.#known.add(path)
    return found
  }

  /** The directories on the way to `path` that are not there (yet), the highest first. */
  missingParents(path: string): readonly string[] {
    const missing: string[] = []
    for (let at = parentPath(path); !this.isDirectory(at); at = parentPath(at)) missing.unshift(at)
    return missing
  }

  /** Runs `make`; what is in its way is removed first, but a directory for a directory. Whether something was made. */
  async #make(path: string, make: (fd: number, name: Uint8Array) => void, kind: 'directory' | 'other' = 'other'): Promise<boolean> {
    for (;;) {
      const { fd, name } = this.tree.at(path)
      if (name.length === 0) throw new FormatError('the root can only be a directory')
      try {
        make(fd, name)
        return true
      } catch (error) {
        if (!failedWith(error, ERRNO.EEXIST, ERRNO.EISDIR)) throw error
      }
      if (kind === 'directory' && this.isDirectory(path)) return false
      await this.remove(path)
    }
  }

  async #content(fd: number, entry: FileEntry, signal: AbortSignal | undefined): Promise<void> {
    let at = 0
    let hole = false
    for await (const chunk of entry.content()) {
      signal?.throwIfAborted()
      if (at + chunk.length > entry.size) throw new FormatError(`${entry.path}: more than its ${entry.size} bytes`)
      hole = isZero(chunk)
      for (let done = 0; !hole && done < chunk.length; ) done += writeSync(fd, chunk, done, chunk.length - done, at + done)
      at += chunk.length
    }
    if (at !== entry.size) throw new FormatError(`${entry.path}: ${at} of its ${entry.size} bytes`)
    if (hole) ftruncateSync(fd, entry.size)
    this.bytes += entry.size
  }

  /** Where owners are noted by path, a further name has the first one's. */
  #inheritOwner(entry: { path: string; target: string }): void {
    const { owners, xattrs } = this.unapplied
    if (owners[entry.target] !== undefined) owners[entry.path] = owners[entry.target]!
    if (xattrs[entry.target] !== undefined) xattrs[entry.path] = xattrs[entry.target]!
  }
}

const depth = (path: string): number => (path === '/' ? 0 : path.split('/').length)

const isZero = (chunk: Uint8Array): boolean =>
  chunk.length >= HOLE_BYTES &&
  chunk.length <= ZEROS.length &&
  chunk[0] === 0 &&
  ZEROS.compare(chunk, 0, chunk.length, 0, chunk.length) === 0
