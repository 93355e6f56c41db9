// Layers become one tree, once: afterwards no lookup knows how many there were. Source: image-spec layer.md "Applying Changesets".
import { createSpool } from '#spool'
import { baseName, FormatError, parentPath } from '../core/index.js'
import type { HardLinkEntry, InodeEntry, Layer, LayerEntry } from '../layer/index.js'
import type { RandomAccess } from '../tar/index.js'
import { FileData } from './file-data.js'
import type { Dentry, DirectoryInode, Inode } from './inode.js'
import { LayerContents } from './layer-content.js'
import { emptyTree, inodeBase, type Tree } from './tree.js'

/** Parents that a layer names but does not describe. */
const IMPLIED = { mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n, xattrs: {} }

/** All that a view needs of a layer. One without `uncompressed` is asked for contents through its entries, whenever they are read. */
export type LayerLike = Layer | Pick<Layer, 'entries'>
/** Gives a layer's uncompressed tar, if it can be read at any offset. */
export type Seekable = (layer: Layer) => RandomAccess | undefined | Promise<RandomAccess | undefined>

const isLayer = (layer: LayerLike): layer is Layer => 'uncompressed' in layer

/** The merged tree of `layers`, lowest first. @throws FormatError for links to nothing, entries below a file, and more than `entriesMax` entries */
export async function indexLayers(
  layers: readonly LayerLike[],
  options: { entriesMax: number; signal: AbortSignal | undefined; seekable: Seekable },
): Promise<Tree> {
  const tree = emptyTree()
  const spool = createSpool()
  let count = 0
  for (const [number, layer] of layers.entries()) {
    // A layer's whiteouts act on the layers below it, wherever in the layer they stand: so they go first.
    const inodes: InodeEntry[] = []
    const markers: Exclude<LayerEntry, InodeEntry>[] = []
    const contents = isLayer(layer) ? new LayerContents(layer, spool, await options.seekable(layer)) : undefined
    if (contents !== undefined) tree.close.push(() => contents.close())
    for await (const entry of contents === undefined ? layer.entries() : contents.entries()) {
      options.signal?.throwIfAborted()
      if (++count > options.entriesMax) throw new FormatError(`the layers have more than ${options.entriesMax} entries`)
      if (entry.type === 'whiteout' || entry.type === 'opaque') markers.push(entry)
      else inodes.push(entry)
    }
    for (const entry of markers) hide(tree, entry, number)
    for (const entry of inodes)
      if (entry.type === 'directory' && entry.opaque === true) hide(tree, { type: 'opaque', path: entry.path }, number)
    for (const entry of inodes) put(tree, entry, number)
  }
  tree.close.push(async () => spool.close())
  return tree
}

// The directory of a marker is there, even if only the marker says so: unpacked by itself, the layer has it.
function hide(tree: Tree, { type, path }: Exclude<LayerEntry, InodeEntry>, layer: number): void {
  if (type === 'opaque') return clear(directoryFor(tree, path, layer))
  if (path === '/') throw new FormatError('a whiteout of the root')
  const dentry = directoryFor(tree, parentPath(path), layer).children.get(baseName(path))
  if (dentry !== undefined) drop(dentry)
}

function put(tree: Tree, entry: InodeEntry, layer: number): void {
  if (entry.path === '/') {
    if (entry.type !== 'directory') throw new FormatError(`the root is a ${entry.type}`)
    describe(tree.root, entry)
    replaceDentry({ parent: tree.root, name: '', inode: tree.root, layer })
    return
  }
  const parent = directoryFor(tree, parentPath(entry.path), layer)
  const name = baseName(entry.path)
  const old = parent.children.get(name)
  if (entry.type === 'directory' && old?.inode.type === 'directory') {
    describe(old.inode, entry)
    replaceDentry({ parent, name, inode: old.inode, layer })
    return
  }
  const inode = entry.type === 'hardlink' ? linked(tree, entry) : fresh(tree, entry)
  if (old !== undefined) drop(old)
  attach({ parent, name, inode, layer })
}

/** The directory of an entry. A lower layer's file or link in the way is replaced, as it is when each layer is unpacked by itself; links are not followed.
 *  @throws FormatError where the layer itself has something else there */
function directoryFor(tree: Tree, path: string, layer: number): DirectoryInode {
  let directory = tree.root
  for (const name of path.split('/')) {
    if (name === '') continue
    const old = directory.children.get(name)
    if (old?.inode.type === 'directory') {
      directory = old.inode
      continue
    }
    if (old?.layer === layer)
      throw new FormatError(`an entry lies below ${JSON.stringify(name)}, which is a ${old.inode.type} in the same layer: ${path}`)
    if (old !== undefined) drop(old)
    const inode: DirectoryInode = { ...inodeBase(tree.nextIno++, IMPLIED, true), type: 'directory', children: new Map() }
    attach({ parent: directory, name, inode, layer })
    directory = inode
  }
  return directory
}

function fresh(tree: Tree, entry: Exclude<InodeEntry, HardLinkEntry>): Inode {
  const base = inodeBase(tree.nextIno++, entry, true)
  switch (entry.type) {
    case 'file':
      return { ...base, type: 'file', data: new FileData(() => entry.content(), entry.size) }
    case 'directory':
      return { ...base, type: 'directory', children: new Map() }
    case 'symlink':
      // Whatever a tar says: Linux has no permissions on links.
      return { ...base, type: 'symlink', mode: 0o777, target: entry.target }
    case 'char':
    case 'block':
      return { ...base, type: entry.type, major: entry.major, minor: entry.minor }
    case 'fifo':
      return { ...base, type: 'fifo' }
  }
}

function linked(tree: Tree, entry: HardLinkEntry): Inode {
  const inode = at(tree, entry.target)?.inode
  if (inode === undefined)
    throw new FormatError(`hard link ${JSON.stringify(entry.path)} to ${JSON.stringify(entry.target)}, which is not there`)
  if (inode.type === 'directory') throw new FormatError(`hard link ${JSON.stringify(entry.path)} to a directory`)
  return inode
}

function describe(inode: Inode, entry: InodeEntry): void {
  const { mode, uid, gid, mtimeNs, xattrs } = entry
  Object.assign(inode, { mode, uid, gid, mtimeNs, xattrs, atimeNs: mtimeNs, ctimeNs: mtimeNs })
}

function at(tree: Tree, path: string): Dentry | undefined {
  let dentry = tree.root.names[0]
  for (const name of path.split('/')) {
    if (name === '') continue
    dentry = dentry?.inode.type === 'directory' ? dentry.inode.children.get(name) : undefined
  }
  return dentry
}

function attach(dentry: Dentry): void {
  dentry.inode.names.push(dentry)
  dentry.parent.children.set(dentry.name, dentry)
}

function replaceDentry(dentry: Dentry): void {
  dentry.inode.names = [dentry]
  if (dentry.name !== '') dentry.parent.children.set(dentry.name, dentry)
}

/** Takes a name and all below it away. */
function drop(dentry: Dentry): void {
  dentry.parent.children.delete(dentry.name)
  forget(dentry)
}

function clear(directory: DirectoryInode): void {
  const { children } = directory
  directory.children = new Map()
  for (const dentry of children.values()) forget(dentry)
}

// Each name is forgotten once, so that hiding costs no more than showing did. No recursion: depth is the layer's choice.
function forget(top: Dentry): void {
  const stack = [top]
  for (let dentry = stack.pop(); dentry !== undefined; dentry = stack.pop()) {
    const { inode } = dentry
    if (inode.names.length === 1) inode.names = []
    else inode.names.splice(inode.names.indexOf(dentry), 1)
    if (inode.type === 'directory') stack.push(...inode.children.values())
  }
}

/** The name that the layers have at `path`, without following links. */
export function lowerDentryAt(tree: Tree, path: string): Dentry | undefined {
  let dentry = tree.root.names[0]
  for (const name of path.split('/')) {
    if (name === '') continue
    const inode: Inode | undefined = dentry?.inode
    dentry = inode?.type === 'directory' && inode.lower ? (inode.lowerChildren ?? inode.children).get(name) : undefined
  }
  return dentry
}
