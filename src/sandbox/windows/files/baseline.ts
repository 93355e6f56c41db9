// What a quarantine held when it was made, file by file, so that what was written is found without a copy of it all.
import { sameName } from './inside-path.js'
import { kindOf, type WindowsStat, walk } from './tree.js'

/** One name as it was put there. */
export interface BaseEntry {
  readonly path: string
  readonly kind: 'directory' | 'symlink' | 'file'
  /** Undefined: it differs from the base already, in the sandbox that this one was forked from. */
  readonly stamp: string | undefined
}

/** By path without regard to case. */
export type Baseline = ReadonlyMap<string, BaseEntry>

/** Changes with every write. The time of the last change of anything (which Win32 programs cannot set) tells of one that put the other times back. */
export const stampOf = (stat: WindowsStat): string =>
  kindOf(stat) === 'directory' ? 'directory' : [kindOf(stat), stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino, stat.mode].join(' ')

/** All that is below a directory now. */
export function takeBaseline(base: number): Baseline {
  const found = new Map<string, BaseEntry>()
  for (const { path, stat } of walk(base)) found.set(sameName(path), { path, kind: kindOf(stat), stamp: stampOf(stat) })
  return found
}

/** The base of a fork's files: of the copies in `base`, those count as unchanged that were so in the one forked from (`changed`: paths of the others). */
export function inheritBaseline(base: number, from: Baseline, changed: ReadonlySet<string>): Baseline {
  const now = takeBaseline(base)
  const inherited = new Map<string, BaseEntry>()
  for (const [key, entry] of from) inherited.set(key, { ...entry, stamp: changed.has(key) ? undefined : now.get(key)?.stamp })
  return inherited
}
