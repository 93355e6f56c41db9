// The content of one file: the layer's bytes below, written chunks above. Nothing is copied up before it is written, and then only the chunk around it.
import { BaseReader } from './base-reader.js'

/** Size of a chunk of written bytes. */
export const CHUNK_BYTES = 65_536
/** Sizes must stay exact as numbers. */
export const FILE_SIZE_MAX = Number.MAX_SAFE_INTEGER

/** Opens a file's bytes as the layer has them. */
export type Content = () => AsyncIterable<Uint8Array>

/** Bytes of one file. Calls that wait take turns through `exclusive`; the rest is done in one step. */
export class FileData {
  size: number
  #base: Content | undefined
  #baseSize: number
  /** How far the layer's bytes show: it sinks when the file is cut, and never rises again. */
  #baseEnd: number
  /** By number. One may be shorter than CHUNK_BYTES: the rest is zeros. Shared and empty until the first write: most files are never written. */
  #chunks: ReadonlyMap<number, Uint8Array> = NONE
  /** The same map where no snapshot shares it, to be written. */
  #own: Map<number, Uint8Array> | undefined
  /** Chunks that no snapshot shares. */
  #owned: Set<number> | undefined
  #turn: Promise<unknown> | undefined

  constructor(base?: Content, size = 0) {
    this.#base = base
    this.size = size
    this.#baseSize = size
    this.#baseEnd = size
  }

  /** Whether the bytes are the layer's, never written. */
  get isUntouched(): boolean {
    return this.#chunks.size === 0 && this.#baseEnd === this.#baseSize && this.size === this.#baseSize
  }

  /** Whether both are the same file of a layer, never written: equal without a look at the bytes. */
  isTwinOf(other: FileData): boolean {
    return this.#base === other.#base && this.isUntouched && other.isUntouched
  }

  /** Bytes held in memory. */
  get memoryBytes(): number {
    let sum = 0
    for (const chunk of this.#chunks.values()) sum += chunk.length
    return sum
  }

  /** Runs `work` when all earlier work on this file is done: a write that waits for the layer must not be overtaken. */
  exclusive<T>(work: () => T | Promise<T>): Promise<T> {
    const result = (this.#turn ?? Promise.resolve()).then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  /** The same bytes, unmoved by later writes. Chunks are shared until one side writes. */
  snapshot(): FileData {
    const copy = new FileData(this.#base, this.#baseSize)
    copy.size = this.size
    copy.#baseEnd = this.#baseEnd
    copy.#chunks = this.#chunks
    this.#own = undefined
    this.#owned = undefined
    return copy
  }

  /** Takes over the bytes of `other`, which nobody may use any more. */
  replaceWith(other: FileData): void {
    this.size = other.size
    this.#base = other.#base
    this.#baseSize = other.#baseSize
    this.#baseEnd = other.#baseEnd
    this.#chunks = other.#chunks
    this.#own = other.#own
    this.#owned = other.#owned
  }

  /** Cuts or extends with zeros. */
  truncate(size: number): void {
    if (size < this.size) {
      const last = Math.floor(size / CHUNK_BYTES)
      const keep = size % CHUNK_BYTES
      for (const [number, chunk] of this.#chunks) {
        if (number > last || (number === last && keep === 0)) this.#drop(number)
        else if (number === last && chunk.length > keep) this.#put(number, chunk.slice(0, keep))
      }
    }
    this.size = size
    this.#baseEnd = Math.min(this.#baseEnd, size)
  }

  /** Up to `target.length` bytes at `position`; fewer only at the end of the file. */
  async read(target: Uint8Array, position: number, reader: BaseReader): Promise<number> {
    const length = Math.max(0, Math.min(target.length, this.size - position))
    for (let done = 0; done < length; ) {
      const at = position + done
      const within = at % CHUNK_BYTES
      const part = target.subarray(done, done + Math.min(CHUNK_BYTES - within, length - done))
      await this.#readPart(part, at, reader)
      done += part.length
    }
    return length
  }

  /** Puts `bytes` at `position`; a gap before it is zeros. */
  async write(bytes: Uint8Array, position: number, reader: BaseReader): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const at = position + done
      const number = Math.floor(at / CHUNK_BYTES)
      const within = at % CHUNK_BYTES
      const part = bytes.subarray(done, done + CHUNK_BYTES - within)
      const chunk = this.#chunks.get(number) ?? (await this.#fromBase(number, within, part.length, reader))
      this.#chunk(number, chunk, within + part.length).set(part, within)
      done += part.length
      this.size = Math.max(this.size, at + part.length)
    }
  }

  /** A reader of the layer's bytes, to be closed. One a handle makes reading in order cost one pass. */
  reader(): BaseReader {
    return new BaseReader(this.#base)
  }

  /** All bytes, in order. The caller must hold a snapshot, or keep writers off. */
  async *stream(): AsyncGenerator<Uint8Array> {
    if (this.size === 0) return
    if (this.#base !== undefined && this.isUntouched) {
      yield* this.#base()
      return
    }
    const reader = this.reader()
    try {
      for (let at = 0; at < this.size; at += CHUNK_BYTES) {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, this.size - at))
        await this.#readPart(chunk, at, reader)
        yield chunk
      }
    } finally {
      await reader.close()
    }
  }

  /** `part` lies within one chunk and within the file. */
  async #readPart(part: Uint8Array, at: number, reader: BaseReader): Promise<void> {
    const chunk = this.#chunks.get(Math.floor(at / CHUNK_BYTES))
    const within = at % CHUNK_BYTES
    if (chunk !== undefined) {
      const bytes = chunk.subarray(within, within + part.length)
      part.set(bytes)
      part.fill(0, bytes.length)
      return
    }
    const below = Math.max(0, Math.min(part.length, this.#baseEnd - at))
    if (below > 0) await reader.read(part.subarray(0, below), at)
    part.fill(0, below)
  }

  /** The layer's bytes of a chunk that is about to be written, or nothing where the write covers them all. */
  async #fromBase(number: number, within: number, length: number, reader: BaseReader): Promise<Uint8Array> {
    const start = number * CHUNK_BYTES
    const below = Math.max(0, Math.min(CHUNK_BYTES, this.#baseEnd - start))
    const covered = within === 0 && length >= below
    const chunk = new Uint8Array(covered ? 0 : below)
    if (chunk.length > 0) await reader.read(chunk, start)
    this.#put(number, chunk)
    return chunk
  }

  /** The chunk, ours alone and at least `length` long. */
  #chunk(number: number, chunk: Uint8Array, length: number): Uint8Array {
    if (chunk.length >= length && this.#owned?.has(number) === true) return chunk
    const size = chunk.length >= length ? chunk.length : Math.min(CHUNK_BYTES, Math.max(length, chunk.length * 2))
    const grown = new Uint8Array(size)
    grown.set(chunk)
    this.#put(number, grown)
    return grown
  }

  #put(number: number, chunk: Uint8Array): void {
    this.#writable().set(number, chunk)
    this.#owned ??= new Set()
    this.#owned.add(number)
  }

  #drop(number: number): void {
    this.#writable().delete(number)
    this.#owned?.delete(number)
  }

  #writable(): Map<number, Uint8Array> {
    if (this.#own === undefined) {
      this.#own = new Map(this.#chunks)
      this.#chunks = this.#own
    }
    return this.#own
  }
}

const NONE: ReadonlyMap<number, Uint8Array> = new Map()
