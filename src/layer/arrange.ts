// The one order of a layer's entries, whatever order the changes came in.
import { baseName, comparePaths, imagePath, UnsupportedError } from '../core/index.js'
import type { Change, HardLinkEntry, InodeEntry } from './entry.js'
import { WHITEOUT_PREFIX } from './names.js'

/** Changes by path, one each, parents before children, each hard-linked file's content at its first name.
 *  @throws TypeError | UnsupportedError as layerFromChanges says */
export function arrange(changes: readonly Change[]): readonly Change[] {
  const byPath = new Map<string, Change>()
  for (const change of changes) {
    checkPath(change)
    if (byPath.has(change.path)) throw new TypeError(`two changes of one path: ${JSON.stringify(change.path)}`)
    byPath.set(change.path, change)
  }
  const sorted = [...byPath.values()].sort((a, b) => comparePaths(a.path, b.path))
  return relink(sorted, byPath)
}

function checkPath(change: Change): void {
  const { path } = change
  if (path !== imagePath(path)) throw new TypeError(`not a normal image path: ${JSON.stringify(path)}`)
  if (change.kind === 'delete' && path === '/') throw new TypeError('the root cannot be deleted')
  if (baseName(path).startsWith(WHITEOUT_PREFIX) || path.includes(`/${WHITEOUT_PREFIX}`)) {
    throw new UnsupportedError(`${path}: a layer cannot hold a name that begins with ${WHITEOUT_PREFIX}`, {
      remedy: 'rename the file: such names mark deletions',
    })
  }
  if (change.kind !== 'delete' && change.entry.path !== path) {
    throw new TypeError(`a change of ${JSON.stringify(path)} with the entry of ${JSON.stringify(change.entry.path)}`)
  }
}

// Which name of a file was met first depends on the order of a directory; the first by its bytes does not.
function relink(sorted: readonly Change[], byPath: ReadonlyMap<string, Change>): readonly Change[] {
  const firstName = new Map<string, string>()
  const origin = new Map<string, InodeEntry>()
  for (const change of sorted) {
    if (change.kind === 'delete') continue
    const found = originOf(change.entry, byPath)
    if (found === undefined) continue
    origin.set(change.path, found)
    if (!firstName.has(found.path)) firstName.set(found.path, change.path)
  }
  return sorted.map((change) => {
    const inode = origin.get(change.path)
    if (change.kind === 'delete' || inode === undefined) return change
    const first = firstName.get(inode.path)!
    const { mode, uid, gid, mtimeNs } = inode
    const entry: InodeEntry =
      first === change.path
        ? { ...inode, path: change.path }
        : { type: 'hardlink', path: change.path, target: first, mode, uid, gid, mtimeNs, xattrs: {} }
    return { kind: change.kind, path: change.path, entry }
  })
}

/** The entry at the end of a chain of hard links; undefined where it lies in a layer below. @throws TypeError */
function originOf(entry: InodeEntry, byPath: ReadonlyMap<string, Change>): InodeEntry | undefined {
  const seen = new Set<string>()
  let at: InodeEntry = entry
  while (at.type === 'hardlink') {
    const link: HardLinkEntry = at
    if (seen.has(link.path)) throw new TypeError(`hard links in a circle: ${JSON.stringify(link.path)}`)
    seen.add(link.path)
    const next = byPath.get(link.target)
    if (next === undefined) return undefined
    if (next.kind === 'delete' || next.entry.type === 'directory') {
      throw new TypeError(`${JSON.stringify(link.path)} is a hard link to ${JSON.stringify(link.target)}, which is no file`)
    }
    at = next.entry
  }
  return at
}
