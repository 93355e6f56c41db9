// Independent readers find in what is written just what was put into it: regfexport (libregf), reglookup, hivexsh and hivexml (hivex).
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Hive } from 'stratabox/hive'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { requires } from '../support/requires.js'
import { sharedPath } from '../support/shared.js'
import { dump } from './support/dump.js'
import { hivexshRows, ownReglookupRows, ownRows, ownRowsAndClasses, regfexportRows, reglookupRows } from './support/peer-rows.js'
import { disturb, plant, type TreeOptions } from './support/trees.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hive-peers-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// Through cat: hivexml opens /dev/stdout by its name, and Node's pipes are sockets, which cannot be opened so.
const run = (command: string, path: string) =>
  execFileSync('sh', ['-c', `${command} "$1" | cat`, 'sh', path], {
    maxBuffer: 1 << 28,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
const count = (text: string, part: RegExp) => text.match(part)?.length ?? 0

function write(hive: Hive): string {
  const path = join(folder, 'hive')
  writeFileSync(path, hive.toBytes())
  return path
}

/** Many keys of one parent, a class, a value that just fits a cell. */
function plain(): Hive {
  const hive = Hive.create({ now: () => new Date('2024-01-01T00:00:00Z') })
  for (let i = 0; i < 1200; i++) {
    const key = hive.createKey(`many\\key${i}`)
    key.setValue(`value${i}`, { type: 'REG_SZ', data: `text ${i} `.repeat(i % 40) })
    key.setValue('', { type: 'REG_DWORD', data: i })
  }
  const key = hive.createKey('kinds')
  key.className = 'some class'
  key.setValue('quad', { type: 'REG_QWORD', data: 2n ** 60n })
  key.setValue('multi', { type: 'REG_MULTI_SZ', data: ['a', 'b'] })
  key.setValue('16344', { type: 'REG_BINARY', data: new Uint8Array(16_344).fill(1) })
  return hive
}

const opened = (ctx: TestContext, name: string) => Hive.open(readFileSync(`${sharedPath(ctx, 'corpus/hives')}/${name}`))

/** A random tree on the disk; `valueMax`: its one large value. Every other one is opened, changed and saved again. */
function planted(tree: Omit<TreeOptions, 'names'>, version: number): { hive: Hive; path: string } {
  const now = () => new Date('2024-01-01T00:00:00Z')
  const made = Hive.create({ version, now })
  plant(made.root, { ...tree, names: 'printable' })
  const hive = Hive.open(made.toBytes(), [], { now })
  if (tree.seed % 2 === 1) disturb(hive.root, tree.seed, true)
  return { hive, path: write(hive) }
}
const seed = fc.nat(0xffffff)
const keys = fc.oneof(fc.nat(30), fc.nat(800))
const version = fc.constantFrom(3, 5)
const settings = { numRuns: 10, seed: 1 }

describe('of any tree, every key, value, type and byte is found by', () => {
  it('regfexport', (ctx) => {
    requires(ctx, 'regfexport')
    fc.assert(
      fc.property(seed, keys, fc.constantFrom(5, 16_344, 16_345, 40_000), version, (seed, keys, valueMax, version) => {
        const { hive, path } = planted({ seed, keys, valueMax }, version)
        expect(regfexportRows(path)).toEqual(ownRowsAndClasses(hive))
      }),
      { ...settings, examples: [[2, 5_000, 100_000, 5]] },
    )
  })

  it('reglookup', (ctx) => {
    requires(ctx, 'reglookup')
    fc.assert(
      fc.property(seed, keys, fc.constantFrom(5, 16_344, 16_345, 40_000), version, (seed, keys, valueMax, version) => {
        const { hive, path } = planted({ seed, keys, valueMax }, version)
        expect(reglookupRows(path)).toEqual(ownReglookupRows(hive))
      }),
      { ...settings, examples: [[2, 5_000, 100_000, 5]] },
    )
  })

  it('hivexsh, where no data is split', (ctx) => {
    requires(ctx, 'hivexsh')
    fc.assert(
      fc.property(seed, keys, version, (seed, keys, version) => {
        const { hive, path } = planted({ seed, keys, valueMax: 100 }, version)
        const rows = ownRows(hive)
        expect(
          hivexshRows(
            path,
            dump(hive)
              .map((key) => key.path)
              .filter((one) => one !== ''),
          ),
        ).toEqual(rows)
      }),
      { ...settings, examples: [[2, 5_000, 5]] },
    )
  })
})

describe('hivexml', () => {
  it('lists every key and value', (ctx) => {
    requires(ctx, 'hivexml')
    const xml = run('hivexml', write(plain()))
    expect([count(xml, /<node /g), count(xml, /<value /g)]).toEqual([1203, 2403])
    expect(xml).toContain('value="text 7 text 7 text 7 text 7 text 7 text 7 text 7 "')
  })
})

describe('reglookup', () => {
  it.for(['BadListHive', 'ManySubkeysHive', 'TwoOwnersHive', 'UnicodeHive', 'BigDataHive', 'NewDirtyHive1/RecoveredHive_Windows10'])(
    'reads in %s the same as is read here',
    (name, ctx) => {
      requires(ctx, 'reglookup')
      expect(ownReglookupRows(opened(ctx, name))).toEqual(reglookupRows(`${sharedPath(ctx, 'corpus/hives')}/${name}`))
    },
  )

  it('reads no more in a hive that is cut short than is saved of it here', (ctx) => {
    requires(ctx, 'reglookup')
    const own = ownReglookupRows(opened(ctx, 'TruncatedHive'))
    const theirs = reglookupRows(`${sharedPath(ctx, 'corpus/hives')}/TruncatedHive`)
    expect(theirs.length).toBeGreaterThan(0)
    expect(theirs.filter((row) => !own.includes(row))).toEqual([])
  })

  it('reads a delta hive that was saved here as it reads the one of Windows', (ctx) => {
    requires(ctx, 'reglookup')
    const keys = (path: string) => run('reglookup', path).split('\n').sort()
    const original = `${sharedPath(ctx, 'corpus/hives')}/System_Delta`
    expect(keys(write(opened(ctx, 'System_Delta')))).toEqual(keys(original))
  })
})

describe('regfexport', () => {
  it('exports hives that were saved here as it exports the originals', (ctx) => {
    requires(ctx, 'regfexport')
    const lines = (path: string) => run('regfexport', path).split('\n').sort()
    for (const name of ['System_Delta', 'BigDataHive', 'ManySubkeysHive', 'TwoOwnersHive', 'UnicodeHive', 'hivex_special']) {
      const original = `${sharedPath(ctx, 'corpus/hives')}/${name}`
      expect(lines(write(opened(ctx, name)))).toEqual(lines(original))
    }
  })
})
