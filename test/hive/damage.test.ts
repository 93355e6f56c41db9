// Damaged and hostile hives: a typed error, or warnings and every key that can be saved; never a hang, never more than the file's size.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { Hive, type Key } from 'stratabox/hive'
import { describe, expect, it } from 'vitest'
import { FormatError } from '../../src/core/index.js'
import { sharedPath } from '../support/shared.js'
import { hiveOf } from './support/arbitrary.js'
import { dump } from './support/dump.js'

const BINS = 4096

function sample(): Buffer {
  const hive = hiveOf([])
  for (const path of ['a\\1', 'a\\2', 'b\\3', 'c']) {
    const key = hive.createKey(path)
    key.setValue('v', { type: 'REG_SZ', data: 'text that is no longer than needed' })
    key.className = 'class'
  }
  hive.root.setValue('big', { type: 'REG_BINARY', data: new Uint8Array(40_000) })
  return Buffer.from(hive.toBytes())
}

/** Where the key's node is in the file: found by its name. */
const nodeOf = (bytes: Buffer, name: string) => bytes.indexOf(Buffer.from(name, 'latin1')) - 76
const paths = (hive: Hive) => dump(hive).map(({ path }) => path)

/** Opens, walks, saves and opens again. Any error but FormatError fails the test. */
function exercise(bytes: Uint8Array, logs: Uint8Array[] = []): void {
  let hive: Hive
  try {
    hive = Hive.open(bytes, logs)
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError)
    return
  }
  const keys = dump(hive)
  expect(keys.length).toBeLessThanOrEqual(bytes.length / 80 + 1)
  const total = keys.flatMap((key) => key.values ?? []).reduce((sum, { size }) => sum + size, 0)
  expect(total).toBeLessThanOrEqual(bytes.length)
  const again = Hive.open(hive.toBytes())
  expect(again.verify()).toEqual([])
  expect(dump(again)).toHaveLength(keys.length)
}

describe('any bytes', () => {
  it('overwritten in a sound hive give an error that is typed, or a hive', () => {
    const sound = sample()
    const where = fc.oneof(
      fc.nat(sound.length - 1),
      fc.nat(200).map((at) => BINS + at),
      fc.nat(511),
    )
    const writes = fc.array(fc.tuple(where, fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff, 0x7f, 0x80))), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(writes, (changes) => {
        const bytes = Buffer.from(sound)
        for (const [at, byte] of changes) bytes[at] = byte
        exercise(bytes)
      }),
      { numRuns: 1000 },
    )
  })

  it('in place of offsets and sizes too', () => {
    const sound = sample()
    const words: number[] = []
    for (let at = BINS; at + 4 <= sound.length && words.length < 4000; at += 4) if (sound.readUInt32LE(at) !== 0) words.push(at)
    const word = fc.oneof(
      fc.constantFrom(...words).map((at) => sound.readUInt32LE(at)),
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.nat(0x4000).map((n) => n * 8),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...words), word), { minLength: 1, maxLength: 10 }), (changes) => {
        const bytes = Buffer.from(sound)
        for (const [at, value] of changes) bytes.writeUInt32LE(value, at)
        exercise(bytes)
      }),
      { numRuns: 1000 },
    )
  })

  it('missing from the end as well', () => {
    const sound = sample()
    fc.assert(
      fc.property(fc.nat(sound.length), (size) => exercise(sound.subarray(0, size))),
      { numRuns: 200 },
    )
  })

  it('overwritten in the hives and logs of the corpus', { timeout: 180_000 }, (ctx) => {
    const folder = sharedPath(ctx, 'corpus/hives')
    const file = (name: string) => readFileSync(`${folder}/${name}`)
    const delta = file('System_Delta')
    const dirty = [
      file('NewDirtyHive1/NewDirtyHive'),
      file('NewDirtyHive1/NewDirtyHive.LOG1'),
      file('NewDirtyHive1/NewDirtyHive.LOG2'),
    ] as const
    const changes = fc.array(fc.tuple(fc.nat(70_000), fc.nat(255)), { minLength: 1, maxLength: 60 })
    const damaged = (bytes: Buffer, list: [number, number][]) => {
      const copy = Buffer.from(bytes)
      for (const [at, byte] of list) copy[at % copy.length] = byte
      return copy
    }
    fc.assert(
      fc.property(changes, changes, (a, b) => {
        exercise(damaged(delta, a))
        exercise(damaged(dirty[0], a), [damaged(dirty[1], b), damaged(dirty[2], a)])
      }),
      { numRuns: 60 },
    )
  })
})

describe('what is no hive', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['too short', Buffer.from('regf')],
    ['zeros', Buffer.alloc(8192)],
    ['a base block alone', sample().subarray(0, BINS)],
    ['version 1.2', Object.assign(sample(), { 24: 2 })],
    ['version 1.7', Object.assign(sample(), { 24: 7 })],
    ['version 2.5', Object.assign(sample(), { 20: 2 })],
  ])('is a FormatError: %s', (_, bytes) => {
    expect(() => Hive.open(bytes)).toThrow(FormatError)
  })
})

describe('damage', () => {
  it('to the checksum costs nothing but a warning', () => {
    const bytes = sample()
    bytes[508]! ^= 1
    const hive = Hive.open(bytes)
    expect(paths(hive)).toEqual(paths(Hive.open(sample())))
    expect(hive.warnings).toEqual(['the base block has a wrong checksum, and no log fits'])
  })

  it("to the root's offset: the root is found by its flag", () => {
    const bytes = sample()
    bytes.writeUInt32LE(0x7ffffff0, 36)
    expect(paths(Hive.open(bytes))).toEqual(paths(Hive.open(sample())))
  })

  it('to one key costs that key and what is below it', () => {
    const bytes = sample()
    bytes.write('xx', bytes.indexOf('nk', nodeOf(bytes, 'a') - 1), 'latin1')
    const hive = Hive.open(bytes)
    expect(paths(hive).length).toBeLessThan(8)
    expect(hive.warnings.join('\n')).toMatch(/subkey: at byte \d+: not a key node/)
  })

  it('to a list of subkeys costs nothing: the keys name their parents', () => {
    const bytes = sample()
    for (let at = bytes.indexOf('lh', BINS); at >= 0; at = bytes.indexOf('lh', at + 2)) bytes.write('??', at)
    const hive = Hive.open(bytes)
    expect(paths(hive)).toEqual(paths(Hive.open(sample())))
    expect(hive.warnings.join('\n')).toContain('search of the whole file')
  })

  it('to a class, a security item or one value costs only that', () => {
    const bytes = sample()
    bytes.write('??', bytes.indexOf('sk', BINS))
    bytes.write('??', bytes.indexOf('vk', BINS))
    const hive = Hive.open(bytes)
    expect(paths(hive)).toEqual(paths(Hive.open(sample())))
    expect(hive.root.security).toBeUndefined()
    expect(Hive.open(hive.toBytes()).root.security).toBeDefined()
    expect(hive.warnings.join('\n')).toContain('not a key security item')
    expect(hive.warnings.join('\n')).toContain('not a key value')
  })

  it('to the header of a bin is passed over', () => {
    const bytes = sample()
    bytes.write('????', BINS)
    const hive = Hive.open(bytes)
    expect(paths(hive)).toEqual(paths(Hive.open(sample())))
    expect(hive.warnings[0]).toMatch(/^hive bin at 0: the header is damaged/)
  })
})

describe('a hostile hive', () => {
  it('whose root is its own subkey ends', () => {
    const bytes = sample()
    const root = bytes.readUInt32LE(36)
    bytes.writeUInt32LE(root, bytes.indexOf('lh', BINS) + 4)
    bytes.writeUInt32LE(root, BINS + root + 4 + 16)
    expect(paths(Hive.open(bytes)).length).toBeLessThanOrEqual(8)
  })

  it('whose values share one large cell has its data once', () => {
    const hive = Hive.create({ version: 3 })
    const big = new Uint8Array(200_000)
    hive.root.setValue('big', { type: 'REG_BINARY', data: big })
    for (let i = 0; i < 200; i++) hive.root.setValue(`v${i}`, { type: 'REG_BINARY', data: new Uint8Array(8) })
    const bytes = Buffer.from(hive.toBytes())
    const shared = bytes.readUInt32LE(bytes.indexOf('big', BINS) - 20 + 8)
    for (let at = bytes.indexOf('vk', BINS); at >= 0 && at < bytes.length; at = bytes.indexOf('vk', at + 2)) {
      bytes.writeUInt32LE(200_000, at + 4)
      bytes.writeUInt32LE(shared, at + 8)
    }
    const opened = Hive.open(bytes)
    expect([...opened.root.values()].map(({ name }) => name)).toEqual(['big'])
    expect(opened.warnings.join('\n')).toContain('the cell belongs to another record')
  })

  it('deeper than 512 levels is cut there', () => {
    // A list in the deepest key that leads to one key more: made by hand, as createSubkey refuses it.
    const hive = Hive.create()
    hive.createKey(Array.from({ length: 511 }, () => 'k').join('\\')).createSubkey('deep')
    const bytes = Buffer.from(hive.toBytes())
    const extra = Hive.open(bytes)
    let key: Key = extra.root
    for (let next: Key | undefined = key; next !== undefined; next = [...next.subkeys()][0]) key = next
    expect(key.path.split('\\')).toHaveLength(512)
    const node = nodeOf(bytes, 'deep')
    bytes.writeUInt32LE(1, node + 20)
    bytes.writeUInt32LE(32, node + 28)
    const opened = Hive.open(bytes)
    expect(opened.verify().join('\n')).toContain('keys lie deeper than 512 levels')
  })

  it('with damage without end has a bounded list of warnings', () => {
    const hive = Hive.create()
    for (let i = 0; i < 3000; i++) hive.root.setValue(`v${i}`, { type: 'REG_DWORD', data: i })
    const bytes = Buffer.from(hive.toBytes())
    for (let at = bytes.indexOf('vk', BINS); at >= 0; at = bytes.indexOf('vk', at + 2)) bytes.write('??', at)
    const { length } = Hive.open(bytes).verify()
    expect(length).toBe(1001)
  })
})
