// An opened file: its cells, its version, and the security items, which many keys share.
import { FormatError } from '../../core/index.js'
import { parseKeySecurity } from '../records/sk.js'
import type { Warnings } from '../warnings.js'
import type { Cells } from './cells.js'
import { Names } from './names.js'
import { indexByParent } from './orphans.js'

/** Where keys are read from. */
export class Source {
  readonly cells: Cells
  readonly warnings: Warnings
  readonly names = new Names()
  /** 3 to 6. */
  readonly minor: number
  /** Whether layer bits count. */
  readonly isLayered: boolean
  #byParent: ReadonlyMap<number, readonly number[]> | undefined
  readonly #security = new Map<number, Uint8Array | FormatError>()

  constructor(cells: Cells, warnings: Warnings, minor: number, isLayered: boolean) {
    this.cells = cells
    this.warnings = warnings
    this.minor = minor
    this.isLayered = isLayered
  }

  /** Offsets of all key nodes that name the one at `offset` as their parent. Reads the whole file once: for damaged lists only. */
  childrenOf(offset: number): readonly number[] {
    this.#byParent ??= indexByParent(this.cells)
    return this.#byParent.get(offset) ?? []
  }

  /** The descriptor of the item at `offset`, one object for all that share it. @throws FormatError where there is none */
  security(offset: number): Uint8Array {
    const known = this.#security.get(offset) ?? this.#loadSecurity(offset)
    if (known instanceof FormatError) throw known
    return known
  }

  #loadSecurity(offset: number): Uint8Array | FormatError {
    const loaded = attemptSecurity(this.cells, offset)
    this.#security.set(offset, loaded)
    return loaded
  }
}

/** Damage is kept as well: thousands of keys may share one damaged item. */
function attemptSecurity(cells: Cells, offset: number): Uint8Array | FormatError {
  try {
    return parseKeySecurity(cells.take(offset))
  } catch (error) {
    if (error instanceof FormatError) return error
    throw error
  }
}
