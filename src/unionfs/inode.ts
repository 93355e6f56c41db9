// What the merged tree is made of. One inode object per file for the whole life of the view: copying up changes it in place, and keeps what the
// layers said beside it, so hard links and open handles never see two versions. Source: inode(7), overlayfs "Non-directories".
import type { FileData } from './file-data.js'

/** Attributes that a layer can record. */
export interface Attributes {
  /** Permission bits with setuid, setgid and sticky. */
  mode: number
  uid: number
  gid: number
  mtimeNs: bigint
  /** Replaced as a whole when one changes: a copy can be kept by reference. */
  xattrs: Readonly<Record<string, Uint8Array>>
}

interface InodeBase extends Attributes {
  readonly ino: number
  /** Whether a layer has it; false for what was made through the view. */
  readonly lower: boolean
  atimeNs: bigint
  ctimeNs: bigint
  readonly birthtimeNs: bigint
  /** Its names now. A directory has one; none at all: removed, but perhaps still open. */
  names: Dentry[]
  /** Its names in the layers; undefined while they are the same as `names`. */
  lowerNames?: readonly Dentry[]
  /** Its attributes (and content) in the layers; undefined while nothing was changed. */
  original?: Attributes & { readonly data?: FileData }
  /** Whether it or anything below it may differ from the layers. Every directory above a dirty inode is dirty. */
  dirty: boolean
}

export interface FileInode extends InodeBase {
  readonly type: 'file'
  readonly data: FileData
}
export interface DirectoryInode extends InodeBase {
  readonly type: 'directory'
  children: Map<string, Dentry>
  /** Its children in the layers; undefined while they are the same as `children`. */
  lowerChildren?: ReadonlyMap<string, Dentry>
}
export interface SymlinkInode extends InodeBase {
  readonly type: 'symlink'
  readonly target: string
}
export interface DeviceInode extends InodeBase {
  readonly type: 'char' | 'block'
  readonly major: number
  readonly minor: number
}
export interface FifoInode extends InodeBase {
  readonly type: 'fifo'
}

/** Anything with a number of its own. */
export type Inode = FileInode | DirectoryInode | SymlinkInode | DeviceInode | FifoInode

/** A name in a directory. Never changed: a rename makes a new one. */
export interface Dentry {
  /** The root's parent is the root. */
  readonly parent: DirectoryInode
  /** The root's is ''. */
  readonly name: string
  readonly inode: Inode
  /** The topmost layer that speaks of this name; -1 for one made through the view. */
  readonly layer: number
}

/** The directory that `directory` is in; of the root, the root. One that was removed has no way up but stays where it is. */
export const parentOf = (directory: DirectoryInode): DirectoryInode => directory.names[0]?.parent ?? directory

/** Children as the layers have them. */
export const lowerChildrenOf = (directory: DirectoryInode): ReadonlyMap<string, Dentry> => {
  if (!directory.lower) return NONE
  return directory.lowerChildren ?? directory.children
}
const NONE: ReadonlyMap<string, Dentry> = new Map()

/** Names as the layers have them. */
export const lowerNamesOf = (inode: Inode): readonly Dentry[] => (inode.lower ? (inode.lowerNames ?? inode.names) : [])

/** Attributes as the layers have them. */
export const originalOf = (inode: Inode): Attributes => inode.original ?? inode
