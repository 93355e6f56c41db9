// Random layers and changes beside umoci: what it makes of our layers, and what we make of its.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Store } from '../../src/api/store.js'
import { appendLayer, type Change, emptyImage, type Image, layerFromChanges } from '../../src/image/index.js'
import { type Row, rowsOf } from '../content/disk-rows.js'
import { requires } from '../support/requires.js'
import { sequence } from '../unionfs/oracle/arbitrary.js'
import type { ModelEntry, Sequence } from '../unionfs/oracle/model.js'
import { entryOf, runOnView } from '../unionfs/oracle/view.js'

const RUNS = Math.ceil(Number(process.env['STRATABOX_FUZZ_RUNS'] ?? 2000) / 250)

/** Stacks in which the two were once found to differ. */
const FOUND: readonly Sequence[] = [
  {
    layers: [[{ type: 'fifo', path: '/a', mode: 0o644, uid: 0, gid: 0, mtimeNs: '0', xattrs: {} }]],
    ops: [['setxattr', '/a', 'trusted.y', '00ff', 0, false]],
  },
]

/** An empty value in an extended header takes the record away (POSIX pax), so umoci, as Go does, drops attributes without one. */
function withoutEmptyAttributes(change: Change): Change {
  if (change.kind === 'delete') return change
  const xattrs = Object.fromEntries(Object.entries(change.entry.xattrs).filter(([, value]) => value.length > 0))
  return { ...change, entry: { ...change.entry, xattrs } }
}

function changeOf(entry: ModelEntry): Change {
  const full = entryOf(entry)
  if (full.type === 'opaque') throw new TypeError('the model says opaque of a directory')
  return full.type === 'whiteout' ? { kind: 'delete', path: full.path } : { kind: 'add', path: full.path, entry: full }
}

async function imageOf(layers: readonly (readonly Change[])[]): Promise<Image> {
  let image = await emptyImage({ platform: 'linux/amd64' })
  for (const changes of layers) image = await appendLayer(image, await layerFromChanges(changes.map(withoutEmptyAttributes)))
  return image
}

/** A tree's rows but for the root's own: umoci and an overlay leave its time to the host. */
function treeOf(root: string): readonly Row[] {
  const rows = rowsOf(root)
  rows.delete('/')
  return [...rows.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** One comparison, in a directory of its own. */
async function check(store: Store, directory: string, given: { layers: readonly (readonly ModelEntry[])[]; changes: readonly Change[] }) {
  const at = (name: string) => join(directory, name)
  const umoci = (...args: string[]) => execFileSync('umoci', args, { stdio: 'pipe', encoding: 'utf8' })
  const lower = given.layers.map((entries) => entries.map(changeOf))
  const [base, next] = [await imageOf(lower), await imageOf([...lower, given.changes])]
  for (const [name, image] of [
    ['base', base],
    ['next', next],
  ] as const) {
    await store.tag(image, `${name}:1`)
    await store.save(`${name}:1`, at(`${name}-oci`), { format: 'oci-layout' })
    await store.unpack(image, at(name))
    umoci('unpack', '--image', `${at(`${name}-oci`)}:${name}:1`, at(`${name}-bundle`))
    // Applying: their tree of our layers is ours, and so is what our diff makes of it.
    expect(treeOf(at(`${name}-bundle/rootfs`)), `umoci's tree of ${name}`).toEqual(treeOf(at(name)))
  }
  // Diffing: the rootfs that umoci knows becomes the next tree; its diff, applied by us, must give that tree.
  const rootfs = at('base-bundle/rootfs')
  for (const name of readdirSync(rootfs)) await rm(join(rootfs, name), { recursive: true, force: true })
  await store.unpack(next, at('again'))
  for (const name of readdirSync(at('again'))) execFileSync('mv', [join(at('again'), name), rootfs])
  umoci('repack', '--image', `${at('base-oci')}:theirs`, at('base-bundle'))
  const theirs = (await store.load(at('base-oci'))).at(-1)!
  await store.unpack('theirs', at('theirs'))
  expect((await theirs.layers()).length).toBeGreaterThan(0)
  const [got, wanted] = [treeOf(at('theirs')), treeOf(at('next'))]
  // umoci's own tars have whole seconds.
  const fractions = new Set(wanted.filter((row) => row.mtime_ns !== 0).map(({ path }) => path))
  // Of what is neither file nor directory umoci's diff does not see that only the attributes changed (go-mtree has no xattr keyword for them).
  const old = new Set(treeOf(at('base')).map(({ path }) => path))
  const isBlindTo = ({ type, path }: Row) => type !== 'file' && type !== 'dir' && old.has(path)
  const comparable = (rows: readonly Row[]) =>
    rows.map(({ mtime, mtime_ns: _, xattrs, ...row }) => ({
      ...row,
      ...(fractions.has(row.path) ? {} : { mtime }),
      ...(isBlindTo(row) ? {} : { xattrs }),
    }))
  expect(comparable(got), "our tree of umoci's diff").toEqual(comparable(wanted))
}

it(
  `trees and diffs are those of umoci in ${RUNS} random stacks of layers`,
  async (ctx) => {
    requires(ctx, 'root', 'umoci')
    const home = mkdtempSync(join(tmpdir(), 'stratabox-umoci-'))
    const store = await Store.open({ path: join(home, 'store') })
    try {
      await fc.assert(
        fc.asyncProperty(sequence, async ({ layers, ops }) => {
          const { changes } = await runOnView({ layers, ops })
          const directory = mkdtempSync(join(home, 'run-'))
          try {
            await check(store, directory, { layers, changes })
          } finally {
            rmSync(directory, { recursive: true, force: true })
          }
        }),
        { numRuns: RUNS, examples: FOUND.map((found): [Sequence] => [found]) },
      )
    } finally {
      await store.close()
      rmSync(home, { recursive: true, force: true })
    }
  },
  60_000 + RUNS * 20_000,
)
