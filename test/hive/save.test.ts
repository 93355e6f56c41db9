// What is written is read back the same: random trees, and the sizes at which lists and bins change their form.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { Hive } from 'stratabox/hive'
import { describe, expect, it } from 'vitest'
import { apply, edit, hiveOf } from './support/arbitrary.js'
import { dump } from './support/dump.js'
import { disturb, plant } from './support/trees.js'

describe('a random hive', () => {
  it('is the same when it is saved and opened, edited, and saved and opened again', () => {
    const version = fc.constantFrom(3, 4, 5, 6)
    const edits = fc.array(edit, { maxLength: 40 })
    fc.assert(
      fc.property(edits, edits, version, (first, second, minor) => {
        const hive = hiveOf(first, { version: minor })
        const opened = Hive.open(hive.toBytes(), [], { now: () => new Date('2024-01-02T03:04:05Z') })
        expect(dump(opened)).toEqual(dump(hive))
        for (const one of second) {
          apply(hive.root, one)
          apply(opened.root, one)
        }
        const again = Hive.open(opened.toBytes())
        expect(dump(again)).toEqual(dump(hive))
        expect(again.verify()).toEqual([])
      }),
      { numRuns: 150 },
    )
  })

  it('is saved to the same bytes whatever order its keys were made in', () => {
    const paths = fc.uniqueArray(fc.constantFrom('a', 'b\\c', 'b\\D', 'b', 'é', 'x\\y\\z'), { minLength: 2 })
    fc.assert(
      fc.property(paths, fc.infiniteStream(fc.nat()), (names, order) => {
        const shuffled = names.map((name) => [order.next().value!, name] as const).sort(([a], [b]) => a - b)
        const of = (list: readonly string[]) => hiveOf(list.map((path) => ({ kind: 'create' as const, path: path.split('\\') }))).toBytes()
        expect(Buffer.compare(of(names), of(shuffled.map(([, name]) => name)))).toBe(0)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a random tree', () => {
  const now = () => new Date('2024-01-02T03:04:05Z')
  const trees = fc.record({
    seed: fc.nat(0xffffff),
    keys: fc.oneof(fc.nat(50), fc.nat(2_000)),
    valueMax: fc.constantFrom(0, 100, 16_345, 200_000, 2 ** 20),
    names: fc.constantFrom('any' as const, 'printable' as const),
  })
  const version = fc.constantFrom(3, 4, 5, 6)

  it('of up to 100,000 keys, with values to 1 MiB, is the same when saved, opened, edited, saved and opened again', {
    timeout: 600_000,
  }, () => {
    const largest = { seed: 1, keys: 100_000, valueMax: 2 ** 20, names: 'any' as const }
    fc.assert(
      fc.property(trees, version, (tree, minor) => {
        const hive = Hive.create({ version: minor, now })
        plant(hive.root, tree)
        const opened = Hive.open(hive.toBytes(), [], { now })
        expect(isDeepStrictEqual(dump(opened), dump(hive))).toBe(true)
        disturb(hive.root, tree.seed)
        disturb(opened.root, tree.seed)
        const again = Hive.open(opened.toBytes())
        expect(isDeepStrictEqual(dump(again), dump(hive))).toBe(true)
        expect(again.verify()).toEqual([])
        expect(again.key('')!.value('largest')!.raw.length).toBe(tree.valueMax)
      }),
      { numRuns: 8, seed: 1, examples: [[largest, 5]] },
    )
  })
})

describe('a list of subkeys', () => {
  it.each([0, 1, 500, 501, 1_000, 1_001, 100_000])('of %i keys comes back', (count) => {
    for (const version of count > 1_001 ? [5] : [3, 5]) {
      const hive = Hive.create({ version })
      for (let i = 0; i < count; i++) hive.root.createSubkey(`key ${i}`)
      const again = Hive.open(hive.toBytes())
      expect([...again.root.subkeys()].map(({ name }) => name)).toEqual([...hive.root.subkeys()].map(({ name }) => name))
      expect(again.verify()).toEqual([])
    }
  })
})

describe('a saved hive', () => {
  it('holds nothing of what was deleted', () => {
    const hive = Hive.create()
    hive.createKey('a\\secret').setValue('v', { type: 'REG_BINARY', data: Buffer.from('hidden away') })
    const opened = Hive.open(hive.toBytes())
    opened.root.deleteSubkey('a')
    const text = Buffer.from(opened.toBytes()).toString('latin1')
    expect(text).not.toContain('secret')
    expect(text).not.toContain('hidden away')
  })

  it('is in bins of whole pages that are filled to the end with cells', () => {
    const hive = Hive.create()
    for (let i = 0; i < 300; i++) hive.root.setValue(`v${i}`, { type: 'REG_BINARY', data: new Uint8Array(i * 40) })
    const bytes = Buffer.from(hive.toBytes())
    expect(bytes.length % 4096).toBe(0)
    expect(bytes.readUInt32LE(40)).toBe(bytes.length - 4096)
    for (let bin = 4096; bin < bytes.length; ) {
      expect(bytes.toString('latin1', bin, bin + 4)).toBe('hbin')
      expect(bytes.readUInt32LE(bin + 4)).toBe(bin - 4096)
      const end = bin + bytes.readUInt32LE(bin + 8)
      let at = bin + 32
      while (at < end) at += Math.abs(bytes.readInt32LE(at))
      expect(at).toBe(end)
      bin = end
    }
  })

  it('wastes less than a quarter of its bytes', () => {
    const hive = Hive.create()
    let used = 0
    for (let i = 0; i < 2000; i++) {
      const size = (i * 7919) % 3000
      hive.createKey(`k${i % 50}`).setValue(`v${i}`, { type: 'REG_BINARY', data: new Uint8Array(size) })
      used += size
    }
    expect(hive.toBytes().length).toBeLessThan(used / 0.75)
  })

  it('shares one security item among all keys with the same descriptor', () => {
    const hive = Hive.create()
    for (let i = 0; i < 100; i++) hive.root.createSubkey(`k${i}`)
    hive.root.createSubkey('own').security = Uint8Array.of(1, 2, 3)
    const text = Buffer.from(hive.toBytes()).toString('latin1')
    expect(text.match(/sk\0\0/g)).toHaveLength(2)
  })
})
