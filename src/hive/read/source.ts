// An opened file: its cells, its version, and the security items, which many keys share.
import { parseKeySecurity } from '../records/sk.js'
import type { Warnings } from '../warnings.js'
import type { Cells } from './cells.js'

/** Where keys are read from. */
export class Source {
  readonly cells: Cells
  readonly warnings: Warnings
  /** 3 to 6. */
  readonly minor: number
  /** Whether layer bits count. */
  readonly isLayered: boolean
  readonly #security = new Map<number, Uint8Array>()

  constructor(cells: Cells, warnings: Warnings, minor: number, isLayered: boolean) {
    this.cells = cells
    this.warnings = warnings
    this.minor = minor
    this.isLayered = isLayered
  }

  /** The descriptor of the item at `offset`, one object for all that share it. @throws FormatError where there is none */
  security(offset: number): Uint8Array {
    const known = this.#security.get(offset)
    if (known !== undefined) return known
    const descriptor = parseKeySecurity(this.cells.take(offset))
    this.#security.set(offset, descriptor)
    return descriptor
  }
}
