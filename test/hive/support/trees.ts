// Large random trees, by a seed: what fast-check would be too slow to make and to shrink.
import type { Key, RegistryData } from 'stratabox/hive'

/** What a tree is made of. */
export interface TreeOptions {
  readonly seed: number
  readonly keys: number
  /** Length of the largest value; there is one. */
  readonly valueMax: number
  /** 'any' has NULs, halves of pairs and names of 255 units; 'printable' has letters of several alphabets. */
  readonly names: 'any' | 'printable'
}

const PRINTABLE = ['key', 'Key with spaces', 'Straße', 'ÀÉÎ', 'Ключ', 'κλειδί', '鍵', 'x']
const ANY = [...PRINTABLE, '\u{1f600}', 'nul\0in', '\ud800half', 'l'.repeat(240), 'Я'.repeat(240), ' ', '/', '"', '\r\n']
const SIZES = [0, 1, 3, 4, 5, 8, 20, 60, 4_060, 4_061, 16_339]
const TICKS_2024 = 133_485_408_000_000_000n

type Random = (n: number) => number

/** Whole numbers from 0 to n - 1: xorshift32. */
export function randomOf(seed: number): Random {
  let state = (seed + 1) * 2_654_435_761 || 1
  return (n) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % n
  }
}

const bytes = (random: Random, size: number) => Uint8Array.from({ length: size }, () => random(256))

/** `isPlain`: nothing of one to three bytes, which stand in the value's record; libregf takes their bytes in the wrong order. */
function dataOf(random: Random, isPlain: boolean): RegistryData {
  switch (random(6)) {
    case 0:
      return { type: 'REG_SZ', data: `text ${random(1000)} é Я` }
    case 1:
      return { type: 'REG_DWORD', data: random(0xffffffff) }
    case 2:
      return { type: 'REG_QWORD', data: BigInt(random(0xffffffff)) << 20n }
    case 3:
      return { type: 'REG_MULTI_SZ', data: ['a', 'Ж', 'c'].slice(random(isPlain ? 2 : 4)) }
    default:
      // Longer data is seldom, as in true hives.
      return { type: 'REG_BINARY', data: bytes(random, (isPlain ? 5 : 0) + SIZES[random(random(40) === 0 ? SIZES.length : 8)]!) }
  }
}

/** Puts a tree under `root`. The same options give the same tree. */
export function plant(root: Key, { seed, keys, valueMax, names }: TreeOptions): void {
  const random = randomOf(seed)
  const isPlain = names === 'printable'
  const words = names === 'any' ? ANY : PRINTABLE
  const planted: Key[] = [root]
  const name = () => `${words[random(words.length)]!}${random(1e6).toString(36)}`
  for (let i = 0; i < keys; i++) {
    // Some keys get thousands of subkeys, most none.
    const parent = planted[random(random(3) === 0 ? planted.length : Math.min(planted.length, 20))]!
    const key = parent.createSubkey(name())
    planted.push(key)
    for (let values = random(2) * random(4); values > 0; values--) key.setValue(name(), dataOf(random, isPlain))
    if (random(8) === 0) key.setValue('', dataOf(random, isPlain))
    if (random(10) === 0) key.className = name()
    if (random(10) === 0) key.security = bytes(randomOf(random(5)), 64)
    key.lastWrittenFiletime = TICKS_2024 + BigInt(random(1e9))
  }
  root.setValue('largest', { type: 'REG_BINARY', data: bytes(random, valueMax) })
}

/** Changes some part of what lies under `root`. The same seed does the same to equal trees. `isPlain`: with printable names, as of `plant`. */
export function disturb(root: Key, seed: number, isPlain = false): void {
  const random = randomOf(seed)
  const walk = (key: Key): void => {
    for (const subkey of [...key.subkeys()]) {
      const chance = random(40)
      if (chance === 0) key.deleteSubkey(subkey.name)
      else if (chance < 4) {
        subkey.setValue(`new ${chance}`, dataOf(random, isPlain))
        for (const { name } of [...subkey.values()].slice(0, 2)) subkey.deleteValue(name)
        subkey.createSubkey(`made ${random(1000)}`).className = 'made'
      } else if (chance < 6) subkey.lastWrittenFiletime = BigInt(random(1e9))
      if (chance !== 0) walk(subkey)
    }
  }
  walk(root)
}
