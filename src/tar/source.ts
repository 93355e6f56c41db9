// Where a tar is read from: a stream, or something that can be read at any offset.
import { concat, FormatError } from '../core/index.js'

/** Bytes that can be read at any offset, such as an open file. */
export interface RandomAccess {
  /** In bytes. */
  readonly size: number
  /** Up to `length` bytes from `offset`: fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>
}

const PIECE_BYTES = 128 * 1024

/** Bytes taken in order, with the offset of the next. */
export interface ByteSource {
  readonly offset: number
  /** Exactly `length` bytes (a fresh or shared view); fewer at the end of the input, none past it. For small lengths. */
  take(length: number): Promise<Uint8Array>
  /** The next 1 to `max` bytes; none at the end. */
  piece(max: number): Promise<Uint8Array>
  /** Passes `length` bytes by. @throws FormatError where the input ends first */
  skip(length: number): Promise<void>
  /** Reads the rest, so that whoever checks the stream sees its end. Without effect on random access. */
  drain(): Promise<void>
  /** Lets go of the input. */
  close(): Promise<void>
}

/** A ByteSource over a stream. */
export class StreamSource implements ByteSource {
  offset = 0
  #buffer: Uint8Array = new Uint8Array(0)
  readonly #iterator: AsyncIterator<Uint8Array>
  #isDone = false

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#iterator = stream[Symbol.asyncIterator]()
  }

  async take(length: number): Promise<Uint8Array> {
    if (this.#buffer.length >= length) return this.#consume(length)
    const parts: Uint8Array[] = []
    let have = 0
    while (have < length && (await this.#fill())) {
      const part = this.#consume(Math.min(length - have, this.#buffer.length))
      parts.push(part)
      have += part.length
    }
    return concat(parts)
  }

  async piece(max: number): Promise<Uint8Array> {
    return (await this.#fill()) ? this.#consume(Math.min(max, this.#buffer.length)) : new Uint8Array(0)
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      if (!(await this.#fill())) throw cutOff(this.offset)
      left -= this.#consume(Math.min(left, this.#buffer.length)).length
    }
  }

  async drain(): Promise<void> {
    while (await this.#fill()) this.#consume(this.#buffer.length)
  }

  async close(): Promise<void> {
    if (this.#isDone) return
    this.#isDone = true
    await this.#iterator.return?.()
  }

  #consume(length: number): Uint8Array {
    const out = this.#buffer.subarray(0, length)
    this.#buffer = this.#buffer.subarray(length)
    this.offset += length
    return out
  }

  async #fill(): Promise<boolean> {
    while (this.#buffer.length === 0 && !this.#isDone) {
      const { done, value } = await this.#iterator.next()
      if (done) this.#isDone = true
      else this.#buffer = value
    }
    return this.#buffer.length > 0
  }
}

/** A ByteSource over random access: skipping costs nothing. */
export class RandomAccessSource implements ByteSource {
  offset = 0
  #ahead: Uint8Array = new Uint8Array(0)

  constructor(readonly input: RandomAccess) {}

  async take(length: number): Promise<Uint8Array> {
    if (this.#ahead.length < length) this.#ahead = await readFully(this.input, this.offset, Math.max(length, 4096))
    return this.#consume(Math.min(length, this.#ahead.length))
  }

  async piece(max: number): Promise<Uint8Array> {
    if (this.#ahead.length > 0) return this.#consume(Math.min(max, this.#ahead.length))
    this.#ahead = await this.input.read(this.offset, Math.min(max, PIECE_BYTES))
    return this.#consume(this.#ahead.length)
  }

  async skip(length: number): Promise<void> {
    if (this.offset + length > this.input.size) throw cutOff(this.input.size)
    this.#ahead = this.#ahead.subarray(Math.min(length, this.#ahead.length))
    this.offset += length
  }

  async drain(): Promise<void> {}

  async close(): Promise<void> {}

  #consume(length: number): Uint8Array {
    const out = this.#ahead.subarray(0, length)
    this.#ahead = this.#ahead.subarray(length)
    this.offset += length
    return out
  }
}

async function readFully(input: RandomAccess, offset: number, length: number): Promise<Uint8Array> {
  const out = new Uint8Array(Math.max(0, Math.min(length, input.size - offset)))
  let have = 0
  while (have < out.length) {
    const part = await input.read(offset + have, out.length - have)
    if (part.length === 0) break
    out.set(part, have)
    have += part.length
  }
  return out.subarray(0, have)
}

/** The bytes `start` up to `end` of a random access input, as a stream. @throws FormatError where the input ends first */
export async function* rangeOf(input: RandomAccess, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const part = await input.read(at, Math.min(PIECE_BYTES, end - at))
    if (part.length === 0) throw cutOff(at)
    yield part
    at += part.length
  }
}

/** The error of input that ends in the middle of something. */
export const cutOff = (offset: number): FormatError => new FormatError('the archive is cut off', { offset })
