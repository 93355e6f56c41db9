// One output stream of a process: kept up to a bound, drained when nobody reads, with back pressure when somebody does.
import { Readable } from 'node:stream'

/** The stream as its reader sees it; fed by `Output`. */
class Reader extends Readable {
  readonly #resume: () => void
  constructor(resume: () => void) {
    super()
    this.#resume = resume
  }
  override _read(): void {
    this.#resume()
  }
  get isRead(): boolean {
    return this.readableFlowing !== null || this.listenerCount('readable') > 0
  }
}

/** Collects and passes on what a pipe brings. */
export class Output {
  readonly #source: Readable
  readonly #maxBytes: number
  readonly #kept: Buffer[] = []
  readonly #listeners = new Set<(chunk: Buffer) => void>()
  #keptBytes = 0
  #reader: Reader | undefined
  #isEnded = false
  #lastAt = performance.now()
  /** Whether something beyond the bound was dropped. */
  truncated = false
  /** Resolves at end of file, or when the stream was given up. */
  readonly ended: Promise<void>

  constructor(source: Readable, maxBytes: number) {
    this.#source = source
    this.#maxBytes = maxBytes
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.#isEnded = true
        this.#reader?.push(null)
        resolve()
      }
      source.once('close', end).once('end', end)
      // A pipe that breaks has ended; what came before it counts.
      source.on('error', end)
    })
    source.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  #take(chunk: Buffer): void {
    this.#lastAt = performance.now()
    const room = this.#maxBytes - this.#keptBytes
    if (chunk.length > room) this.truncated = true
    if (room > 0) {
      const part = chunk.length > room ? chunk.subarray(0, room) : chunk
      this.#kept.push(part)
      this.#keptBytes += part.length
    }
    for (const listener of this.#listeners) listener(chunk)
    const reader = this.#reader
    if (reader === undefined) return
    if (reader.isRead) {
      if (!reader.push(chunk)) this.#source.pause()
    } else if (reader.readableLength < this.#maxBytes) reader.push(chunk)
  }

  /** Everything from the start, as a stream. Reading it holds the program back; not reading it does not. */
  reader(): Readable {
    if (this.#reader === undefined) {
      this.#reader = new Reader(() => this.#source.resume())
      for (const chunk of this.#kept) this.#reader.push(chunk)
      if (this.#isEnded) this.#reader.push(null)
    }
    return this.#reader
  }

  /** Calls back with what was kept, then with all that comes; the result stops it. */
  listen(listener: (chunk: Buffer) => void): () => void {
    if (this.#keptBytes > 0) listener(Buffer.concat(this.#kept))
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Bytes kept so far, as one buffer. */
  bytes(): Buffer {
    return Buffer.concat(this.#kept)
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Milliseconds since the last byte. */
  get silentMs(): number {
    return performance.now() - this.#lastAt
  }

  /** Waits for end of file; once `quietMs` pass with no byte it is given up: descendants hold the pipe. */
  async settle(quietMs: number): Promise<void> {
    while (!this.#isEnded) {
      const left = quietMs - this.silentMs
      if (left <= 0) {
        this.#source.destroy()
        return
      }
      let timer: NodeJS.Timeout | undefined
      await Promise.race([this.ended, new Promise((resolve) => (timer = setTimeout(resolve, left)))])
      clearTimeout(timer)
      // A reader that holds the program back is no silence of the program's.
      if (this.#source.isPaused()) this.#lastAt = performance.now()
    }
  }

  /** The sooner of silence's start and now counts from here on. */
  beginSettling(): void {
    this.#lastAt = performance.now()
  }
}
