// One key among many siblings: found by itself, without reading them, and the same in all that follows.
import { Hive } from 'stratabox/hive'
import { describe, expect, it } from 'vitest'
import { dump } from './support/dump.js'

const now = () => new Date('2024-01-02T03:04:05Z')

function wide(version: number, count: number): Uint8Array {
  const hive = Hive.create({ version, now })
  for (let i = 0; i < count; i++) hive.root.createSubkey(`Ключ ${i}`).setValue('v', { type: 'REG_DWORD', data: i })
  return hive.toBytes()
}

// Hashes, hints (before 1.5), a list by itself, one with a root, and too few to look for one alone.
describe.each([
  [5, 99],
  [5, 100],
  [5, 500],
  [5, 1200],
  [3, 1200],
])('in version 1.%i, of %i subkeys', (version, count) => {
  const bytes = wide(version, count)

  it('one is found in any case of letters, again as the same object, and among all of them', () => {
    const { root } = Hive.open(bytes)
    const key = root.subkey('КЛЮЧ 77')!
    expect([key.name, key.path, key.value('v')!.data]).toEqual(['Ключ 77', 'Ключ 77', 77])
    expect(root.subkey('ключ 77')).toBe(key)
    expect([...root.subkeys()].filter((one) => one === key)).toHaveLength(1)
    expect([...root.subkeys()]).toHaveLength(count)
    expect(root.subkey('Ключ 77')).toBe(key)
    expect(root.subkey('Ключ -1')).toBeUndefined()
  })

  it('lookups before reading all change nothing', () => {
    const hive = Hive.open(bytes)
    for (let i = 0; i < 50; i++) hive.key(`Ключ ${i}`)!.value('v')
    expect(hive.verify()).toEqual([])
    expect(dump(hive)).toEqual(dump(Hive.open(bytes)))
    expect(Buffer.compare(hive.toBytes(), bytes)).toBe(0)
  })

  it('one that was found can be changed and deleted', () => {
    const hive = Hive.open(bytes, [], { now })
    const [changed, gone] = [hive.key('Ключ 5')!, hive.key('Ключ 6')!]
    changed.setValue('v', { type: 'REG_DWORD', data: 1000 })
    hive.root.deleteSubkey('Ключ 6')
    expect(() => gone.setValue('v', { type: 'REG_DWORD', data: 1 })).toThrow(expect.objectContaining({ code: 'ERR_KEY_DELETED' }))
    const again = Hive.open(hive.toBytes())
    expect(again.key('Ключ 5')!.value('v')!.data).toBe(1000)
    expect(again.key('Ключ 6')).toBeUndefined()
    expect([...again.root.subkeys()]).toHaveLength(count - 1)
  })
})

it('a damaged list is read as a whole, with its warning, where one key of it is looked for', () => {
  const bytes = Buffer.from(wide(5, 300))
  bytes.write('??', bytes.indexOf('lh', 4096))
  const hive = Hive.open(bytes)
  expect(hive.key('Ключ 5')!.value('v')!.data).toBe(5)
  expect(hive.warnings.join('\n')).toContain('search of the whole file')
})

it('a hash that leads to a key of another name, or of another parent, is not followed', () => {
  const bytes = Buffer.from(wide(5, 300))
  const leaf = bytes.indexOf('lh', 4096)
  const elements = leaf + 4
  // The hash of the first stands before the offset of the second: still found, by reading all.
  bytes.writeUInt32LE(bytes.readUInt32LE(elements + 4), elements + 12)
  const hive = Hive.open(bytes)
  const names = [...Hive.open(bytes).root.subkeys()].slice(0, 2).map(({ name }) => name)
  for (const name of names) expect(hive.key(name)!.name).toBe(name)
  expect(hive.verify()).toEqual([])
})
