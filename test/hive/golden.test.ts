// What is written, byte by byte: the fields that the regf specification names, at its offsets.
import { createHash } from 'node:crypto'
import { Hive, LayeredHive } from 'stratabox/hive'
import { describe, expect, it } from 'vitest'

const NIL = 0xffffffff
const now = () => new Date('2024-01-02T03:04:05Z')
const CELL = 4096 + 4

/** The record of a key or value in the file, found by its name, which follows `size` bytes of fields. */
function record(bytes: Buffer, signature: string, size: number, name: string): Buffer {
  for (let at = bytes.indexOf(name, 4096, 'latin1'); at >= 0; at = bytes.indexOf(name, at + 1, 'latin1'))
    if (bytes.toString('latin1', at - size, at - size + 2) === signature) return bytes.subarray(at - size)
  throw new Error(`no ${signature} named ${name}`)
}

describe('a delta hive', () => {
  it('has the flag, the version, the layer bits and the tombstone values where Windows has them', () => {
    const base = Hive.create({ now })
    for (const name of ['gone', 'merged', 'local']) base.createKey(name).setValue('hidden', { type: 'REG_DWORD', data: 1 })
    const view = new LayeredHive(base, Hive.create({ layered: true, now }))
    view.root.deleteSubkey('gone')
    view.key('merged')!.deleteValue('hidden')
    view.createKey('fresh')
    view.top.createKey('local').layer = 'supersede-local'
    const bytes = Buffer.from(view.top.toBytes())
    expect([bytes.readUInt32LE(20), bytes.readUInt32LE(24), bytes.readUInt32LE(144)]).toEqual([1, 6, 2])
    const layerByte = (name: string) => record(bytes, 'nk', 76, name)[13]
    expect(['gone', 'merged', 'fresh', 'local', 'ROOT'].map(layerByte)).toEqual([1, 0x80, 3, 2, 0x80])
    // A tombstone has no class, subkeys or values.
    const gone = record(bytes, 'nk', 76, 'gone')
    expect([20, 28, 36, 40, 48].map((at) => gone.readUInt32LE(at))).toEqual([0, NIL, 0, NIL, NIL])
    const value = record(bytes, 'vk', 20, 'hidden')
    expect([4, 8, 12].map((at) => value.readUInt32LE(at))).toEqual([0, NIL, 0])
    expect(value.readUInt16LE(16)).toBe(0x2 | 0x1)
  })
})

describe('a hive', () => {
  const make = () => {
    const hive = Hive.create({ now })
    const key = hive.createKey('Vendor\\App')
    key.className = 'Cls'
    key.setValue('Name', { type: 'REG_SZ', data: 'abc' })
    key.setValue('Small', { type: 'REG_DWORD', data: 7 })
    key.setValue('Большой', { type: 'REG_BINARY', data: new Uint8Array(20_000).fill(9) })
    return Buffer.from(hive.toBytes())
  }

  it('has its fields where the specification puts them', () => {
    const bytes = make()
    const at = (offset: number) => bytes.subarray(CELL + offset)
    const node = record(bytes, 'nk', 76, 'App')
    expect(node.readUInt16LE(2)).toBe(0x20)
    expect(node.readBigUInt64LE(4)).toBe(133_486_382_450_000_000n)
    expect([node.readUInt32LE(20), node.readUInt32LE(36)]).toEqual([0, 3])
    // The largest lengths below: value names in UTF-16, data.
    expect([node.readUInt32LE(60), node.readUInt32LE(64)]).toEqual([14, 20_000])
    expect(at(node.readUInt32LE(48)).toString('utf16le', 0, node.readUInt16LE(74))).toBe('Cls')
    const parent = at(node.readUInt32LE(16))
    expect(parent.toString('latin1', 76, 76 + parent.readUInt16LE(72))).toBe('Vendor')
    // The hash of a leaf: h = 37 h + unit, upper-cased.
    const leaf = at(parent.readUInt32LE(28))
    expect(leaf.toString('latin1', 0, 2)).toBe('lh')
    expect(leaf.readUInt32LE(8)).toBe((0x41 * 37 + 0x50) * 37 + 0x50)
    const small = record(bytes, 'vk', 20, 'Small')
    expect([small.readUInt32LE(4), small.readUInt32LE(8), small.readUInt32LE(12)]).toEqual([0x80000004, 7, 4])
    const text = record(bytes, 'vk', 20, 'Name')
    expect(at(text.readUInt32LE(8)).toString('utf16le', 0, text.readUInt32LE(4))).toBe('abc\0')
  })

  it('splits data past 16,344 bytes into segments that lie in their order', () => {
    const bytes = make()
    const name = Buffer.from('Большой', 'utf16le')
    const value = bytes.subarray(bytes.indexOf(name, 4096) - 20)
    expect([value.readUInt16LE(2), value.readUInt32LE(4), value.readUInt16LE(16)]).toEqual([14, 20_000, 0])
    const big = bytes.subarray(CELL + value.readUInt32LE(8))
    expect([big.toString('latin1', 0, 2), big.readUInt16LE(2)]).toEqual(['db', 2])
    const list = bytes.subarray(CELL + big.readUInt32LE(4))
    const [first, second] = [list.readUInt32LE(0), list.readUInt32LE(4)]
    expect(first).toBeLessThan(second)
    expect(bytes.subarray(CELL + first, CELL + first + 16_344).every((byte) => byte === 9)).toBe(true)
    expect(bytes.subarray(CELL + second, CELL + second + 20_000 - 16_344).every((byte) => byte === 9)).toBe(true)
  })

  it('is the same file wherever and whenever it is made', () => {
    expect(createHash('sha256').update(make()).digest('hex')).toBe('fa1c88be35ac6e1c74519a7cf5113e95b5dce79e689fcb71c250f6bd34f758b5')
  })
})
