// The one interface of registry keys: of a hive, and of the merged view of several.
import type { RegistryData, Value } from './data.js'

/** How a key of a delta hive acts on the key of the same path in the layers below.
 *  merge: both count. tombstone: the key is gone. supersede-local: it replaces the key below, subkeys still merge. supersede-tree: it replaces the whole tree. */
export type LayerSemantics = 'merge' | 'tombstone' | 'supersede-local' | 'supersede-tree'

/** A registry key. Names are compared as Windows does: without regard to case. Every change sets `lastWritten` of the key that holds what changed. */
export interface Key {
  /** As it was first written. The root has one too, which no path shows. */
  readonly name: string
  /** From the root, parts joined by `\`; '' for the root. */
  readonly path: string
  /** In milliseconds; setting it sets `lastWrittenFiletime`. */
  lastWritten: Date
  /** In 100 ns since 1601, as stored. */
  lastWrittenFiletime: bigint
  /** Undefined: none. */
  className: string | undefined
  /** The self-relative security descriptor, a copy. Undefined: none could be read; when saved, such a key takes its parent's. */
  security: Uint8Array | undefined
  /** Undefined where the hive has no layers, and in merged views. Setting 'tombstone' drops class, subkeys and values. */
  layer: LayerSemantics | undefined
  /** In a delta hive: the class is that of the next layer below. */
  inheritsClass: boolean
  /** Whether the key is a symbolic link; its target is the REG_LINK value `SymbolicLinkValue`. */
  isSymlink: boolean

  /** In the order of the hive's list: sorted by upper-cased name in every undamaged hive. */
  subkeys(): Iterable<Key>
  /** In stored order. In a delta hive tombstones are among them. */
  values(): Iterable<Value>
  subkey(name: string): Key | undefined
  /** Without a name: the default value. */
  value(name?: string): Value | undefined
  /** The subkey, made where there is none, with the security of this key. @throws TypeError for a name with `\`, an empty one or one past 255 units; RangeError past 512 levels */
  createSubkey(name: string): Key
  /** Adds or replaces. @throws TypeError | RangeError where `data` does not fit its type */
  setValue(name: string, data: RegistryData): void
  /** Removes the subkey and all below it; nothing happens where there is none. */
  deleteSubkey(name: string): void
  /** Nothing happens where there is none. */
  deleteValue(name: string): void
  /** In a delta hive: hides the value in the layers below. @throws TypeError where the hive has no layers */
  tombstoneValue(name: string): void
}

/** Deepest level of keys below the root. Source: Win32 "Registry Element Size Limits". */
export const DEPTH_MAX = 512
/** Longest key name, in UTF-16 units. */
export const KEY_NAME_MAX = 255
/** Longest value name, in UTF-16 units. */
export const VALUE_NAME_MAX = 16_383

/** @throws TypeError unless `name` can name a key */
export function checkKeyName(name: string): string {
  if (typeof name !== 'string' || name === '' || name.includes('\\') || name.length > KEY_NAME_MAX) {
    throw new TypeError(`not a key name (1 to ${KEY_NAME_MAX} units, no backslash): ${JSON.stringify(name)?.slice(0, 100)}`)
  }
  return name
}

/** @throws TypeError unless `name` can name a value */
export function checkValueName(name: string): string {
  if (typeof name !== 'string' || name.length > VALUE_NAME_MAX) {
    throw new TypeError(`not a value name (at most ${VALUE_NAME_MAX} units): ${JSON.stringify(name)?.slice(0, 100)}`)
  }
  return name
}

/** The key at `path` below `from`; undefined where a part is missing. '' is `from` itself. */
export function findKey(from: Key, path: string): Key | undefined {
  let key: Key | undefined = from
  for (const name of path === '' ? [] : path.split('\\')) key = key?.subkey(name)
  return key
}

/** The key at `path` below `from`, with all parts that were missing made. */
export function createKey(from: Key, path: string): Key {
  return path === '' ? from : path.split('\\').reduce((key, name) => key.createSubkey(name), from)
}
