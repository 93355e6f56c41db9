// A key of one hive: read from the file when first touched, changed in memory, written by Hive.toBytes.
import { Children } from './children.js'
import type { RegistryData, Value } from './data.js'
import { encodeData } from './encode.js'
import { BLANK_KEY, type HiveState, type Origin } from './hive-state.js'
import { checkKeyName, checkValueName, DEPTH_MAX, type Key, type LayerSemantics } from './key.js'
import { KeyNode } from './key-node.js'
import { semanticsBits } from './layer-bits.js'
import { findSubkey } from './read/find-subkey.js'
import type { LoadedKey } from './read/load-key.js'
import { loadSubkeys, type Parent } from './read/load-subkeys.js'
import { loadValues } from './read/load-values.js'
import type { Source } from './read/source.js'
import { KEY_FLAG, LAYER } from './records/nk.js'
import { VALUE_FLAG } from './records/vk.js'
import type { StoredKey, StoredValue } from './stored.js'
import { upcase } from './upcase.js'
import { toValue } from './value.js'

/** A subkey that was found by itself. */
interface Early {
  readonly loaded: LoadedKey
  readonly key: HiveKey
  readonly upcased: string
}

// Fewer subkeys are read all at once sooner than one is looked for.
const MANY = 100
const EARLY_MAX = 32

/** A key of a Hive. */
export class HiveKey extends KeyNode implements Key {
  #from: Origin | undefined
  /** By offset, while not all subkeys are read. */
  #early: Map<number, Early> | undefined
  #loadedSubkeys: Children<HiveKey> | undefined
  #loadedValues: Children<StoredValue> | undefined

  constructor(hive: HiveState, parent: HiveKey | undefined, stored: StoredKey, from?: Origin) {
    super(hive, parent, stored)
    this.#from = from
  }

  override get layer(): LayerSemantics | undefined {
    return super.layer
  }

  override set layer(layer: LayerSemantics | undefined) {
    this.demandLayers()
    if (layer === 'tombstone' && this.parent === undefined) throw new TypeError('the root key cannot be a tombstone')
    const layerBits = (this.stored.layerBits & ~LAYER.semantics) | semanticsBits(layer ?? 'merge')
    this.adopt(layer === 'tombstone' ? { layerBits: layerBits & ~LAYER.inheritClass, className: undefined } : { layerBits })
    if (layer !== 'tombstone') return
    for (const subkey of this.#subkeys.list()) subkey.isDeleted = true
    this.#loadedSubkeys = new Children(true)
    this.#loadedValues = new Children(false)
  }

  /** Subkeys in the order in which lists hold them. */
  sortedSubkeys(): HiveKey[] {
    return this.#subkeys.sorted()
  }

  /** Values as they would be saved, in order. */
  storedValues(): StoredValue[] {
    return this.#values.list()
  }

  subkeys(): HiveKey[] {
    return this.#subkeys.list()
  }

  *values(): Generator<Value> {
    for (const value of this.#values.list()) yield toValue(value)
  }

  subkey(name: string): HiveKey | undefined {
    return this.#findEarly(name) ?? this.#subkeys.find(name)
  }

  value(name = ''): Value | undefined {
    const value = this.#values.find(name)
    return value && toValue(value)
  }

  /** The value as it would be saved. */
  storedValue(name: string): StoredValue | undefined {
    return this.#values.find(name)
  }

  createSubkey(name: string): HiveKey {
    return this.#subkeys.find(checkKeyName(name)) ?? this.addSubkey(name)
  }

  /** Adds a key that was not there. `name` may come from a file, which holds names that nobody could give. */
  addSubkey(name: string): HiveKey {
    const lastWritten = this.stamp()
    const key = this.putSubkey({ ...BLANK_KEY, name, lastWritten, security: this.stored.security })
    this.adopt({ lastWritten })
    return key
  }

  setValue(name: string, data: RegistryData): void {
    const { type, raw } = encodeData(data)
    this.putValue({ name: this.#valueName(name), type, flags: 0, data: raw })
    this.adopt({ lastWritten: this.stamp() })
  }

  tombstoneValue(name: string): void {
    this.addTombstone(this.#valueName(name))
  }

  /** Hides a value; its name may come from a file. */
  addTombstone(name: string): void {
    this.demandLayers()
    this.putValue({ name, type: 0, flags: VALUE_FLAG.tombstone, data: new Uint8Array(0) })
    this.adopt({ lastWritten: this.stamp() })
  }

  /** Adds a key as it was stored elsewhere; leaves `lastWritten` of this one. */
  putSubkey(stored: StoredKey): HiveKey {
    this.demandLive()
    this.#demandNoTombstone()
    if (this.depth >= DEPTH_MAX) throw new RangeError(`keys lie at most ${DEPTH_MAX} levels deep`)
    const key = new HiveKey(this.hive, this, stored)
    this.#subkeys.put(stored.name, key)
    this.hive.changes++
    return key
  }

  /** Adds or replaces a value as it was stored elsewhere; leaves `lastWritten`. */
  putValue(value: StoredValue): void {
    this.demandLive()
    this.#demandNoTombstone()
    const { flags, predefinedHandle } = this.stored
    // A predefined handle stands where the number of values would: a key that gets one is a key like any other.
    if (predefinedHandle !== undefined) this.adopt({ flags: flags & ~KEY_FLAG.predefinedHandle, predefinedHandle: undefined })
    this.#values.put(value.name, value)
    this.hive.changes++
  }

  deleteSubkey(name: string): void {
    this.demandLive()
    const key = this.#subkeys.find(name)
    if (key === undefined) return
    key.isDeleted = true
    this.#subkeys.remove(name)
    this.adopt({ lastWritten: this.stamp() })
  }

  deleteValue(name: string): void {
    this.demandLive()
    if (this.#values.remove(name)) this.adopt({ lastWritten: this.stamp() })
  }

  /** Keeps the case in which a value was first written, as Windows does. */
  #valueName(name: string): string {
    const existing = this.#values.find(checkValueName(name))
    return existing === undefined || (existing.flags & VALUE_FLAG.tombstone) !== 0 ? name : existing.name
  }

  get #subkeys(): Children<HiveKey> {
    if (this.#loadedSubkeys === undefined) {
      this.#loadedSubkeys = new Children(true, this.#from && this.#loadSubkeys(this.#from))
      this.#forgetOrigin()
    }
    return this.#loadedSubkeys
  }

  get #values(): Children<StoredValue> {
    if (this.#loadedValues === undefined) {
      this.#loadedValues = new Children(false, this.#from && loadValues(this.#from.source, this.#from.key, () => this.path))
      this.#forgetOrigin()
    }
    return this.#loadedValues
  }

  #loadSubkeys({ source, key }: Origin): Map<string, HiveKey> {
    const early = this.#early ?? new Map<number, Early>()
    this.#early = undefined
    const make = (loaded: LoadedKey): HiveKey => early.get(loaded.offset)?.key ?? this.#made(source, loaded)
    return loadSubkeys(source, this.#asParent(key), early, make)
  }

  /** Of a key with many subkeys not read yet, one alone. What was found so is the same object when all are read. */
  #findEarly(name: string): HiveKey | undefined {
    const from = this.#from
    if (this.#loadedSubkeys !== undefined || from === undefined || from.key.links.subkeyCount < MANY) return undefined
    const upcased = upcase(name)
    this.#early ??= new Map()
    const early = this.#early
    for (const found of early.values()) if (found.upcased === upcased) return found.key
    // Who asks for more than a few is likely to ask for most.
    if (early.size >= EARLY_MAX) return undefined
    const loaded = findSubkey(from.source, this.#asParent(from.key), upcased)
    if (loaded === undefined) return undefined
    const key = this.#made(from.source, loaded)
    early.set(loaded.offset, { loaded, key, upcased })
    return key
  }

  #made(source: Source, loaded: LoadedKey): HiveKey {
    return new HiveKey(this.hive, this, loaded.stored, { source, key: loaded })
  }

  #asParent({ offset, links }: LoadedKey): Parent {
    return { offset, links, depth: this.depth, path: () => this.path }
  }

  #forgetOrigin(): void {
    if (this.#loadedSubkeys !== undefined && this.#loadedValues !== undefined) this.#from = undefined
  }

  #demandNoTombstone(): void {
    if (this.layer === 'tombstone')
      throw new TypeError(`key '${this.path}' is a tombstone: it holds nothing until its layer is set otherwise`)
  }
}
