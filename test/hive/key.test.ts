// Keys and values of one hive: names, limits, times, errors.
import { Hive } from 'stratabox/hive'
import { describe, expect, it } from 'vitest'

const at = (iso: string) => ({ now: () => new Date(iso) })
const reopened = (hive: Hive) => Hive.open(hive.toBytes())

describe('names', () => {
  it('are compared without regard to case, and kept as they were first written', () => {
    const hive = Hive.create()
    hive.createKey('Software\\Ünïcode').setValue('Wert', { type: 'REG_DWORD', data: 1 })
    hive.createKey('SOFTWARE\\üNÏCODE').setValue('WERT', { type: 'REG_DWORD', data: 2 })
    expect([...hive.root.subkeys()].map(({ name }) => name)).toEqual(['Software'])
    expect(hive.key('software\\ÜnÏcode')?.path).toBe('Software\\Ünïcode')
    expect(reopened(hive).key('SOFTWARE\\ÜNÏCODE')?.value('wert')).toMatchObject({ name: 'Wert', data: 2 })
  })

  it.each([
    ['ß', 'SS', 'sharp s has no upper case in Windows'],
    ['ı', 'I', 'dotless i is a letter of its own'],
    ['ſ', 'S', 'long s too'],
    ['µ', 'Μ', 'micro is not the Greek letter'],
    ['ა', 'Ა', 'Georgian capitals are younger than the table'],
  ])('%s and %s are two: %s', (a, b) => {
    const hive = Hive.create()
    hive.createKey(a)
    expect(hive.key(b)).toBeUndefined()
  })

  it.each([
    ['ÿ', 'Ÿ'],
    ['ǆ', 'Ǆ'],
    ['ᾳ', 'ᾼ'],
    ['я', 'Я'],
    ['ⓩ', 'Ⓩ'],
  ])('%s and %s are one', (a, b) => {
    const hive = Hive.create()
    hive.createKey(a)
    expect(hive.key(b)?.name).toBe(a)
  })

  it('list subkeys by upper-cased name', () => {
    const hive = Hive.create()
    for (const name of ['b', '_', 'A', 'Z', 'a1', 'я']) hive.root.createSubkey(name)
    expect([...hive.root.subkeys()].map(({ name }) => name)).toEqual(['A', 'a1', 'b', 'Z', '_', 'я'])
  })

  it('have limits: 255 units, no backslash, not empty; values 16,383', () => {
    const { root } = Hive.create()
    expect(root.createSubkey('x'.repeat(255)).name).toHaveLength(255)
    for (const name of ['x'.repeat(256), 'a\\b', '']) expect(() => root.createSubkey(name)).toThrow(TypeError)
    root.setValue('v'.repeat(16_383), { type: 'REG_SZ', data: '' })
    expect(() => root.setValue('v'.repeat(16_384), { type: 'REG_SZ', data: '' })).toThrow(TypeError)
  })
})

describe('levels', () => {
  it('go to 512 and no further', () => {
    const hive = Hive.create()
    const path = Array.from({ length: 512 }, () => 'k').join('\\')
    hive.createKey(path)
    expect(() => hive.createKey(`${path}\\k`)).toThrow(RangeError)
    expect(reopened(hive).key(path)?.path).toBe(path)
  })
})

describe('a change', () => {
  it('stamps the key that holds what changed, and no other', () => {
    let now = new Date('2020-01-01T00:00:00Z')
    const hive = Hive.create({ now: () => now })
    const key = hive.createKey('a\\b')
    const times = () => ['', 'a', 'a\\b'].map((path) => hive.key(path)?.lastWritten.getUTCFullYear())
    now = new Date('2021-01-01T00:00:00Z')
    key.setValue('v', { type: 'REG_SZ', data: 'x' })
    expect(times()).toEqual([2020, 2020, 2021])
    now = new Date('2022-01-01T00:00:00Z')
    key.deleteValue('not there')
    hive.root.deleteSubkey('not there')
    expect(times()).toEqual([2020, 2020, 2021])
    hive.key('a')!.deleteSubkey('B')
    expect(times()).toEqual([2020, 2022, undefined])
  })

  it('of a deleted key is refused, also of one below it', () => {
    const hive = Hive.create()
    const key = hive.createKey('a\\b')
    hive.root.deleteSubkey('a')
    expect(() => key.setValue('v', { type: 'REG_SZ', data: '' })).toThrow(expect.objectContaining({ code: 'ERR_KEY_DELETED' }))
  })

  it('to what was read out changes nothing in the hive', () => {
    const hive = Hive.create()
    hive.root.setValue('v', { type: 'REG_BINARY', data: Buffer.from([1, 2, 3]) })
    const bytes = hive.toBytes()
    // A Buffer on purpose: its slice shares memory.
    const opened = Hive.open(Buffer.from(bytes))
    opened.root.value('v')!.raw.fill(9)
    opened.root.security!.fill(9)
    expect(Buffer.compare(opened.toBytes(), bytes)).toBe(0)
  })
})

describe('times', () => {
  it('are kept to 100 ns, and are milliseconds as Dates', () => {
    const hive = Hive.create()
    hive.root.lastWrittenFiletime = 131331178057586683n
    expect(reopened(hive).root.lastWrittenFiletime).toBe(131331178057586683n)
    expect(hive.root.lastWritten.toISOString()).toBe('2017-03-04T16:16:45.758Z')
    hive.root.lastWritten = new Date('1601-01-01T00:00:00Z')
    expect(hive.root.lastWrittenFiletime).toBe(0n)
  })

  it('outside of what 64 bits from 1601 hold are refused', () => {
    const { root } = Hive.create()
    root.lastWrittenFiletime = 0xffffffffffffffffn
    expect(root.lastWritten.getTime()).toBeLessThanOrEqual(8.64e15)
    expect(() => {
      root.lastWrittenFiletime = 0x10000000000000000n
    }).toThrow(RangeError)
    expect(() => {
      root.lastWritten = new Date('1600-12-31T23:59:59.999Z')
    }).toThrow(RangeError)
    expect(() => {
      root.lastWritten = new Date(Number.NaN)
    }).toThrow(RangeError)
  })
})

describe('class, security and link', () => {
  it('are kept', () => {
    const hive = Hive.create()
    const key = hive.createKey('k')
    key.className = 'Klasse ÄЯ'
    key.security = Uint8Array.of(1, 0, 4, 0x80)
    key.isSymlink = true
    key.setValue('SymbolicLinkValue', { type: 'REG_LINK', data: '\\REGISTRY\\MACHINE' })
    const again = reopened(hive).key('k')!
    expect(again).toMatchObject({ className: 'Klasse ÄЯ', isSymlink: true })
    expect(again.security).toEqual(Uint8Array.of(1, 0, 4, 0x80))
    expect(again.value('symboliclinkvalue')).toMatchObject({ type: 'REG_LINK', data: '\\REGISTRY\\MACHINE' })
  })

  it('a subkey has the security of its parent; a key without one is saved with it', () => {
    const hive = Hive.create()
    hive.root.security = Uint8Array.of(7)
    const key = hive.createKey('k')
    expect(key.security).toEqual(Uint8Array.of(7))
    key.security = undefined
    expect(reopened(hive).key('k')?.security).toEqual(Uint8Array.of(7))
  })
})

describe('Hive.create', () => {
  it.each([3, 4, 5, 6])('writes version 1.%i', (version) => {
    const hive = Hive.create({ version, ...at('2020-01-01T00:00:00Z') })
    hive.createKey('sub').setValue('big', { type: 'REG_BINARY', data: new Uint8Array(50_000).fill(3) })
    const again = reopened(hive)
    expect(again.version).toBe(version)
    expect(again.verify()).toEqual([])
    expect(Buffer.compare(again.key('sub')!.value('big')!.raw, new Uint8Array(50_000).fill(3))).toBe(0)
  })

  it('refuses other versions and unknown options', () => {
    for (const version of [2, 7, 5.5]) expect(() => Hive.create({ version })).toThrow(RangeError)
    expect(() => Hive.create({ layerd: true } as object)).toThrow(/unknown option 'layerd'/)
  })

  it('makes a hive without layers, where layer bits are refused', () => {
    const { root } = Hive.create()
    expect(root.layer).toBeUndefined()
    expect(() => root.tombstoneValue('v')).toThrow(TypeError)
    expect(() => {
      root.layer = 'tombstone'
    }).toThrow(TypeError)
  })
})
