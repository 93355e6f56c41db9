// A quarantine's files beside what they were when it was made: the changes. Windows keeps no upper directory, so every name is looked at.
import { comparePaths, decodePath, encodePath } from '../../../core/index.js'
import type { Change, InodeEntry } from '../../../layer/index.js'
import { native } from '../../../native/index.js'
import { readFd } from '../../../rootfs/index.js'
import { type Baseline, stampOf } from './baseline.js'
import { sameName } from './inside-path.js'
import { ifThere, kindOf, type WindowsStat, walk } from './tree.js'

async function* content(base: number, path: string): AsyncGenerator<Uint8Array> {
  yield* readFd(native().openat2(base, encodePath(path), 0, 0, 0))
}

/** Which of the files are looked at. */
export interface Scope {
  /** A directory below the top: only what is in it. */
  readonly start: string
  /** What is left out with all below. */
  skip(path: string): boolean
  /** The path as it is told. */
  shown(path: string): string
}

/** An entry as a layer has it. `links`: first paths of files with several names. */
function entryOf(base: number, path: string, shown: string, stat: WindowsStat, links: Map<bigint, string>): InodeEntry {
  const common = { path: shown, mode: stat.mode & 0o7777, uid: 0, gid: 0, mtimeNs: stat.mtimeNs, xattrs: {} }
  const kind = kindOf(stat)
  if (kind === 'directory') return { ...common, type: 'directory' }
  if (kind === 'symlink') {
    const target = ifThere(() => native().readlinkat(base, encodePath(path)))
    return { ...common, type: 'symlink', target: target === undefined ? '' : decodePath(target) }
  }
  const first = links.get(stat.ino)
  if (stat.nlink > 1 && first !== undefined) return { ...common, type: 'hardlink', target: first }
  if (stat.nlink > 1) links.set(stat.ino, shown)
  return { ...common, type: 'file', size: Number(stat.size), content: () => content(base, path) }
}

/** What differs, sorted by path. Directories count when they are new; of a removed one the top alone is told. */
export function findChanges(base: number, baseline: Baseline, { start, skip, shown }: Scope): Change[] {
  const links = new Map<bigint, string>()
  const seen = new Set<string>()
  const found = [...walk(base, skip, start)].sort((a, b) => comparePaths(`/${a.path}`, `/${b.path}`))
  const changes: Change[] = []
  for (const { path, stat } of found) {
    const key = sameName(path)
    seen.add(key)
    const before = baseline.get(key)
    const isSame = before !== undefined && before.kind === kindOf(stat) && (before.stamp === stampOf(stat) || before.kind === 'directory')
    if (isSame) continue
    changes.push({ kind: before === undefined ? 'add' : 'modify', path: shown(path), entry: entryOf(base, path, shown(path), stat, links) })
  }
  for (const [key, { path }] of baseline) {
    if (seen.has(key) || skip(path) || (start !== '' && !key.startsWith(`${sameName(start)}/`))) continue
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    // Else gone with the directory that it was in, or hidden by what is there now instead.
    if (sameName(parent) === sameName(start) || isDirectory(base, parent)) changes.push({ kind: 'delete', path: shown(path) })
  }
  return changes.sort((a, b) => comparePaths(a.path, b.path))
}

const isDirectory = (base: number, path: string): boolean => {
  const stat = ifThere(() => native().fstatat(base, encodePath(path)))
  return stat !== undefined && kindOf(stat) === 'directory'
}
