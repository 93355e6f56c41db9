// What the view has that its layers do not, as values: two histories with the same outcome give the same changes. Source: image-spec layer.md "Determining Changes".
import { comparePaths, joinPath } from '../core/index.js'
import type { Change, HardLinkEntry, InodeEntry } from '../layer/index.js'
import { contentComparison, sameAttributes, sameButTime, sameKind } from './compare.js'
import { lowerDentryAt } from './index-layers.js'
import { type Dentry, type DirectoryInode, type Inode, lowerChildrenOf, lowerNamesOf, originalOf } from './inode.js'
import { lowerPathOf, pathOf, type Tree } from './tree.js'

/** Changes of `tree` against its layers, sorted by the bytes of the path. They are as of the first step: later writes do not show.
 *  Of the root only mode, owner and xattrs count: images do not agree on its time. */
export async function* changesOf(tree: Tree): AsyncGenerator<Change> {
  for (const candidate of candidates(tree)) {
    const change = await candidate()
    if (change !== undefined) yield change
  }
}

/** A change, or undefined when the bytes turn out to be the same. */
type Candidate = () => Promise<Change | undefined>

function candidates(tree: Tree): Candidate[] {
  const found = new Map<string, Candidate>()
  const groups = new Set<Inode>()
  const compare = (path: string, now: Inode, before: Inode | undefined): void => {
    if (now.type !== 'directory' && (now.names.length > 1 || (before !== undefined && lowerNamesOf(before).length > 1))) groups.add(now)
    else found.set(path, compared(path, now, before))
  }
  const stack: { path: string; now: DirectoryInode; before: Inode | undefined }[] = [{ path: '/', now: tree.root, before: tree.root }]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { path, now, before } = at
    if (now === before && !now.dirty) continue
    if (path !== '/' || !sameButTime(now, originalOf(tree.root))) compare(path, now, before)
    const lower: ReadonlyMap<string, Dentry> = before?.type === 'directory' ? lowerChildrenOf(before) : new Map()
    for (const name of lower.keys()) {
      const gone = joinPath(path, name)
      if (!now.children.has(name)) found.set(gone, async () => ({ kind: 'delete', path: gone }))
    }
    for (const [name, { inode }] of now.children) {
      const child = joinPath(path, name)
      const below = lower.get(name)?.inode
      if (inode.type === 'directory') stack.push({ path: child, now: inode, before: below })
      else if (inode !== below || inode.dirty) compare(child, inode, below)
    }
  }
  for (const inode of groups) for (const [path, candidate] of groupOf(tree, inode)) found.set(path, candidate)
  return sorted([...found])
}

/** All names of one file with several, or none of them: a link alone in a layer would tear the group apart. */
function groupOf(tree: Tree, inode: Inode): [string, Candidate][] {
  const paths = sorted(inode.names.map(pathOf).map((path) => [path, path]))
  const lowerPaths = new Set(lowerNamesOf(inode).map(lowerPathOf))
  const original = originalOf(inode)
  const joined = paths.every((path) => lowerPaths.has(path))
  const [first, ...others] = paths
  if (first === undefined) return []
  const entry = entryOf(first, inode)
  const isSame = joined && sameAttributes(inode, original) ? contentComparison(inode, inode) : async () => false
  let outcome: Promise<boolean> | undefined
  const isChanged = async () => {
    outcome ??= isSame()
    return !(await outcome)
  }
  const change = (path: string, entry: InodeEntry): [string, Candidate] => {
    const kind = lowerDentryAt(tree, path) === undefined ? 'add' : 'modify'
    return [path, async () => ((await isChanged()) ? { kind, path, entry } : undefined)]
  }
  return [change(first, entry), ...others.map((path) => change(path, linkOf(path, first, entry)))]
}

const linkOf = (path: string, target: string, { mode, uid, gid, mtimeNs, xattrs }: InodeEntry): HardLinkEntry => ({
  type: 'hardlink',
  path,
  target,
  mode,
  uid,
  gid,
  mtimeNs,
  xattrs,
})

function compared(path: string, now: Inode, before: Inode | undefined): Candidate {
  const entry = entryOf(path, now)
  if (before === undefined) return async () => ({ kind: 'add', path, entry })
  const mayBeSame = now.type === before.type && sameAttributes(now, originalOf(before)) && sameKind(now, before)
  const isSame = mayBeSame ? contentComparison(now, before) : async () => false
  return async () => ((await isSame()) ? undefined : { kind: 'modify', path, entry })
}

/** The entry that makes `inode` at `path`, unmoved by later changes. */
export function entryOf(path: string, inode: Inode): InodeEntry {
  const { mode, uid, gid, mtimeNs, xattrs } = inode
  const base = { path, mode, uid, gid, mtimeNs, xattrs }
  switch (inode.type) {
    case 'file': {
      const data = inode.data.snapshot()
      return { ...base, type: 'file', size: data.size, content: () => data.stream() }
    }
    case 'directory':
      return { ...base, type: 'directory' }
    case 'symlink':
      return { ...base, type: 'symlink', target: inode.target }
    case 'char':
    case 'block':
      return { ...base, type: inode.type, major: inode.major, minor: inode.minor }
    case 'fifo':
      return { ...base, type: 'fifo' }
  }
}

// UTF-16 order is byte order but for surrogates; encoding each name for each comparison would cost more than the rest of the diff.
function sorted<T>(rows: [string, T][]): T[] {
  const plain = rows.every(([path]) => !/[\ud800-\udfff]/.test(path))
  const order = plain
    ? (a: [string, T], b: [string, T]) => (a[0] < b[0] ? -1 : 1)
    : (a: [string, T], b: [string, T]) => comparePaths(a[0], b[0])
  return rows.sort(order).map(([, value]) => value)
}
