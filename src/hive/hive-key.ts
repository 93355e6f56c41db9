// A key of one hive: read from the file when first touched, changed in memory, written by Hive.toBytes.
import { StrataError } from '../core/index.js'
import { Children } from './children.js'
import type { RegistryData, Value } from './data.js'
import { encodeData } from './encode.js'
import { checkFiletime, dateToFiletime, filetimeToDate } from './filetime.js'
import { BLANK_KEY, type HiveState, type Origin } from './hive-state.js'
import { checkKeyName, checkValueName, DEPTH_MAX, type Key, type LayerSemantics } from './key.js'
import { semanticsBits, semanticsOf } from './layer-bits.js'
import { loadSubkeys } from './read/load-subkeys.js'
import { loadValues } from './read/load-values.js'
import { KEY_FLAG, LAYER } from './records/nk.js'
import { VALUE_FLAG } from './records/vk.js'
import type { StoredKey, StoredValue } from './stored.js'
import { toValue } from './value.js'

/** A key of a Hive. */
export class HiveKey implements Key {
  readonly #hive: HiveState
  readonly #parent: HiveKey | undefined
  readonly #depth: number
  #stored: StoredKey
  #from: Origin | undefined
  #loadedSubkeys: Children<HiveKey> | undefined
  #loadedValues: Children<StoredValue> | undefined
  #isDeleted = false

  constructor(hive: HiveState, parent: HiveKey | undefined, stored: StoredKey, from?: Origin) {
    this.#hive = hive
    this.#parent = parent
    this.#depth = parent === undefined ? 0 : parent.#depth + 1
    this.#stored = stored
    this.#from = from
  }

  get name(): string {
    return this.#stored.name
  }

  get path(): string {
    const names: string[] = []
    for (let key: HiveKey = this; key.#parent !== undefined; key = key.#parent) names.push(key.name)
    return names.reverse().join('\\')
  }

  get lastWritten(): Date {
    return filetimeToDate(this.#stored.lastWritten)
  }

  set lastWritten(date: Date) {
    this.adopt({ lastWritten: dateToFiletime(date) })
  }

  get lastWrittenFiletime(): bigint {
    return this.#stored.lastWritten
  }

  set lastWrittenFiletime(filetime: bigint) {
    this.adopt({ lastWritten: checkFiletime(filetime) })
  }

  get className(): string | undefined {
    return this.#stored.className
  }

  set className(className: string | undefined) {
    if (className !== undefined && className.length > 0x7fff) throw new RangeError('a class name has at most 32767 units')
    this.adopt({ className: className === '' ? undefined : className, lastWritten: this.#stamp() })
  }

  get security(): Uint8Array | undefined {
    return this.#stored.security?.slice()
  }

  set security(security: Uint8Array | undefined) {
    this.adopt({ security: security && new Uint8Array(security), lastWritten: this.#stamp() })
  }

  get layer(): LayerSemantics | undefined {
    return this.#hive.isLayered ? semanticsOf(this.#stored.layerBits) : undefined
  }

  set layer(layer: LayerSemantics | undefined) {
    this.#demandLayers()
    const layerBits = (this.#stored.layerBits & ~LAYER.semantics) | semanticsBits(layer ?? 'merge')
    this.adopt(layer === 'tombstone' ? { layerBits: layerBits & ~LAYER.inheritClass, className: undefined } : { layerBits })
    if (layer !== 'tombstone') return
    for (const subkey of this.#subkeys.list()) subkey.#isDeleted = true
    this.#loadedSubkeys = new Children(true)
    this.#loadedValues = new Children(false)
  }

  get inheritsClass(): boolean {
    return this.#hive.isLayered && (this.#stored.layerBits & LAYER.inheritClass) !== 0
  }

  set inheritsClass(inherits: boolean) {
    this.#demandLayers()
    this.adopt({ layerBits: (this.#stored.layerBits & ~LAYER.inheritClass) | (inherits ? LAYER.inheritClass : 0) })
  }

  get isSymlink(): boolean {
    return (this.#stored.flags & KEY_FLAG.symlink) !== 0
  }

  set isSymlink(isSymlink: boolean) {
    this.adopt({ flags: (this.#stored.flags & ~KEY_FLAG.symlink) | (isSymlink ? KEY_FLAG.symlink : 0) })
  }

  /** What the key itself holds, as it would be saved. */
  get stored(): StoredKey {
    return this.#stored
  }

  /** Subkeys in the order in which lists hold them. */
  sortedSubkeys(): HiveKey[] {
    return this.#subkeys.sorted()
  }

  /** Values as they would be saved, in order. */
  storedValues(): StoredValue[] {
    return this.#values.list()
  }

  *subkeys(): Generator<HiveKey> {
    yield* this.#subkeys.list()
  }

  *values(): Generator<Value> {
    for (const value of this.#values.list()) yield toValue(value)
  }

  subkey(name: string): HiveKey | undefined {
    return this.#subkeys.find(name)
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
    const existing = this.#subkeys.find(checkKeyName(name))
    if (existing !== undefined) return existing
    const lastWritten = this.#stamp()
    const key = this.putSubkey({ ...BLANK_KEY, name, lastWritten, security: this.#stored.security })
    this.adopt({ lastWritten })
    return key
  }

  setValue(name: string, data: RegistryData): void {
    const { type, raw } = encodeData(data)
    this.putValue({ name: this.#valueName(name), type, flags: 0, data: raw })
    this.adopt({ lastWritten: this.#stamp() })
  }

  tombstoneValue(name: string): void {
    this.#demandLayers()
    this.putValue({ name: this.#valueName(name), type: 0, flags: VALUE_FLAG.tombstone, data: new Uint8Array(0) })
    this.adopt({ lastWritten: this.#stamp() })
  }

  /** Adds a key as it was stored elsewhere; leaves `lastWritten` of this one. */
  putSubkey(stored: StoredKey): HiveKey {
    this.#demandLive()
    this.#demandNoTombstone()
    if (this.#depth >= DEPTH_MAX) throw new RangeError(`keys lie at most ${DEPTH_MAX} levels deep`)
    const key = new HiveKey(this.#hive, this, stored)
    this.#subkeys.put(stored.name, key)
    this.#hive.changes++
    return key
  }

  /** Adds or replaces a value as it was stored elsewhere; leaves `lastWritten`. */
  putValue(value: StoredValue): void {
    this.#demandLive()
    this.#demandNoTombstone()
    this.#values.put(value.name, value)
    this.#hive.changes++
  }

  deleteSubkey(name: string): void {
    this.#demandLive()
    const key = this.#subkeys.find(name)
    if (key === undefined) return
    key.#isDeleted = true
    this.#subkeys.remove(name)
    this.adopt({ lastWritten: this.#stamp() })
  }

  deleteValue(name: string): void {
    this.#demandLive()
    if (this.#values.remove(name)) this.adopt({ lastWritten: this.#stamp() })
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
    const loaded = loadSubkeys(source, { offset: key.offset, links: key.links, depth: this.#depth, path: () => this.path })
    const subkeys = new Map<string, HiveKey>()
    for (const [upcased, subkey] of loaded) subkeys.set(upcased, new HiveKey(this.#hive, this, subkey.stored, { source, key: subkey }))
    return subkeys
  }

  #forgetOrigin(): void {
    if (this.#loadedSubkeys !== undefined && this.#loadedValues !== undefined) this.#from = undefined
  }

  /** Takes over what `fields` say. */
  adopt(fields: Partial<StoredKey>): void {
    this.#demandLive()
    this.#stored = { ...this.#stored, ...fields }
    this.#hive.changes++
  }

  #stamp(): bigint {
    return dateToFiletime(this.#hive.now())
  }

  #demandLive(): void {
    for (let key: HiveKey | undefined = this; key !== undefined; key = key.#parent) {
      if (key.#isDeleted) throw new StrataError(`key '${this.path}' was deleted`, { code: 'ERR_KEY_DELETED' })
    }
  }

  #demandNoTombstone(): void {
    if (this.layer === 'tombstone')
      throw new TypeError(`key '${this.path}' is a tombstone: it holds nothing until its layer is set otherwise`)
  }

  #demandLayers(): void {
    if (!this.#hive.isLayered) throw new TypeError('the hive has no layers (Hive.create({ layered: true }) makes one that does)')
  }
}
