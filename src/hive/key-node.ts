// What a key of one hive is by itself: name, times, class, security, layer. Subkeys and values are HiveKey's.
import { StrataError } from '../core/index.js'
import { checkFiletime, dateToFiletime, filetimeToDate } from './filetime.js'
import type { HiveState } from './hive-state.js'
import type { LayerSemantics } from './key.js'
import { semanticsOf } from './layer-bits.js'
import { KEY_FLAG, LAYER } from './records/nk.js'
import type { StoredKey } from './stored.js'

/** The fields of a key, and its place. */
export class KeyNode {
  protected readonly hive: HiveState
  protected readonly parent: KeyNode | undefined
  /** The root is 0. */
  protected readonly depth: number
  protected isDeleted = false
  #stored: StoredKey

  constructor(hive: HiveState, parent: KeyNode | undefined, stored: StoredKey) {
    this.hive = hive
    this.parent = parent
    this.depth = parent === undefined ? 0 : parent.depth + 1
    this.#stored = stored
  }

  get name(): string {
    return this.#stored.name
  }

  get path(): string {
    const names: string[] = []
    for (let key: KeyNode = this; key.parent !== undefined; key = key.parent) names.push(key.name)
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
    this.adopt({ className: className === '' ? undefined : className, lastWritten: this.stamp() })
  }

  get security(): Uint8Array | undefined {
    return this.#stored.security?.slice()
  }

  set security(security: Uint8Array | undefined) {
    this.adopt({ security: security && new Uint8Array(security), lastWritten: this.stamp() })
  }

  get layer(): LayerSemantics | undefined {
    return this.hive.isLayered ? semanticsOf(this.#stored.layerBits) : undefined
  }

  get inheritsClass(): boolean {
    return this.hive.isLayered && (this.#stored.layerBits & LAYER.inheritClass) !== 0
  }

  set inheritsClass(inherits: boolean) {
    this.demandLayers()
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

  /** Takes over what `fields` say. */
  adopt(fields: Partial<StoredKey>): void {
    this.demandLive()
    this.#stored = { ...this.#stored, ...fields }
    this.hive.changes++
  }

  /** The time of a change that is made now. */
  protected stamp(): bigint {
    return dateToFiletime(this.hive.now())
  }

  /** @throws StrataError where this key, or one that it lies in, was deleted */
  protected demandLive(): void {
    for (let key: KeyNode | undefined = this; key !== undefined; key = key.parent) {
      if (key.isDeleted) throw new StrataError(`key '${this.path}' was deleted`, { code: 'ERR_KEY_DELETED' })
    }
  }

  /** @throws TypeError where the hive has no layer bits */
  protected demandLayers(): void {
    if (!this.hive.isLayered) throw new TypeError('the hive has no layers (Hive.create({ layered: true }) makes one that does)')
  }
}
