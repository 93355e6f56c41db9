// Small pieces put together: headers, padding and small files are a few hundred bytes each, and every chunk costs its way through hashing and compression.

const CHUNK_BYTES = 64 * 1024
/** From here on a piece is passed on as it is. */
const LARGE_BYTES = 16 * 1024
const NONE: readonly Uint8Array[] = []

/** Pieces in, chunks out, the same bytes in the same order. */
export class Gather {
  #buffer = new Uint8Array(CHUNK_BYTES)
  #filled = 0

  /** Takes a piece. What is ready by now, for whoever asked to keep. */
  push(piece: Uint8Array): readonly Uint8Array[] {
    if (piece.length < LARGE_BYTES && this.#filled + piece.length <= CHUNK_BYTES) {
      this.#buffer.set(piece, this.#filled)
      this.#filled += piece.length
      return NONE
    }
    const before = this.rest()
    if (piece.length >= LARGE_BYTES) return [...before, piece]
    this.push(piece)
    return before
  }

  /** What is left; it may be pushed to again. */
  rest(): readonly Uint8Array[] {
    if (this.#filled === 0) return NONE
    const chunk = this.#buffer.subarray(0, this.#filled)
    this.#buffer = new Uint8Array(CHUNK_BYTES)
    this.#filled = 0
    return [chunk]
  }
}
