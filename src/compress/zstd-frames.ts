// Walks zstd frames (RFC 8878, section 3) beside a decoder: refuses windows too large for memory, bytes that are no frame, and cut-off streams.
import { FormatError } from '../core/index.js'

/** Largest window that is decoded: what level 20 of the `zstd` command and the best level of Go's encoder use. The window stays in memory. */
export const ZSTD_WINDOW_MAX_BYTES = 32 * 2 ** 20

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const BLOCK_MAX_BYTES = 128 * 1024

/** A state machine over the bytes of a zstd stream. Feed all of them, then call `end`. */
export class ZstdFrames {
  #state: 'magic' | 'skippable' | 'header' | 'block' | 'skip' = 'magic'
  #wanted = 4
  #head: number[] = []
  #skip = 0
  #hasChecksum = false
  #isLast = false
  #frames = 0

  /** Bytes of the current frame's window. */
  windowBytes = 0

  /** Blocks so far. */
  blocks = 0

  /** @throws FormatError */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at)
        this.#skip -= skipped
        at += skipped
        if (this.#skip === 0) this.#afterSkip()
        continue
      }
      this.#head.push(chunk[at++]!)
      if (this.#head.length === this.#wanted) this.#onHead()
    }
  }

  /** @throws FormatError unless the stream ended between two frames, after at least one */
  end(): void {
    if (this.#state !== 'magic' || this.#head.length > 0 || this.#frames === 0) throw new FormatError('the zstd stream is cut off')
  }

  #next(state: 'magic' | 'skippable' | 'header' | 'block', wanted: number): void {
    this.#state = state
    this.#wanted = wanted
    this.#head = []
  }

  #onHead(): void {
    switch (this.#state) {
      case 'magic': {
        const magic = little(this.#head, 0, 4)
        if (magic === FRAME_MAGIC) this.#next('header', 1)
        else if (magic - (magic % 16) === SKIPPABLE_MAGIC) this.#next('skippable', 4)
        else throw new FormatError('not a zstd frame')
        return
      }
      case 'skippable':
        this.#skipThen('magic', little(this.#head, 0, 4))
        return
      case 'header':
        this.#onHeader()
        return
      case 'block':
        this.#onBlock(little(this.#head, 0, 3))
        return
      case 'skip':
        return
    }
  }

  // descriptor: bits 7-6 size of the content size, 5 single segment, 3 reserved, 2 checksum, 1-0 size of the dictionary id.
  #onHeader(): void {
    const descriptor = this.#head[0]!
    const isSingle = (descriptor & 0x20) !== 0
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!
    const length = 1 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes
    if (this.#head.length < length) {
      this.#wanted = length
      return
    }
    if (dictionaryBytes > 0 && this.#head.slice(isSingle ? 1 : 2, length - sizeBytes).some((byte) => byte !== 0)) {
      throw new FormatError('the zstd frame needs a dictionary')
    }
    const window = isSingle ? little(this.#head, length - sizeBytes, sizeBytes) : windowBytes(this.#head[1]!)
    if (window > ZSTD_WINDOW_MAX_BYTES)
      throw new FormatError(`the zstd frame needs a window of ${window} bytes, more than ${ZSTD_WINDOW_MAX_BYTES}`)
    this.windowBytes = window
    this.#hasChecksum = (descriptor & 4) !== 0
    this.#frames++
    this.#next('block', 3)
  }

  #onBlock(header: number): void {
    const type = (header >> 1) & 3
    const size = header >> 3
    if (type === 3 || (size > BLOCK_MAX_BYTES && type !== 1)) throw new FormatError('the zstd stream is corrupt')
    this.blocks++
    this.#isLast = (header & 1) !== 0
    this.#skipThen('block', type === 1 ? 1 : size)
  }

  #skipThen(state: 'magic' | 'block', size: number): void {
    if (state === 'magic') this.#isLast = true
    if (state === 'magic') this.#hasChecksum = false
    this.#state = 'skip'
    this.#head = []
    this.#skip = size
    if (size === 0) this.#afterSkip()
  }

  #afterSkip(): void {
    if (!this.#isLast) {
      this.#next('block', 3)
      return
    }
    if (this.#hasChecksum) {
      this.#hasChecksum = false
      this.#skip = 4
      return
    }
    this.#next('magic', 4)
  }
}

const little = (bytes: readonly number[], at: number, length: number): number =>
  bytes.slice(at, at + length).reduce((sum, byte, index) => sum + byte * 2 ** (8 * index), 0)

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}
