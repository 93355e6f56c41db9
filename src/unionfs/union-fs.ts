// The union view: an image's layers as one writable tree, in memory, without a mount. Dispatch only; one verb a file beside it.
import { FsError } from '../core/index.js'
import { type Change, type Layer, type LayerFromChangesOptions, layerFromChanges } from '../layer/index.js'
import { changeMode, changeOwner, changeTimes, checkAccess, type TimeLike } from './attributes.js'
import { changesOf } from './changes.js'
import { contentOf, copyFile, type FileContent, readFile, truncatable, writeFile } from './content.js'
import { makeDirectories, makeDirectory, makeLink, makeSpecial, makeSymlink } from './create.js'
import { fail } from './fail.js'
import { checkLength, type FileHandle, truncateData } from './file-handle.js'
import { indexLayers, type LayerLike, lowerDentryAt } from './index-layers.js'
import type { Inode } from './inode.js'
import { list } from './list.js'
import { open } from './open.js'
import { credentialsOf, normalize, type UnionFsOptions, type User } from './options.js'
import { remove, removeDirectory, unlink } from './remove.js'
import { rename } from './rename.js'
import { type Dirent, Stats } from './stats.js'
import { pathOf } from './tree.js'
import type { Volume } from './volume.js'
import { existing, find, walk } from './walk.js'
import { checkXattrArguments, getXattr, listXattrs, removeXattr, setXattr, type XattrMode } from './xattr.js'

/** What a view can be made of: an image, or any other holder of layers. */
export interface LayerSource {
  layers(): Promise<readonly LayerLike[]>
}
/** How a call on an attribute treats a link at the end of its path. Default: it is followed. */
export interface LinkOptions {
  readonly followSymlinks?: boolean | undefined
}
/** An encoding, or options with one. Only UTF-8 has a name here; without it bytes come back. */
export type Utf8 = 'utf8' | 'utf-8'

/** A file system over layers: the layers are never written, what is written stays in memory and can become a layer.
 *  Calls have the shape of node:fs/promises, with bytes as Uint8Array. Every failure is an FsError with the errno that Linux gives. */
export class UnionFs implements AsyncDisposable {
  readonly #volume: Volume

  private constructor(volume: Volume) {
    this.#volume = volume
  }

  /** A view of an image, or of layers, lowest first. Reads every layer's entries once, and no file's content. @throws FormatError */
  static async of(source: LayerSource | readonly LayerLike[], options?: UnionFsOptions): Promise<UnionFs> {
    const spec = normalize(options)
    spec.signal?.throwIfAborted()
    const layers = 'layers' in source ? await source.layers() : source
    return new UnionFs(spec.volume(await indexLayers(layers, spec)))
  }

  /** The same tree for another user, who owns what is made and is held to the permissions of files; uid 0 may do all. */
  as(user: User): UnionFs {
    const credentials = credentialsOf(user, 'UnionFs.as')
    return new UnionFs({ ...this.#volume, credentials, privileged: credentials.uid === 0 })
  }

  /** Gives back what reading the layers took (an open file and the disk behind it, streams). Not the end of the view: what is read later takes it again. */
  async close(): Promise<void> {
    for (const close of this.#volume.tree.close) await close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // Contents.

  async readFile(path: string, options?: { encoding?: null | undefined; signal?: AbortSignal | undefined } | null): Promise<Uint8Array>
  async readFile(path: string, options: Utf8 | { encoding: Utf8; signal?: AbortSignal | undefined }): Promise<string>
  async readFile(
    path: string,
    options?: Utf8 | null | { encoding?: Utf8 | null | undefined; signal?: AbortSignal | undefined },
  ): Promise<Uint8Array | string> {
    const encoding = typeof options === 'object' ? options?.encoding : options
    if (encoding != null && encoding !== 'utf8' && encoding !== 'utf-8')
      throw new TypeError(`readFile: unknown encoding '${String(encoding)}'`)
    const bytes = await readFile(this.#volume, path, typeof options === 'object' ? options?.signal : undefined)
    return encoding == null ? bytes : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  }
  /** The bytes as a stream, as they are at the time of the call. */
  readStream(path: string): AsyncIterable<Uint8Array> {
    return contentOf(this.#volume, path)
  }
  async writeFile(
    path: string,
    content: FileContent,
    options?:
      | Utf8
      | {
          mode?: number | undefined
          flag?: string | number | undefined
          signal?: AbortSignal | undefined
          encoding?: Utf8 | null | undefined
        },
  ): Promise<void> {
    const { mode = 0o666, flag = 'w', signal } = typeof options === 'object' ? options : {}
    await writeFile(this.#volume, path, content, { mode, flag, signal })
  }
  async appendFile(path: string, content: FileContent, options: { mode?: number | undefined } = {}): Promise<void> {
    await writeFile(this.#volume, path, content, { mode: options.mode ?? 0o666, flag: 'a', signal: undefined })
  }
  /** Content and permission bits, not owner, times or xattrs. Costs no memory until one side is written. */
  async copyFile(from: string, to: string, options: { exclusive?: boolean | undefined } = {}): Promise<void> {
    await copyFile(this.#volume, from, to, options.exclusive === true)
  }
  async truncate(path: string, length = 0): Promise<void> {
    const call = { syscall: 'truncate', path }
    checkLength(length, call)
    await truncateData(this.#volume, truncatable(this.#volume, path, call), length, call)
  }
  /** A handle with `read`, `write`, `truncate`, `stat`, `close` …. `flags`: Node's letters or Linux's number; `mode`: a new file's. */
  async open(path: string, flags: string | number = 'r', mode = 0o666): Promise<FileHandle> {
    return open(this.#volume, path, flags, mode)
  }

  // Names.

  async readdir(path: string, options?: { withFileTypes?: false | undefined; recursive?: boolean | undefined }): Promise<string[]>
  async readdir(path: string, options: { withFileTypes: true; recursive?: boolean | undefined }): Promise<Dirent[]>
  async readdir(
    path: string,
    options: { withFileTypes?: boolean | undefined; recursive?: boolean | undefined } = {},
  ): Promise<string[] | Dirent[]> {
    const { dirents, paths } = list(this.#volume, path, options.recursive === true)
    return options.withFileTypes === true ? dirents : paths
  }
  /** With `recursive` parents are made too, and the first directory made comes back. */
  async mkdir(
    path: string,
    options: number | { mode?: number | undefined; recursive?: boolean | undefined } = {},
  ): Promise<string | undefined> {
    const { mode = 0o777, recursive = false } = typeof options === 'number' ? { mode: options } : options
    if (recursive) return makeDirectories(this.#volume, path, mode)
    makeDirectory(this.#volume, path, mode)
    return undefined
  }
  async rm(path: string, options: { recursive?: boolean | undefined; force?: boolean | undefined } = {}): Promise<void> {
    remove(this.#volume, path, { recursive: options.recursive === true, force: options.force === true })
  }
  async rmdir(path: string): Promise<void> {
    removeDirectory(this.#volume, path)
  }
  async unlink(path: string): Promise<void> {
    unlink(this.#volume, path)
  }
  /** Directories move whole, whichever layers they come from; nothing is copied. */
  async rename(from: string, to: string): Promise<void> {
    rename(this.#volume, from, to)
  }
  async link(existingPath: string, newPath: string): Promise<void> {
    makeLink(this.#volume, existingPath, newPath)
  }
  async symlink(target: string, path: string): Promise<void> {
    makeSymlink(this.#volume, target, path)
  }
  async readlink(path: string): Promise<string> {
    const inode = find(this.#volume, path, false, { syscall: 'readlink', path })
    if (inode.type !== 'symlink') throw fail('EINVAL', { syscall: 'readlink', path })
    return inode.target
  }
  /** The path without links, `.` and `..`. */
  async realpath(path: string): Promise<string> {
    const inode = walk(this.#volume, path, 'always', { syscall: 'realpath', path })
    existing(inode, { syscall: 'realpath', path })
    return pathOf(inode.dentry ?? inode.directory.names[0]!)
  }
  /** A FIFO or a device. It is stored, not served: opening one is ENXIO. */
  async mknod(
    path: string,
    what: { type: 'fifo' } | { type: 'char' | 'block'; major: number; minor: number },
    mode = 0o666,
  ): Promise<void> {
    makeSpecial(this.#volume, path, what, mode)
  }

  // Attributes.

  async stat(path: string): Promise<Stats> {
    return new Stats(this.#find('stat', path, true))
  }
  async lstat(path: string): Promise<Stats> {
    return new Stats(this.#find('lstat', path, false))
  }
  /** `mode`: a sum of 4 (read), 2 (write), 1 (execute); 0 asks whether the file exists. */
  async access(path: string, mode = 0): Promise<void> {
    checkAccess(this.#volume, this.#find('access', path, true), mode, { syscall: 'access', path })
  }
  async chmod(path: string, mode: number | string): Promise<void> {
    const bits = typeof mode === 'string' ? Number.parseInt(mode, 8) : mode
    if (!Number.isInteger(bits)) throw new TypeError(`chmod: not a mode: ${JSON.stringify(mode)}`)
    changeMode(this.#volume, this.#find('chmod', path, true), bits, { syscall: 'chmod', path })
  }
  /** -1 keeps an id. */
  async chown(path: string, uid: number, gid: number): Promise<void> {
    changeOwner(this.#volume, this.#find('chown', path, true), uid, gid, { syscall: 'chown', path })
  }
  async lchown(path: string, uid: number, gid: number): Promise<void> {
    changeOwner(this.#volume, this.#find('lchown', path, false), uid, gid, { syscall: 'lchown', path })
  }
  /** Seconds as a number or string, a Date, or nanoseconds as a bigint. */
  async utimes(path: string, atime: TimeLike, mtime: TimeLike): Promise<void> {
    changeTimes(this.#volume, this.#find('utime', path, true), atime, mtime, { syscall: 'utime', path })
  }
  async lutimes(path: string, atime: TimeLike, mtime: TimeLike): Promise<void> {
    changeTimes(this.#volume, this.#find('lutime', path, false), atime, mtime, { syscall: 'lutime', path })
  }

  // Extended attributes.

  async getxattr(path: string, name: string, options: LinkOptions = {}): Promise<Uint8Array> {
    const call = { syscall: 'getxattr', path }
    checkXattrArguments(name, undefined, call)
    return getXattr(this.#volume, find(this.#volume, path, options.followSymlinks !== false, call), name, call)
  }
  /** Names, sorted. */
  async listxattr(path: string, options: LinkOptions = {}): Promise<string[]> {
    return listXattrs(this.#volume, this.#find('listxattr', path, options.followSymlinks !== false))
  }
  /** `mode`: whether it must be new (`'create'`) or there already (`'replace'`). */
  async setxattr(path: string, name: string, value: Uint8Array, options: LinkOptions & { mode?: XattrMode } = {}): Promise<void> {
    const call = { syscall: 'setxattr', path }
    checkXattrArguments(name, value, call)
    setXattr(this.#volume, find(this.#volume, path, options.followSymlinks !== false, call), name, value, options.mode, call)
  }
  async removexattr(path: string, name: string, options: LinkOptions = {}): Promise<void> {
    const call = { syscall: 'removexattr', path }
    checkXattrArguments(name, undefined, call)
    removeXattr(this.#volume, find(this.#volume, path, options.followSymlinks !== false, call), name, call)
  }

  // Layers.

  /** Blame: the number of the topmost layer that has `path` (0 is the lowest), `'upper'` when it was made, moved or changed through the view,
   *  undefined when it is not there. A link at the end is not followed. */
  async layerOf(path: string): Promise<number | 'upper' | undefined> {
    try {
      const spot = walk(this.#volume, path, 'slash', { syscall: 'lstat', path })
      const inode = existing(spot, { syscall: 'lstat', path })
      const lower = lowerDentryAt(this.#volume.tree, pathOf(spot.dentry ?? inode.names[0]!))
      return lower?.inode === inode && inode.original === undefined ? lower.layer : 'upper'
    } catch (error) {
      if (error instanceof FsError && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined
      throw error
    }
  }
  /** What differs from the layers, sorted by the bytes of the path, as of the first step. A removed directory is one `delete`. */
  changes(): AsyncIterable<Change> {
    return changesOf(this.#volume.tree)
  }
  /** The changes as a layer, to be put on top of the base: `appendLayer(image, await view.toLayer())`. The view goes on, over the same base.
   *  The same changes give the same bytes. Default: gzip, in memory. */
  toLayer(options?: LayerFromChangesOptions): Promise<Layer> {
    return layerFromChanges(this.changes(), options)
  }

  #find(syscall: string, path: string, follow: boolean): Inode {
    return find(this.#volume, path, follow, { syscall, path })
  }
}
