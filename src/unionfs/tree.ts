// The merged tree: names put in and taken out, with a record of how the layers had it. Source: overlayfs "Upper and Lower".
import { type Attributes, type Dentry, type DirectoryInode, type Inode, parentOf } from './inode.js'

/** The tree and its counter of inode numbers. */
export interface Tree {
  readonly root: DirectoryInode
  nextIno: number
  /** In this order they end what reading the layers has opened. */
  readonly close: (() => Promise<void>)[]
}

/** A tree of nothing but a root directory, as an image without an entry for `/` has it. */
export function emptyTree(): Tree {
  const attributes = { mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n, xattrs: {} }
  const root: DirectoryInode = { type: 'directory', children: new Map(), ...inodeBase(1, attributes, true) }
  root.names.push({ parent: root, name: '', inode: root, layer: 0 })
  return { root, nextIno: 2, close: [] }
}

/** The fields that every inode has, for a new one without a name. */
export function inodeBase(ino: number, attributes: Attributes, lower: boolean, nowNs: bigint = attributes.mtimeNs) {
  const { mode, uid, gid, mtimeNs, xattrs } = attributes
  const names: Dentry[] = []
  return { ino, lower, mode, uid, gid, mtimeNs, xattrs, atimeNs: mtimeNs, ctimeNs: nowNs, birthtimeNs: nowNs, names, dirty: !lower }
}

/** To be called before any attribute or content of `inode` is changed. */
export function copyUp(inode: Inode): void {
  if (inode.lower && inode.original === undefined) {
    const { mode, uid, gid, mtimeNs, xattrs } = inode
    const content = inode.type === 'file' ? { data: inode.data.snapshot() } : {}
    inode.original = { mode, uid, gid, mtimeNs, xattrs, ...content }
  }
  markDirty(inode)
}

/** `inode` and all directories above any of its names. */
function markDirty(inode: Inode): void {
  inode.dirty = true
  for (const { parent } of inode.names) {
    for (let directory = parent; !directory.dirty; directory = parentOf(directory)) directory.dirty = true
  }
}

/** A new name for `inode`, made through the view. There must be none of that name. */
export function addName(parent: DirectoryInode, name: string, inode: Inode, nowNs: bigint): void {
  beforeNames(inode)
  const dentry: Dentry = { parent, name, inode, layer: -1 }
  inode.names.push(dentry)
  beforeChildren(parent)
  parent.children.set(name, dentry)
  touchDirectory(parent, nowNs)
  markDirty(inode)
  inode.ctimeNs = nowNs
}

/** Takes a name away. The inode lives on for as long as anything refers to it. */
export function removeName(dentry: Dentry, nowNs: bigint): void {
  const { parent, name, inode } = dentry
  markDirty(inode)
  beforeNames(inode)
  inode.names.splice(inode.names.indexOf(dentry), 1)
  beforeChildren(parent)
  parent.children.delete(name)
  touchDirectory(parent, nowNs)
  inode.ctimeNs = nowNs
}

function beforeNames(inode: Inode): void {
  if (inode.lower && inode.lowerNames === undefined) inode.lowerNames = [...inode.names]
}

// The layers' map is kept and the copy becomes the live one: readers of the old map (a running changes()) see no surprise.
function beforeChildren(directory: DirectoryInode): void {
  if (!directory.lower || directory.lowerChildren !== undefined) return
  directory.lowerChildren = directory.children
  directory.children = new Map(directory.children)
}

function touchDirectory(directory: DirectoryInode, nowNs: bigint): void {
  copyUp(directory)
  directory.mtimeNs = nowNs
  directory.ctimeNs = nowNs
}

/** Where a name is in the tree as it is now. */
export function pathOf(dentry: Dentry): string {
  const parts: string[] = []
  for (let at = dentry; at.name !== ''; at = at.parent.names[0]!) parts.push(at.name)
  return `/${parts.reverse().join('/')}`
}

/** Where a name is in the tree of the layers. */
export function lowerPathOf(dentry: Dentry): string {
  const parts: string[] = []
  for (let at = dentry; at.name !== ''; at = (at.parent.lowerNames ?? at.parent.names)[0]!) parts.push(at.name)
  return `/${parts.reverse().join('/')}`
}
