// Cells by offset. Each belongs to one record only, so a hostile hive cannot make a walk longer, or its data larger, than the file.
import { FormatError } from '../../core/index.js'
import { CELL_ALIGN, CELL_HEADER, NIL } from '../records/cell.js'
import { BIN_ALIGN, BIN_HEADER, binSizeAt } from '../records/hive-bin.js'
import type { View } from '../view.js'
import type { Warnings } from '../warnings.js'
import { mapBins } from './bins.js'

// Headers looked for before the whole chain of bins is followed. Most bins are one to sixteen pages long.
const NEAR_PAGES = 16

/** The cells of a hive's bins. */
export class Cells {
  readonly #bins: View
  readonly #warnings: Warnings
  #binEnds: Uint32Array | undefined
  // One bit for each 8 bytes that a record has taken. Whole ranges, not starts: cells could be forged inside cells.
  readonly #taken: Uint32Array

  constructor(bins: View, warnings: Warnings) {
    this.#bins = bins
    this.#warnings = warnings
    this.#taken = new Uint32Array(Math.ceil(bins.size / (32 * CELL_ALIGN)) + 1)
  }

  /** For each page, the end of the bin that it belongs to. Reads a header of every bin, once; warns of damaged ones. */
  get binEnds(): Uint32Array {
    this.#binEnds ??= mapBins(this.#bins, this.#warnings)
    return this.#binEnds
  }

  /** The data of the allocated cell at `offset`, which others may read too. @throws FormatError where there is none */
  peek(offset: number): View {
    return this.#bins.window(offset + CELL_HEADER, this.#sizeAt(offset) - CELL_HEADER)
  }

  /** The data of the allocated cell at `offset`, taken for the one record that reads it. @throws FormatError where there is none, or another record has it */
  take(offset: number): View {
    return this.#bins.window(offset + CELL_HEADER, this.claim(offset))
  }

  /** Takes the cell at `offset` as `take` does; the length of its data. */
  claim(offset: number): number {
    const size = this.#sizeAt(offset)
    if (!this.#mark(offset / CELL_ALIGN, (offset + size) / CELL_ALIGN)) throw this.#damage(offset, 'the cell belongs to another record')
    return size - CELL_HEADER
  }

  /** The first bytes of the data of a cell that was claimed, not a copy. */
  bytes(offset: number, size: number): Uint8Array {
    return this.#bins.bytes(offset + CELL_HEADER, size)
  }

  /** Offsets of all allocated cells, bin by bin; a bin whose chain of cells breaks is left there. */
  *allocated(): Generator<number> {
    for (let bin = 0; bin < this.#bins.size; bin = this.binEnds[bin / BIN_ALIGN]!) {
      const end = this.binEnds[bin / BIN_ALIGN]!
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
    if (size % CELL_ALIGN !== 0 || !this.#isInOneBin(offset, offset + size)) throw this.#damage(offset, `the cell's size ${size} is wrong`)
    return size
  }

  #damage(offset: number, what: string): FormatError {
    return new FormatError(what, { offset: this.#bins.origin + offset })
  }

  /** A header just before the cell that spans it is enough: only where there is none does all of the chain count. */
  #isInOneBin(offset: number, end: number): boolean {
    if (this.#binEnds === undefined && end <= this.#bins.size) {
      let bin = offset - (offset % BIN_ALIGN)
      for (let pages = NEAR_PAGES; pages > 0 && bin >= 0; pages--, bin -= BIN_ALIGN) {
        const size = binSizeAt(this.#bins, bin)
        if (size === 0) continue
        if (end <= bin + size) return true
        break
      }
    }
    return end <= this.binEnds[Math.floor(offset / BIN_ALIGN)]!
  }

  /** Marks units as taken, 32 at a time; false, and nothing marked, where one was. */
  #mark(first: number, end: number): boolean {
    const taken = this.#taken
    const firstWord = first >>> 5
    const lastWord = (end - 1) >>> 5
    const head = -1 << (first & 31)
    const tail = -1 >>> (31 - ((end - 1) & 31))
    if (firstWord === lastWord) {
      if ((taken[firstWord]! & head & tail) !== 0) return false
      taken[firstWord]! |= head & tail
      return true
    }
    if ((taken[firstWord]! & head) !== 0 || (taken[lastWord]! & tail) !== 0) return false
    for (let word = firstWord + 1; word < lastWord; word++) if (taken[word] !== 0) return false
    taken[firstWord]! |= head
    taken.fill(0xffffffff, firstWord + 1, lastWord)
    taken[lastWord]! |= tail
    return true
  }
}
