// A hive as plain data, so that two can be compared: all that a save must keep.
import { createHash } from 'node:crypto'
import type { Hive, Key, LayeredHive } from 'stratabox/hive'

/** The form of ../shared/corpus/hives/*.expected.json; times as text, as they do not fit a number. */
export interface DumpedKey {
  path: string
  lastWritten: string
  class?: string
  layerBits?: number
  values?: { name: string; type: number; size: number; sha256: string; tombstone?: true }[]
  securitySha256?: string
}

const NUMBERS: Record<string, number> = {
  REG_NONE: 0,
  REG_SZ: 1,
  REG_EXPAND_SZ: 2,
  REG_BINARY: 3,
  REG_DWORD: 4,
  REG_DWORD_BIG_ENDIAN: 5,
  REG_LINK: 6,
  REG_MULTI_SZ: 7,
  REG_RESOURCE_LIST: 8,
  REG_FULL_RESOURCE_DESCRIPTOR: 9,
  REG_RESOURCE_REQUIREMENTS_LIST: 10,
  REG_QWORD: 11,
}
const SEMANTICS = { merge: 0, tombstone: 1, 'supersede-local': 2, 'supersede-tree': 3 }

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** All keys, in the order in which they are listed. */
export function dump(hive: Hive | LayeredHive): DumpedKey[] {
  return [...below(hive.root)].map(dumpKey)
}

function* below(key: Key): Generator<Key> {
  yield key
  for (const subkey of key.subkeys()) yield* below(subkey)
}

function dumpKey(key: Key): DumpedKey {
  const values = [...key.values()].map(({ name, type, raw, tombstone }) => {
    const number = typeof type === 'number' ? type : NUMBERS[type]!
    return { name, type: number, size: raw.length, sha256: sha256(raw), ...(tombstone && { tombstone }) }
  })
  const layerBits = (key.layer === undefined ? 0 : SEMANTICS[key.layer]) | (key.inheritsClass ? 0x80 : 0)
  return {
    path: key.path,
    lastWritten: String(key.lastWrittenFiletime),
    ...(key.className !== undefined && { class: key.className }),
    ...(layerBits !== 0 && { layerBits }),
    ...(values.length > 0 && { values }),
    ...(key.security !== undefined && { securitySha256: sha256(key.security) }),
  }
}

/** Sorted, with values sorted too: for hives whose lists were out of order, or made in another order. */
export function dumpSorted(hive: Hive | LayeredHive): DumpedKey[] {
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
  return dump(hive)
    .map((key) => (key.values === undefined ? key : { ...key, values: key.values.sort(byName) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}
