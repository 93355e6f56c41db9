// Recovery by logs, on hives and logs made here: both formats, both sides of every choice.
import { Hive } from 'stratabox/hive'
import { beforeAll, describe, expect, it } from 'vitest'
import { marvin32 } from '../../src/hive/log/marvin32.js'
import { dump } from './support/dump.js'
import { entry, newLog, oldLog, sealEntry, sequenced } from './support/logs.js'

const hiveWith = (text: string) => {
  const hive = Hive.create({ now: () => new Date('2024-01-01T00:00:00Z') })
  hive.root.setValue('state', { type: 'REG_SZ', data: text })
  return Buffer.from(hive.toBytes())
}
const state = (hive: Hive) => hive.root.value('state')?.data

let before: Buffer
let one: Buffer
let two: Buffer
let three: Buffer
beforeAll(() => {
  ;[before, one, two, three] = ['0', '1', '2', '3'].map(hiveWith) as [Buffer, Buffer, Buffer, Buffer]
})

describe('marvin32', () => {
  it.each([
    ['', 0xb39efca4, 0x03966e08],
    ['abcd', 0x20094fb1, 0x1a6cd086],
  ])('of %j is known', (text, high, low) => {
    expect(marvin32(Buffer.from(text))).toEqual({ low, high })
  })
})

describe('a new log', () => {
  it('is applied to a dirty hive, entry after entry', () => {
    const hive = Hive.open(sequenced(before, 6, 5), [newLog(before, 5, entry(one, 5), entry(two, 6))])
    expect(state(hive)).toBe('2')
    expect(hive.warnings).toEqual([])
  })

  it('is not applied to a clean one', () => {
    expect(state(Hive.open(sequenced(before, 5, 5), [newLog(before, 5, entry(one, 5))]))).toBe('0')
  })

  it('goes on in the second log where its numbers follow, in either order', () => {
    const logs = [newLog(before, 5, entry(one, 5)), newLog(before, 6, entry(two, 6), entry(three, 7))]
    for (const order of [logs, [...logs].reverse()]) expect(state(Hive.open(sequenced(before, 6, 5), order))).toBe('3')
  })

  it('stops before a gap', () => {
    const logs = [newLog(before, 5, entry(one, 5), entry(three, 7)), newLog(before, 8, entry(two, 8))]
    expect(state(Hive.open(sequenced(before, 6, 5), logs))).toBe('1')
  })

  it('goes over the end of 32 bits', () => {
    const logs = [newLog(before, 0, entry(two, 0)), newLog(before, 0xffffffff, entry(one, 0xffffffff))]
    expect(state(Hive.open(sequenced(before, 0, 0xffffffff), logs))).toBe('2')
  })

  it('from before the last complete write is not used', () => {
    const hive = Hive.open(sequenced(before, 10, 9), [newLog(before, 5, entry(one, 5)), newLog(before, 9, entry(two, 9))])
    expect(state(hive)).toBe('2')
  })

  it('stops at an entry whose hash is wrong', () => {
    const broken = entry(two, 6)
    broken[600]! ^= 1
    expect(state(Hive.open(sequenced(before, 6, 5), [newLog(before, 5, entry(one, 5), broken, entry(three, 7))]))).toBe('1')
  })

  it('gives its base block where that of the hive is damaged; then only the latest counts', () => {
    const damaged = sequenced(before, 6, 5)
    damaged[508]! ^= 1
    const logs = [newLog(before, 5, entry(one, 5)), newLog(before, 6, entry(two, 6))]
    expect(state(Hive.open(damaged, logs))).toBe('2')
    damaged.fill(0, 0, 512)
    expect(dump(Hive.open(damaged, logs))).toEqual(dump(Hive.open(two)))
  })

  it('makes the hive grow, but not past what it brings', () => {
    const large = Hive.create()
    large.root.setValue('state', { type: 'REG_SZ', data: 'x'.repeat(20_000) })
    const grown = Buffer.from(large.toBytes())
    expect(state(Hive.open(sequenced(before, 6, 5), [newLog(grown, 5, entry(grown, 5))]))).toHaveLength(20_000)

    const greedy = entry(one, 5)
    greedy.writeUInt32LE(0xfffff000, 16)
    sealEntry(greedy)
    const hive = Hive.open(sequenced(before, 6, 5), [newLog(before, 5, greedy)])
    expect(state(hive)).toBe('0')
    expect(hive.warnings.join('\n')).toContain('more than file and logs hold')
  })

  it('whose base block is not valid is left out, with a warning', () => {
    const log = newLog(before, 5, entry(one, 5))
    log[508]! ^= 1
    const hive = Hive.open(sequenced(before, 6, 5), [log, Buffer.alloc(0)])
    expect(state(hive)).toBe('0')
    expect(hive.warnings).toEqual(['log 1: its base block is not valid', 'the hive was not written to its end, and no log fits'])
  })
})

describe('an old log', () => {
  it('is applied to a dirty hive of the same time', () => {
    expect(state(Hive.open(sequenced(before, 6, 5), [oldLog(one, 6)]))).toBe('1')
  })

  it('is not applied to a clean one, nor to a later one', () => {
    expect(state(Hive.open(sequenced(before, 5, 5), [oldLog(one, 6)]))).toBe('0')
    expect(state(Hive.open(sequenced(before, 6, 5), [oldLog(one, 6, { time: 5n })]))).toBe('0')
  })

  it('of two, the later one is used', () => {
    const time = before.readBigUInt64LE(12)
    const logs = [oldLog(one, 6, { time }), oldLog(two, 6, { time: time + 1n })]
    for (const order of [logs, [...logs].reverse()]) expect(state(Hive.open(sequenced(before, 6, 5), order))).toBe('2')
  })

  it('gives its base block where that of the hive is damaged', () => {
    const damaged = sequenced(before, 6, 5)
    damaged.fill(0, 0, 512)
    expect(dump(Hive.open(damaged, [oldLog(one, 6)]))).toEqual(dump(Hive.open(one)))
  })

  it.each([512, 4096] as const)('brings only the pages that its dirty vector names, on a disk with sectors of %i bytes', (sector) => {
    const large = (text: string) => {
      const hive = Hive.open(before, [], { now: () => new Date('2024-01-01T00:00:00Z') })
      for (let i = 0; i < 200; i++) hive.createKey(`key ${i}`).setValue('v', { type: 'REG_SZ', data: `${i}`.repeat(20) })
      hive.key('key 77')!.setValue('v', { type: 'REG_SZ', data: text.repeat(40) })
      return Buffer.from(hive.toBytes())
    }
    const [old, changed] = [large('a'), large('b')]
    const log = oldLog(changed, 6, { before: old, sector })
    expect(log.length).toBeLessThan(2 * sector + 512 * 4)
    const hive = Hive.open(sequenced(old, 6, 5), [log])
    expect(hive.warnings).toEqual([])
    expect(dump(hive)).toEqual(dump(Hive.open(changed)))
    expect(dump(hive)).not.toEqual(dump(Hive.open(old)))
  })

  it('that is cut short is applied as far as it goes', () => {
    const log = oldLog(one, 6)
    const hive = Hive.open(sequenced(before, 6, 5), [log.subarray(0, log.length - 512)])
    expect(hive.warnings).toEqual(['the log is cut short: 1 dirty pages are missing'])
  })

  it('without a dirty vector is left out', () => {
    const log = oldLog(one, 6)
    log.write('????', 512)
    expect(Hive.open(sequenced(before, 6, 5), [log]).warnings[0]).toContain('the log has no dirty vector')
  })
})

it('a log is not a hive', () => {
  expect(() => Hive.open(newLog(before, 5, entry(one, 5)))).toThrow(/a transaction log, not a hive/)
})
