// A key of the merged view of several hives. Reads go through all layers, writes to the top one.
import { StrataError } from '../../core/index.js'
import type { RegistryData, Value } from '../data.js'
import { dateToFiletime, filetimeToDate } from '../filetime.js'
import type { HiveKey } from '../hive-key.js'
import { checkKeyName, type LayerSemantics } from '../key.js'
import { semanticsBits } from '../layer-bits.js'
import { LAYER } from '../records/nk.js'
import type { StoredKey, StoredValue } from '../stored.js'
import { compareUpcased } from '../upcase.js'
import { toValue } from '../value.js'
import { mergedValue, mergeValues } from './merged-values.js'
import { combine, combineSubkey, type Stack, subkeyNames } from './stack.js'
import type { TreeKey } from './tree.js'

/** What all keys of one view share. */
export interface ViewState {
  /** Root keys, the base first. */
  readonly roots: readonly HiveKey[]
  /** Grows with every change to any layer. */
  generation(): number
}

/** A key of a LayeredHive. */
export class MergedKey implements TreeKey {
  readonly #view: ViewState
  readonly #parent: MergedKey | undefined
  readonly name: string
  #stack: Stack | undefined
  #generation = -1

  constructor(view: ViewState, parent: MergedKey | undefined, name: string) {
    this.#view = view
    this.#parent = parent
    this.name = name
  }

  get path(): string {
    if (this.#parent === undefined) return ''
    return this.#parent.#parent === undefined ? this.name : `${this.#parent.path}\\${this.name}`
  }

  get lastWritten(): Date {
    return filetimeToDate(this.lastWrittenFiletime)
  }

  set lastWritten(date: Date) {
    this.lastWrittenFiletime = dateToFiletime(date)
  }

  /** The newest of all layers. */
  get lastWrittenFiletime(): bigint {
    return this.#demand().visible.reduce((newest, key) => (key.lastWrittenFiletime > newest ? key.lastWrittenFiletime : newest), 0n)
  }

  set lastWrittenFiletime(filetime: bigint) {
    this.#top().lastWrittenFiletime = filetime
  }

  get className(): string | undefined {
    const { visible } = this.#demand()
    return (visible.find((key) => !key.inheritsClass) ?? visible[visible.length - 1]!).className
  }

  set className(className: string | undefined) {
    const top = this.#top()
    top.inheritsClass = false
    top.className = className
  }

  get security(): Uint8Array | undefined {
    return this.#security()?.slice()
  }

  set security(security: Uint8Array | undefined) {
    this.#top().security = security
  }

  get layer(): LayerSemantics | undefined {
    return undefined
  }

  set layer(_: LayerSemantics | undefined) {
    throw new TypeError('a merged view has no layer: set it on the key of the delta hive')
  }

  get inheritsClass(): boolean {
    return false
  }

  set inheritsClass(_: boolean) {
    throw new TypeError('a merged view has no layer: set it on the key of the delta hive')
  }

  get isSymlink(): boolean {
    return this.#demand().visible[0]!.isSymlink
  }

  set isSymlink(isSymlink: boolean) {
    this.#top().isSymlink = isSymlink
  }

  get stored(): StoredKey {
    const own = this.#demand().visible[0]!.stored
    return { ...own, layerBits: 0, className: this.className, security: this.#security(), lastWritten: this.lastWrittenFiletime }
  }

  storedValues(): StoredValue[] {
    return mergeValues(this.#demand().visible)
  }

  storedValue(name: string): StoredValue | undefined {
    return mergedValue(this.#demand().visible, name)
  }

  sortedSubkeys(): MergedKey[] {
    const { nodes } = this.#demand()
    const names = [...subkeyNames(nodes)].sort(([a], [b]) => compareUpcased(a, b))
    return names.flatMap(([, name]) => this.subkey(name) ?? [])
  }

  *subkeys(): Generator<MergedKey> {
    yield* this.sortedSubkeys()
  }

  *values(): Generator<Value> {
    for (const value of this.storedValues()) yield toValue(value)
  }

  subkey(name: string): MergedKey | undefined {
    const generation = this.#view.generation()
    const stack = combineSubkey(this.#demand().nodes, name)
    if (stack === undefined) return undefined
    const key = new MergedKey(this.#view, this, stack.visible[0]!.name)
    key.#stack = stack
    key.#generation = generation
    return key
  }

  value(name = ''): Value | undefined {
    const value = this.storedValue(name)
    return value && toValue(value)
  }

  createSubkey(name: string): MergedKey {
    const existing = this.subkey(checkKeyName(name))
    if (existing !== undefined) return existing
    const top = this.#top()
    // What may be there is a tombstone: the new key takes its place.
    top.deleteSubkey(name)
    // Supersede-tree, as Windows marks new keys: whatever a lower layer has, or will have, at this path stays hidden.
    top.createSubkey(name).adopt({ layerBits: semanticsBits('supersede-tree'), security: this.#security() })
    return this.subkey(name)!
  }

  setValue(name: string, data: RegistryData): void {
    this.#top().setValue(this.storedValue(name)?.name ?? name, data)
  }

  tombstoneValue(name: string): void {
    this.deleteValue(name)
  }

  deleteValue(name: string): void {
    const value = this.storedValue(name)
    if (value === undefined) return
    const top = this.#top()
    const below = this.#demand().visible.filter((key) => key !== top)
    if (mergedValue(below, name) === undefined) top.deleteValue(name)
    else top.addTombstone(value.name)
  }

  deleteSubkey(name: string): void {
    const key = this.subkey(name)
    if (key === undefined) return
    const top = this.#top()
    const below = this.#demand().nodes.filter((node) => node.key !== top)
    top.deleteSubkey(name)
    if (combineSubkey(below, name) !== undefined) top.addSubkey(key.name).layer = 'tombstone'
  }

  #security(): Uint8Array | undefined {
    return this.#demand().visible.find((key) => key.stored.security !== undefined)?.stored.security
  }

  /** The key of the top layer, copied up where it is not there: a merge node that changes nothing by itself. */
  #top(): HiveKey {
    const { roots } = this.#view
    const { nodes } = this.#demand()
    if (nodes[0]!.layer === roots.length - 1) return nodes[0]!.key
    const stored = { ...this.stored, layerBits: LAYER.inheritClass, className: undefined }
    // A parent exists: every layer has a root.
    return this.#parent!.#top().putSubkey(stored)
  }

  #demand(): Stack {
    const generation = this.#view.generation()
    if (this.#stack === undefined || this.#generation !== generation) {
      this.#stack = this.#resolve()
      this.#generation = generation
    }
    if (this.#stack === undefined) throw new StrataError(`key '${this.path}' was deleted`, { code: 'ERR_KEY_DELETED' })
    return this.#stack
  }

  #resolve(): Stack | undefined {
    if (this.#parent !== undefined) return combineSubkey(this.#parent.#demand().nodes, this.name)
    return combine(this.#view.roots.map((key, layer) => ({ layer, key })).reverse())
  }
}
