// Cells by offset. Each belongs to one record only, so a hostile hive cannot make a walk longer, or its data larger, than the file.
import { FormatError } from '../../core/index.js'
import { CELL_ALIGN, CELL_HEADER, NIL } from '../records/cell.js'
import { BIN_ALIGN, BIN_HEADER } from '../records/hive-bin.js'
import type { View } from '../view.js'
import type { Warnings } from '../warnings.js'
import { mapBins } from './bins.js'

/** The cells of a hive's bins. */
export class Cells {
  readonly #bins: View
  readonly #binEnds: Uint32Array
  // One bit for each 8 bytes that a record has taken. Whole ranges, not starts: cells could be forged inside cells.
  readonly #taken: Uint8Array

  constructor(bins: View, warnings: Warnings) {
    this.#bins = bins
    this.#binEnds = mapBins(bins, warnings)
    this.#taken = new Uint8Array(Math.ceil(bins.size / (8 * CELL_ALIGN)) + 1)
  }

  /** The data of the allocated cell at `offset`, which others may read too. @throws FormatError where there is none */
  peek(offset: number): View {
    const size = this.#sizeAt(offset)
    return this.#bins.window(offset + CELL_HEADER, size - CELL_HEADER)
  }

  /** The data of the allocated cell at `offset`, taken for the one record that reads it. @throws FormatError where there is none, or another record has it */
  take(offset: number): View {
    const size = this.#sizeAt(offset)
    const first = offset / CELL_ALIGN
    const end = (offset + size) / CELL_ALIGN
    if (this.#isTaken(first, end)) throw this.#damage(offset, 'the cell belongs to another record')
    this.#mark(first, end)
    return this.#bins.window(offset + CELL_HEADER, size - CELL_HEADER)
  }

  /** Offsets of all allocated cells, bin by bin; a bin whose chain of cells breaks is left there. */
  *allocated(): Generator<number> {
    for (let bin = 0; bin < this.#bins.size; bin = this.#binEnds[bin / BIN_ALIGN]!) {
      const end = this.#binEnds[bin / BIN_ALIGN]!
      for (let at = bin + BIN_HEADER; at + CELL_ALIGN <= end; ) {
        const size = this.#bins.i32(at)
        if (size === 0 || size % CELL_ALIGN !== 0 || at + Math.abs(size) > end) break
        if (size < 0) yield at
        at += Math.abs(size)
      }
    }
  }

  #sizeAt(offset: number): number {
    if (offset === NIL) throw new FormatError('an offset points nowhere')
    if (offset % CELL_ALIGN !== 0 || offset < BIN_HEADER || offset + CELL_ALIGN > this.#bins.size)
      throw this.#damage(offset, 'no cell can be there')
    const size = -this.#bins.i32(offset)
    if (size <= 0) throw this.#damage(offset, 'the cell is not allocated')
    if (size % CELL_ALIGN !== 0 || offset + size > this.#binEnds[Math.floor(offset / BIN_ALIGN)]!)
      throw this.#damage(offset, `the cell's size ${size} is wrong`)
    return size
  }

  #damage(offset: number, what: string): FormatError {
    return new FormatError(what, { offset: this.#bins.origin + offset })
  }

  #isTaken(first: number, end: number): boolean {
    for (let unit = first; unit < end; ) {
      const bits = this.#taken[unit >> 3]!
      if ((unit & 7) === 0 && unit + 8 <= end) {
        if (bits !== 0) return true
        unit += 8
      } else if ((bits & (1 << (unit & 7))) !== 0) return true
      else unit++
    }
    return false
  }

  #mark(first: number, end: number): void {
    for (let unit = first; unit < end; ) {
      if ((unit & 7) === 0 && unit + 8 <= end) {
        const bytes = (end - unit) >> 3
        this.#taken.fill(0xff, unit >> 3, (unit >> 3) + bytes)
        unit += 8 * bytes
      } else this.#taken[unit >> 3]! |= 1 << (unit++ & 7)
    }
  }
}
