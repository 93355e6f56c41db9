// What stat and readdir give: the shape of node:fs's Stats and Dirent, with bigint nanoseconds beside the milliseconds. Source: stat(2), inode(7).
import { encodePath } from '../core/index.js'
import type { Inode } from './inode.js'

const TYPE_BITS = { fifo: 0o010000, char: 0o020000, directory: 0o040000, block: 0o060000, file: 0o100000, symlink: 0o120000 } as const

/** Type of a file, in the words of a layer's entries. */
export type FileType = keyof typeof TYPE_BITS

abstract class Typed {
  /** What it is; the `is…()` calls say the same. */
  abstract readonly type: FileType
  isFile(): boolean {
    return this.type === 'file'
  }
  isDirectory(): boolean {
    return this.type === 'directory'
  }
  isSymbolicLink(): boolean {
    return this.type === 'symlink'
  }
  isCharacterDevice(): boolean {
    return this.type === 'char'
  }
  isBlockDevice(): boolean {
    return this.type === 'block'
  }
  isFIFO(): boolean {
    return this.type === 'fifo'
  }
  /** Never: an image holds no sockets. */
  isSocket(): boolean {
    return false
  }
}

/** Attributes of a file at the time of the call. */
export class Stats extends Typed {
  readonly type: FileType
  readonly dev = 0
  readonly ino: number
  /** With the type's bits (`S_IFMT`). */
  readonly mode: number
  /** Names of the file; 1 for a directory, as on overlayfs. */
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  /** Device number of a device (`makedev(3)`), else 0. */
  readonly rdev: number
  /** In bytes; a link's is its target's, a directory's 4096. */
  readonly size: number
  readonly blksize = 4096
  /** In units of 512 bytes, as if nothing was sparse. */
  readonly blocks: number
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly birthtimeNs: bigint

  constructor(inode: Inode) {
    super()
    this.type = inode.type
    this.ino = inode.ino
    this.mode = inode.mode | TYPE_BITS[inode.type]
    this.nlink = inode.names.length
    this.uid = inode.uid
    this.gid = inode.gid
    this.rdev = inode.type === 'char' || inode.type === 'block' ? deviceNumber(inode.major, inode.minor) : 0
    this.size = sizeOf(inode)
    this.blocks = Math.ceil(this.size / 512)
    this.atimeNs = inode.atimeNs
    this.mtimeNs = inode.mtimeNs
    this.ctimeNs = inode.ctimeNs
    this.birthtimeNs = inode.birthtimeNs
  }

  get atimeMs(): number {
    return milliseconds(this.atimeNs)
  }
  get mtimeMs(): number {
    return milliseconds(this.mtimeNs)
  }
  get ctimeMs(): number {
    return milliseconds(this.ctimeNs)
  }
  get birthtimeMs(): number {
    return milliseconds(this.birthtimeNs)
  }
  get atime(): Date {
    return new Date(this.atimeMs)
  }
  get mtime(): Date {
    return new Date(this.mtimeMs)
  }
  get ctime(): Date {
    return new Date(this.ctimeMs)
  }
  get birthtime(): Date {
    return new Date(this.birthtimeMs)
  }
}

/** One name in a directory. */
export class Dirent extends Typed {
  readonly name: string
  /** The directory as it was asked for. */
  readonly parentPath: string
  readonly type: FileType

  constructor(name: string, parentPath: string, type: FileType) {
    super()
    this.name = name
    this.parentPath = parentPath
    this.type = type
  }
}

const milliseconds = (ns: bigint): number => Number(ns / 1_000_000n) + Number(ns % 1_000_000n) / 1e6

// glibc's gnu_dev_makedev: 12 bits of major and 8 of minor in the low half, the rest above.
const deviceNumber = (major: number, minor: number): number =>
  (minor & 0xff) + (major & 0xfff) * 2 ** 8 + Math.floor(minor / 2 ** 8) * 2 ** 20 + Math.floor(major / 2 ** 12) * 2 ** 44

function sizeOf(inode: Inode): number {
  if (inode.type === 'file') return inode.data.size
  if (inode.type === 'symlink') return encodePath(inode.target).length
  return inode.type === 'directory' ? 4096 : 0
}
