// Values of all types: what is stored for what the API takes, and the other way round.
import { Hive, type RegistryData } from 'stratabox/hive'
import { describe, expect, it } from 'vitest'

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')
const utf16 = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'))

function stored(data: RegistryData) {
  const hive = Hive.create()
  hive.root.setValue('v', data)
  return Hive.open(hive.toBytes()).root.value('v')!
}

describe('what the API takes', () => {
  it.each<[RegistryData, string]>([
    [{ type: 'REG_SZ', data: 'hé' }, '6800e9000000'],
    [{ type: 'REG_SZ', data: '' }, '0000'],
    [{ type: 'REG_EXPAND_SZ', data: '%a%' }, '2500610025000000'],
    [{ type: 'REG_LINK', data: '\\R' }, '5c005200'],
    [{ type: 'REG_MULTI_SZ', data: [] }, '0000'],
    [{ type: 'REG_MULTI_SZ', data: ['a', '', 'b'] }, '610000000000620000000000'],
    [{ type: 'REG_DWORD', data: 0xfffffffe }, 'feffffff'],
    [{ type: 'REG_DWORD_BIG_ENDIAN', data: 1 }, '00000001'],
    [{ type: 'REG_QWORD', data: 2n ** 64n - 2n }, 'feffffffffffffff'],
    [{ type: 'REG_NONE', data: new Uint8Array(0) }, ''],
    [{ type: 'REG_BINARY', data: Uint8Array.of(1, 2, 3, 4, 5) }, '0102030405'],
    [{ type: 'REG_RESOURCE_LIST', data: Uint8Array.of(8) }, '08'],
    [{ type: 'REG_FULL_RESOURCE_DESCRIPTOR', data: Uint8Array.of(9) }, '09'],
    [{ type: 'REG_RESOURCE_REQUIREMENTS_LIST', data: Uint8Array.of(10) }, '0a'],
    [{ type: 0xffff0010, data: Uint8Array.of(1, 2) }, '0102'],
  ])('%o is stored as %s and comes back', (data, bytes) => {
    const value = stored(data)
    expect(hex(value.raw)).toBe(bytes)
    expect(value).toEqual({ ...data, name: 'v', raw: value.raw })
  })

  it.each<[unknown, new () => Error]>([
    [{ type: 'REG_SZ', data: 'a\0b' }, TypeError],
    [{ type: 'REG_SZ', data: 1 }, TypeError],
    [{ type: 'REG_MULTI_SZ', data: 'a' }, TypeError],
    [{ type: 'REG_DWORD', data: -1 }, RangeError],
    [{ type: 'REG_DWORD', data: 2 ** 32 }, RangeError],
    [{ type: 'REG_DWORD', data: 1n }, TypeError],
    [{ type: 'REG_QWORD', data: 2n ** 64n }, RangeError],
    [{ type: 'REG_QWORD', data: 1 }, TypeError],
    [{ type: 'REG_BINARY', data: [1] }, TypeError],
    [{ type: 'REG_WORD', data: 1 }, TypeError],
    [{ type: -1, data: new Uint8Array(0) }, RangeError],
    [{ type: 2 ** 32, data: new Uint8Array(0) }, RangeError],
  ])('%o is refused', (data, error) => {
    expect(() => stored(data as RegistryData)).toThrow(error)
  })
})

describe('what is stored', () => {
  it.each<[number, Uint8Array, RegistryData]>([
    [1, utf16('no end'), { type: 'REG_SZ', data: 'no end' }],
    [1, utf16('end\0rest'), { type: 'REG_SZ', data: 'end' }],
    [1, Uint8Array.of(0x61, 0, 0x62), { type: 'REG_SZ', data: 'a' }],
    [1, new Uint8Array(0), { type: 'REG_SZ', data: '' }],
    [1, Uint8Array.of(0, 0xd8), { type: 'REG_SZ', data: '\ud800' }],
    [7, utf16('a\0b'), { type: 'REG_MULTI_SZ', data: ['a', 'b'] }],
    [7, utf16('a\0'), { type: 'REG_MULTI_SZ', data: ['a'] }],
    [7, new Uint8Array(0), { type: 'REG_MULTI_SZ', data: [] }],
    [7, utf16('\0\0'), { type: 'REG_MULTI_SZ', data: [''] }],
    [4, Uint8Array.of(1, 2, 3), { type: 4, data: Uint8Array.of(1, 2, 3) }],
    [5, new Uint8Array(5), { type: 5, data: new Uint8Array(5) }],
    [11, new Uint8Array(4), { type: 11, data: new Uint8Array(4) }],
    [12, Uint8Array.of(1), { type: 12, data: Uint8Array.of(1) }],
  ])('as type %i, %o is %o', (type, raw, data) => {
    expect(stored({ type, data: raw })).toEqual({ ...data, name: 'v', raw })
  })
})

describe('length', () => {
  it.each([0, 1, 4, 5, 4_060, 4_061, 16_343, 16_344, 16_345, 32_688, 32_689, 2 ** 20])(
    '%i bytes come back, in versions with and without big data',
    (size) => {
      const data = Uint8Array.from({ length: size }, (_, i) => i * 7)
      for (const version of [3, 5]) {
        const hive = Hive.create({ version })
        hive.root.setValue('', { type: 'REG_BINARY', data })
        const again = Hive.open(hive.toBytes())
        expect(Buffer.compare(again.root.value()!.raw, data)).toBe(0)
        expect(again.verify()).toEqual([])
      }
    },
  )
})
