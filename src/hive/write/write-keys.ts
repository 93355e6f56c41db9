// Writes a key and all below it: node, class, values, subkeys, list of subkeys.
import type { HiveKey } from '../hive-key.js'
import { NIL } from '../records/cell.js'
import { encodeKeyNode, KEY_FLAG, keyNodeSize } from '../records/nk.js'
import { encodeIndexRoot, encodeLeaf, LEAF_MAX } from '../records/subkey-list.js'
import { encodeUtf16 } from '../text.js'
import type { Allocator } from './allocator.js'
import type { SecurityRing } from './security-ring.js'
import { writeValues } from './write-values.js'

/** What all keys of one save share. */
export interface Writer {
  readonly cells: Allocator
  readonly security: SecurityRing
  readonly minor: number
}

/** Where a key's parent is, and the security for keys that have none of their own. */
export interface Place {
  readonly parent: number
  readonly security: Uint8Array
}

/** The offset of the key's node. Recursion is safe: keys lie at most 512 levels deep. */
export function writeKey(writer: Writer, key: HiveKey, place: Place): number {
  const { cells, minor } = writer
  const { stored } = key
  const offset = cells.reserve(keyNodeSize(stored.name))
  const descriptor = stored.security ?? place.security
  const security = writer.security.reference(descriptor)
  const classBytes = encodeUtf16(stored.className ?? '')
  const classAt = classBytes.length === 0 ? NIL : cells.store(classBytes)
  const values = writeValues(cells, key.storedValues(), minor)
  const subkeys = key.sortedSubkeys().map((subkey) => ({
    name: subkey.name,
    classSize: 2 * (subkey.stored.className?.length ?? 0),
    offset: writeKey(writer, subkey, { parent: offset, security: descriptor }),
  }))
  const links = {
    parent: place.parent,
    subkeyCount: subkeys.length,
    subkeyList: writeList(cells, subkeys, minor),
    valueCount: stored.predefinedHandle ?? values.count,
    valueList: values.list,
    security,
    classAt,
    classLength: classBytes.length,
  }
  const maxima = {
    subkeyName: subkeys.reduce((max, { name }) => Math.max(max, 2 * name.length), 0),
    className: subkeys.reduce((max, { classSize }) => Math.max(max, classSize), 0),
    valueName: values.nameMax,
    data: values.dataMax,
  }
  const isRoot = place.parent === NIL
  const flags = isRoot ? stored.flags | KEY_FLAG.hiveEntry | KEY_FLAG.noDelete : stored.flags & ~KEY_FLAG.hiveEntry
  cells.fill(offset, encodeKeyNode({ ...stored, flags }, links, maxima))
  return offset
}

function writeList(cells: Allocator, keys: readonly { name: string; offset: number }[], minor: number): number {
  if (keys.length === 0) return NIL
  if (keys.length <= LEAF_MAX) return cells.store(encodeLeaf(keys, minor))
  const leaves: number[] = []
  for (let at = 0; at < keys.length; at += LEAF_MAX) leaves.push(cells.store(encodeLeaf(keys.slice(at, at + LEAF_MAX), minor)))
  return cells.store(encodeIndexRoot(leaves))
}
