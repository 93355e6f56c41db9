// The security items of a hive that is written: one for each different descriptor, in a ring, with counted references.
import { encodeKeySecurity, keySecuritySize } from '../records/sk.js'
import { decodeLatin1 } from '../text.js'
import type { Allocator } from './allocator.js'

interface Item {
  readonly offset: number
  readonly descriptor: Uint8Array
  references: number
}

/** Collects descriptors while keys are written. */
export class SecurityRing {
  readonly #cells: Allocator
  readonly #items = new Map<string, Item>()
  // Most keys share the object they were read with: no need to compare its bytes.
  readonly #known = new Map<Uint8Array, Item>()

  constructor(cells: Allocator) {
    this.#cells = cells
  }

  /** The cell for a key with this descriptor; counts the reference. */
  reference(descriptor: Uint8Array): number {
    const item = this.#known.get(descriptor) ?? this.#add(descriptor)
    item.references++
    return item.offset
  }

  /** Writes all items. */
  finish(): void {
    const ring = [...this.#items.values()]
    ring.forEach(({ offset, descriptor, references }, i) => {
      const next = ring[(i + 1) % ring.length]!.offset
      const previous = ring[(i + ring.length - 1) % ring.length]!.offset
      this.#cells.fill(offset, encodeKeySecurity({ next, previous, references, descriptor }))
    })
  }

  #add(descriptor: Uint8Array): Item {
    const bytes = decodeLatin1(descriptor)
    const item = this.#items.get(bytes) ?? { offset: this.#cells.reserve(keySecuritySize(descriptor)), descriptor, references: 0 }
    this.#items.set(bytes, item)
    this.#known.set(descriptor, item)
    return item
  }
}
