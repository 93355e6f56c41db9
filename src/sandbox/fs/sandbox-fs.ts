// The files of a sandbox in the shape of node:fs/promises: what each call does is in the file of its verb.
import type { createReadStream as hostReadStream, createWriteStream as hostWriteStream, PathLike } from 'node:fs'
import * as attributes from './attributes.js'
import * as content from './content.js'
import { type CopyOptions, copyIn, copyOut } from './copy/index.js'
import { copyFile } from './copy-file.js'
import { type FileAccess, Inside } from './inside.js'
import { mkdir, mkdtemp } from './mkdir.js'
import * as names from './names.js'
import { open } from './open.js'
import { readdir } from './readdir.js'
import { rm } from './rm.js'
import { stat } from './stats.js'
import { createReadStream, createWriteStream } from './streams.js'

type NodeFs = typeof import('node:fs/promises')

/** The calls of node:fs/promises that a sandbox has. */
export type SharedCalls = Pick<
  NodeFs,
  | 'readFile'
  | 'writeFile'
  | 'appendFile'
  | 'readdir'
  | 'stat'
  | 'lstat'
  | 'mkdir'
  | 'mkdtemp'
  | 'rm'
  | 'rmdir'
  | 'unlink'
  | 'rename'
  | 'copyFile'
  | 'link'
  | 'symlink'
  | 'readlink'
  | 'realpath'
  | 'chmod'
  | 'chown'
  | 'utimes'
  | 'truncate'
  | 'access'
  | 'open'
>

/** The files of a sandbox, running or stopped, with the powers of root inside. Paths are paths inside (relative ones start at '/'); links lead where they
 *  lead inside, and never out. New files are the sandbox user's, made under a umask of 022. Errors are FsError in Node's shape; what is neither a file nor a
 *  directory is not opened (ENXIO), files of the kernel (/proc, /sys) not for writing (EACCES). */
export class SandboxFs implements SharedCalls {
  readonly readFile: NodeFs['readFile']
  readonly writeFile: NodeFs['writeFile']
  readonly appendFile: NodeFs['appendFile']
  /** `recursive` does not follow links. */
  readonly readdir: NodeFs['readdir']
  readonly stat: NodeFs['stat']
  readonly lstat: NodeFs['lstat']
  readonly mkdir: NodeFs['mkdir']
  readonly mkdtemp: NodeFs['mkdtemp']
  readonly rm: NodeFs['rm']
  readonly rmdir: NodeFs['rmdir']
  readonly unlink: NodeFs['unlink']
  readonly rename: NodeFs['rename']
  readonly copyFile: NodeFs['copyFile']
  readonly link: NodeFs['link']
  readonly symlink: NodeFs['symlink']
  readonly readlink: NodeFs['readlink']
  readonly realpath: NodeFs['realpath']
  readonly chmod: NodeFs['chmod']
  readonly chown: NodeFs['chown']
  readonly utimes: NodeFs['utimes']
  readonly truncate: NodeFs['truncate']
  readonly access: NodeFs['access']
  /** A FileHandle of Node's own class: close it. It is closed with the sandbox. */
  readonly open: NodeFs['open']
  readonly #inside: Inside

  /** @internal */
  constructor(access: FileAccess) {
    const inside = new Inside(access)
    this.#inside = inside
    this.readFile = ((file: PathLike, options?: unknown) => content.readFile(inside, file, options)) as NodeFs['readFile']
    this.writeFile = (file, data, options) => content.writeFile(inside, file as PathLike, data, options)
    this.appendFile = (file, data, options) => content.appendFile(inside, file as PathLike, data, options)
    this.readdir = ((path: PathLike, options?: unknown) => readdir(inside, path, options)) as unknown as NodeFs['readdir']
    this.stat = (async (path: PathLike, options?: unknown) => stat(inside, path, true, options)) as NodeFs['stat']
    this.lstat = (async (path: PathLike, options?: unknown) => stat(inside, path, false, options)) as NodeFs['lstat']
    this.mkdir = ((path: PathLike, options?: unknown) => mkdir(inside, path, options)) as NodeFs['mkdir']
    this.mkdtemp = ((prefix: string, options?: unknown) => mkdtemp(inside, prefix, options)) as NodeFs['mkdtemp']
    this.rm = (path, options) => rm(inside, path, options)
    this.rmdir = (path) => names.rmdir(inside, path)
    this.unlink = (path) => names.unlink(inside, path)
    this.rename = (from, to) => names.rename(inside, from, to)
    this.copyFile = (source, destination, mode) => copyFile(inside, source, destination, mode)
    this.link = (existing, created) => names.link(inside, existing, created)
    this.symlink = (target, path) => names.symlink(inside, target, path)
    this.readlink = ((path: PathLike, options?: unknown) => names.readlink(inside, path, options)) as NodeFs['readlink']
    this.realpath = ((path: PathLike, options?: unknown) => names.realpath(inside, path, options)) as NodeFs['realpath']
    this.chmod = (path, mode) => attributes.chmod(inside, path, mode)
    this.chown = (path, uid, gid) => attributes.chown(inside, path, uid, gid)
    this.utimes = (path, atime, mtime) => attributes.utimes(inside, path, atime, mtime)
    this.truncate = (path, length) => attributes.truncate(inside, path, length)
    this.access = (path, mode) => attributes.access(inside, path, mode)
    this.open = (path, flags, mode) => open(inside, path, flags, mode)
  }

  /** A ReadStream of node:fs. It ends with the sandbox. */
  createReadStream(path: PathLike, options?: Parameters<typeof hostReadStream>[1]): ReturnType<typeof hostReadStream> {
    return createReadStream(this.#inside, path, options)
  }

  /** A WriteStream of node:fs. It ends with the sandbox. */
  createWriteStream(path: PathLike, options?: Parameters<typeof hostWriteStream>[1]): ReturnType<typeof hostWriteStream> {
    return createWriteStream(this.#inside, path, options)
  }

  /** Copies a file or tree of the host to `path` inside, which is then that file or directory. Missing directories above are made, existing ones are merged
   *  into and keep their attributes; whatever else has a name in the way is replaced. Modes, times, `user.` attributes, symbolic and hard links are kept;
   *  owner is the sandbox user. Links are copied, never followed. Sockets are left out.
   *  @throws FsError; EPERM for devices; EISDIR and EEXIST where one side has a directory and the other has not; the signal's reason */
  copyIn(hostPath: PathLike, path: PathLike, options?: CopyOptions): Promise<void> {
    return copyIn(this.#inside, hostPath, path, options)
  }

  /** Copies a file or tree out to `hostPath`, which is then that file or directory: as copyIn, the other way round. Setuid and setgid bits are not kept, and
   *  files belong to this process's user: what a sandbox made must not run with anybody's powers on the host. */
  copyOut(path: PathLike, hostPath: PathLike, options?: CopyOptions): Promise<void> {
    return copyOut(this.#inside, path, hostPath, options)
  }
}
