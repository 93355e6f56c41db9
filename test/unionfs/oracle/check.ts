// One comparison: both sides run the sequence; then the changes are held against the two trees, and put on top of the layers again.
import { isDeepStrictEqual } from 'node:util'
import { parentPath } from '../../../src/core/index.js'
import type { Change, LayerEntry } from '../../../src/layer/entry.js'
import { UnionFs } from '../../../src/unionfs/index.js'
import type { Kernel } from './kernel.js'
import type { Row, Sequence } from './model.js'
import { entryOf, layerOf, modelOf, rowsOf, runOnView } from './view.js'

/** @throws Error that shows the first difference */
export async function check(kernel: Kernel, sequence: Sequence): Promise<void> {
  const ours = await runOnView(sequence)
  const real = await kernel.run({ ...sequence, ops: ours.ops })
  same('the tree before', ours.before, real.before)
  for (const [at, op] of ours.ops.entries())
    same(`call ${at} of ${JSON.stringify(ours.ops)},\n  ${JSON.stringify(op)}`, ours.results[at], real.results[at])
  same('the tree after', ours.after, real.after)
  same(
    'the changes',
    ours.changes.map(({ kind, path }) => `${kind} ${path}`),
    expectedChanges(real.before, real.after),
  )
  const layers = [...sequence.layers.map((entries) => layerOf(entries.map(entryOf))), layerOf(layerEntries(ours.changes))]
  const again = await UnionFs.of(layers)
  same('layers and changes together', (await rowsOf(again)).map(withoutClock), ours.after.map(withoutClock))
  await checkAsLowerLayer(kernel, sequence, ours.changes, ours.after)
}

/** The kernel must show the same tree when the changes are its topmost lower layer. Long contents are left out, for the time they take as JSON; and
 *  changes in directories that are none themselves, whose attributes only an unpacker of all layers could know. */
async function checkAsLowerLayer(kernel: Kernel, { layers }: Sequence, changes: readonly Change[], after: readonly Row[]): Promise<void> {
  const changed = new Set(['', ...changes.map(({ path }) => path)])
  const isLong = (change: Change) => change.kind !== 'delete' && change.entry.type === 'file' && change.entry.size > 10_000
  if (changes.some((change) => !changed.has(parentPath(change.path).replace(/^\/$/, '')) || isLong(change))) return
  const entries = await Promise.all(changes.map(modelOf))
  const real = await kernel.run({ layers: [...layers, entries], ops: [] })
  const below = (rows: readonly Row[]) => rows.filter(({ path }) => path !== '/')
  same('the changes as a layer of the kernel', below(after).map(withoutClock), below(real.before).map(withoutClock))
}

/** Changes as the entries of a layer. */
export const layerEntries = (changes: readonly Change[]): LayerEntry[] =>
  changes.map((change) => (change.kind === 'delete' ? { type: 'whiteout', path: change.path } : change.entry))

// The view's "now" is a fixed time, which a second view shows as what it is; the root's time is not part of an image.
const withoutClock = (row: Row): Row => ({ ...row, mtime: row.path === '/' || row.mtime === 'now' ? '1800000000000000000' : row.mtime })

/** What differs between two trees, told naively. */
function expectedChanges(before: readonly Row[], after: readonly Row[]): string[] {
  const was = new Map(before.map((row) => [row.path, row]))
  const is = new Map(after.map((row) => [row.path, row]))
  const out: [string, string][] = []
  for (const row of before) {
    const parent = is.get(row.path.slice(0, row.path.lastIndexOf('/')) || '/')
    if (!is.has(row.path) && parent?.type === 'directory') out.push([row.path, 'delete'])
  }
  const differs = (row: Row): boolean => {
    const old = was.get(row.path)
    if (old === undefined) return true
    const plain = ({ nlink: _, group: __, ...rest }: Row): object => (row.path === '/' ? { ...rest, mtime: '' } : rest)
    return !isDeepStrictEqual(plain(row), plain(old))
  }
  // Names of one file stand or fall together: when one differs, or they were not all one file before.
  const members = (row: Row): Row[] => after.filter((other) => other.group === row.group && row.group !== undefined)
  for (const row of after) {
    const group = row.group === undefined ? [row] : members(row)
    const torn = group.some((other) => was.get(other.path)?.group !== was.get(row.path)?.group)
    if (group.some(differs) || torn) out.push([row.path, was.has(row.path) ? 'modify' : 'add'])
  }
  return out.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map(([path, kind]) => `${kind} ${path}`)
}

function same(what: string, ours: unknown, real: unknown): void {
  if (isDeepStrictEqual(ours, real)) return
  throw new Error(`${what}\n  ours:   ${firstDifference(ours, real)}\n  kernel: ${firstDifference(real, ours)}`)
}

function firstDifference(mine: unknown, other: unknown): string {
  if (!Array.isArray(mine) || !Array.isArray(other)) return JSON.stringify(mine)
  const at = mine.findIndex((item, i) => !isDeepStrictEqual(item, other[i]))
  return at < 0 ? `nothing more after ${mine.length}` : `[${at}] ${JSON.stringify(mine[at])}`
}
