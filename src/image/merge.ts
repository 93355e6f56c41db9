// The tree that a stack of layers makes, as metadata. Source: image-spec layer.md "Applying Changesets"; where it is silent, as overlayfs shows it.
import { baseName, comparePaths, FormatError, joinPath, parentPath } from '../core/index.js'
import type { InodeEntry, Layer, LayerEntry } from '../layer/index.js'

/** Where a file's content lies: the n-th entry of a layer. Names that share one are hard links. */
export interface Inode {
  readonly entry: Exclude<InodeEntry, { type: 'hardlink' }>
  /** Index of the layer in the stack. */
  readonly layer: number
  /** Index of the entry in the layer. */
  readonly ordinal: number
}

/** One path of the merged tree. */
export interface MergedPath {
  readonly path: string
  /** undefined: a directory that no layer has an entry for. */
  readonly inode: Inode | undefined
  /** A hard link to a file below the stack. */
  readonly below?: string
  /** Hides what is below the stack. */
  readonly isOpaque: boolean
  /** Names in it that the stack deletes from below. */
  readonly whiteouts: readonly string[]
}

interface Node {
  inode: Inode | undefined
  below?: string
  layer: number
  /** undefined: no directory. */
  children: Map<string, Node> | undefined
  isOpaque: boolean
  whiteouts: Set<string>
}

const directory = (layer: number, isOpaque: boolean): Node => ({
  inode: undefined,
  layer,
  children: new Map(),
  isOpaque,
  whiteouts: new Set(),
})

/** Merges layers, the lowest first. `isPartial`: the stack lies on other layers, so hard links may lead below it.
 *  @throws FormatError for an entry below a file of its own layer, and hard links to nothing or to directories */
export async function mergeLayers(
  layers: readonly Layer[],
  options: { readonly isPartial?: boolean } = {},
): Promise<readonly MergedPath[]> {
  const root = directory(-1, false)
  for (const [index, layer] of layers.entries()) {
    const entries: LayerEntry[] = []
    for await (const entry of layer.entries()) entries.push(entry)
    // First all deletions, wherever they stand: they act on lower layers only.
    for (const entry of entries) if (entry.type === 'whiteout' || entry.type === 'opaque') hide(root, entry, index)
    for (const [ordinal, entry] of entries.entries()) {
      if (entry.type !== 'whiteout' && entry.type !== 'opaque') add(root, entry, index, ordinal, options.isPartial === true)
    }
  }
  const rows: MergedPath[] = []
  walk(root, '/', rows)
  return rows.sort((a, b) => comparePaths(a.path, b.path))
}

function hide(root: Node, entry: Extract<LayerEntry, { type: 'whiteout' | 'opaque' }>, layer: number): void {
  const parent = directoryAt(root, entry.type === 'opaque' ? entry.path : parentPath(entry.path), layer)
  if (entry.type === 'whiteout') {
    parent.children?.delete(baseName(entry.path))
    parent.whiteouts.add(baseName(entry.path))
    return
  }
  parent.children = new Map()
  parent.whiteouts.clear()
  parent.isOpaque = true
}

/** The directory at `path`, made where there is none. What a lower layer has there instead is replaced, as an overlay's upper directory does. */
function directoryAt(root: Node, path: string, layer: number): Node {
  let at = root
  for (const name of path.split('/')) {
    if (name === '') continue
    const children = at.children!
    let next = children.get(name)
    if (next?.children === undefined) {
      if (next !== undefined && next.layer === layer)
        throw new FormatError(`${JSON.stringify(path)} is no directory, but has entries below it`)
      next = directory(layer, next !== undefined || at.whiteouts.delete(name))
      children.set(name, next)
    }
    at = next
  }
  return at
}

function add(root: Node, entry: InodeEntry, layer: number, ordinal: number, isPartial: boolean): void {
  if (entry.type === 'directory') {
    const node = directoryIn(root, entry.path, layer)
    node.inode = { entry, layer, ordinal }
    node.layer = layer
    return
  }
  const parent = directoryAt(root, parentPath(entry.path), layer)
  const name = baseName(entry.path)
  const node: Node = { inode: undefined, layer, children: undefined, isOpaque: false, whiteouts: new Set() }
  if (entry.type === 'hardlink') link(root, entry.path, entry.target, node, isPartial)
  else node.inode = { entry, layer, ordinal }
  parent.whiteouts.delete(name)
  parent.children!.set(name, node)
}

// A directory over a file of the same layer replaces it: the last entry of a path counts.
function directoryIn(root: Node, path: string, layer: number): Node {
  if (path === '/') return root
  const parent = directoryAt(root, parentPath(path), layer)
  const found = parent.children!.get(baseName(path))
  if (found?.children !== undefined) return found
  const made = directory(layer, found !== undefined || parent.whiteouts.delete(baseName(path)))
  parent.children!.set(baseName(path), made)
  return made
}

function link(root: Node, path: string, target: string, node: Node, isPartial: boolean): void {
  let at: Node | undefined = root
  for (const name of target.split('/')) if (name !== '') at = at?.children?.get(name)
  if (at === undefined && isPartial) {
    node.below = target
    return
  }
  if (at === undefined || at.children !== undefined) {
    throw new FormatError(`${JSON.stringify(path)} is a hard link to ${JSON.stringify(target)}, which is no file`)
  }
  node.inode = at.inode
  if (at.below !== undefined) node.below = at.below
}

function walk(node: Node, path: string, rows: MergedPath[]): void {
  const { inode, below, isOpaque, whiteouts } = node
  rows.push({ path, inode, ...(below === undefined ? {} : { below }), isOpaque, whiteouts: [...whiteouts].sort(comparePaths) })
  for (const [name, child] of node.children ?? []) walk(child, joinPath(path, name), rows)
}
