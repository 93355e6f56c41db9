// Places cells in hive bins: bins of 4096 bytes, or as many pages as a large cell needs; what is left over serves later, smaller cells.
import { UnsupportedError } from '../../core/index.js'
import { CELL_ALIGN, cellSize } from '../records/cell.js'
import { BIN_ALIGN, BIN_HEADER, writeBinHeader } from '../records/hive-bin.js'

// The top bit of an offset marks volatile storage.
const SIZE_MAX = 0x7fffffff & -BIN_ALIGN
const CELL_MIN = 8
// Free space by size: class n holds sizes from 2^n up to 2^(n+1).
const CLASSES = 32

/** Grows an array of hive bins and hands out cells. */
export class Allocator {
  #bytes = new Uint8Array(16 * BIN_ALIGN)
  #numbers = new DataView(this.#bytes.buffer)
  #size = 0
  readonly #bins: { readonly offset: number; readonly size: number }[] = []
  readonly #free: { readonly offset: number; readonly size: number }[][] = Array.from({ length: CLASSES }, () => [])

  /** A cell for `dataSize` bytes, zeroed, at an offset past `after`. @throws UnsupportedError past 2 GiB of bins */
  reserve(dataSize: number, after = -1): number {
    const size = cellSize(dataSize)
    let space = this.#takeFree(size)
    if (space !== undefined && space.offset <= after) {
      this.#release(space.offset, space.size)
      space = undefined
    }
    space ??= this.#addBin(size)
    if (space.size > size) this.#release(space.offset + size, space.size - size)
    this.#numbers.setInt32(space.offset, -size, true)
    return space.offset
  }

  /** A cell that holds a record. */
  store(record: Uint8Array): number {
    const offset = this.reserve(record.length)
    this.fill(offset, record)
    return offset
  }

  /** Writes the record of a reserved cell. */
  fill(offset: number, record: Uint8Array): void {
    this.#bytes.set(record, offset + 4)
  }

  /** The hive bins, with headers and free cells; the allocator is used up. `timestamp` goes into the first header. */
  finish(timestamp: bigint): Uint8Array {
    for (const { offset, size } of this.#bins) writeBinHeader(this.#numbers, offset, size, offset === 0 ? timestamp : 0n)
    for (const list of this.#free) for (const { offset, size } of list) this.#numbers.setInt32(offset, size, true)
    return this.#bytes.subarray(0, this.#size)
  }

  /** From the class above, any space fits; in the size's own class only the last is tried, so that the search stays constant. */
  #takeFree(size: number): { offset: number; size: number } | undefined {
    const own = this.#free[classOf(size)]!
    if (own.length > 0 && own[own.length - 1]!.size >= size) return own.pop()
    for (let list = classOf(size) + 1; list < CLASSES; list++) {
      const space = this.#free[list]!.pop()
      if (space !== undefined) return space
    }
    return undefined
  }

  #release(offset: number, size: number): void {
    // Sizes are multiples of 8, and so is what is left: never less than the smallest cell.
    if (size >= CELL_MIN) this.#free[classOf(size)]!.push({ offset, size })
  }

  #addBin(cell: number): { offset: number; size: number } {
    const size = Math.ceil((cell + BIN_HEADER) / BIN_ALIGN) * BIN_ALIGN
    const offset = this.#size
    if (offset + size > SIZE_MAX) throw new UnsupportedError('the hive would be larger than 2 GiB')
    this.#grow(offset + size)
    this.#size = offset + size
    this.#bins.push({ offset, size })
    return { offset: offset + BIN_HEADER, size: size - BIN_HEADER }
  }

  #grow(size: number): void {
    if (size <= this.#bytes.length) return
    const grown = new Uint8Array(Math.min(SIZE_MAX, Math.max(size, 2 * this.#bytes.length)))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#numbers = new DataView(grown.buffer)
  }
}

const classOf = (size: number): number => 31 - Math.clz32(size / CELL_ALIGN)
