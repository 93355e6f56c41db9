// One output stream of a process: kept up to a bound, drained when nobody reads, with back pressure when somebody does.
import { Readable } from 'node:stream'

// What a pipe can hold at most (/proc/sys/fs/pipe-max-size): the rest of a program's output when it has ended.
const PIPE_MAX_BYTES = 2 ** 20

/** The stream as one of its readers sees it; fed by `Output`. */
class Reader extends Readable {
  readonly #wants: () => void
  readonly #leaves: () => void
  /** It reads, and has not taken what it got yet. */
  isFull = false

  constructor(wants: () => void, leaves: (reader: Reader) => void) {
    super()
    this.#wants = wants
    this.#leaves = () => leaves(this)
  }
  override _read(): void {
    this.isFull = false
    this.#wants()
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.isFull = false
    this.#leaves()
    done(error)
  }
  /** A stream that was only looked at is not read. */
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
  readonly #readers = new Set<Reader>()
  #first: Reader | undefined
  #keptBytes = 0
  #isEnded = false
  #lastAt = performance.now()
  /** Bytes that readers still get without back pressure; 0 while the program runs. */
  #restBytes = 0
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
        for (const reader of this.#readers) reader.push(null)
        resolve()
      }
      source.once('close', end).once('end', end)
      // A pipe that breaks has ended; what came before it counts.
      source.on('error', end)
      // Of a program that ended at once, before anybody listened; with a byte in it, it would have waited.
      if (source.readableEnded || source.destroyed) end()
    })
    source.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  #take(chunk: Buffer): void {
    this.#lastAt = performance.now()
    this.#keep(chunk)
    for (const listener of this.#listeners) listener(chunk)
    for (const reader of this.#readers) {
      if (reader.isRead) reader.isFull = !reader.push(chunk)
      else if (reader.readableLength < this.#maxBytes) reader.push(chunk)
    }
    this.#restBytes = Math.max(0, this.#restBytes - chunk.length)
    if (this.#restBytes === 0 && this.#isHeldBack) this.#source.pause()
  }

  #keep(chunk: Buffer): void {
    const room = this.#maxBytes - this.#keptBytes
    if (chunk.length > room) this.truncated = true
    if (room <= 0) return
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk
    this.#kept.push(part)
    this.#keptBytes += part.length
  }

  get #isHeldBack(): boolean {
    return [...this.#readers].some((reader) => reader.isFull)
  }

  /** A stream of its own for one reader: what was kept so far, then all that comes. Reading it holds the program back; destroying it ends that. */
  open(): Readable {
    const goOn = () => {
      if (!this.#isHeldBack) this.#source.resume()
    }
    const reader = new Reader(goOn, (left) => {
      this.#readers.delete(left)
      goOn()
    })
    this.#readers.add(reader)
    for (const chunk of this.#kept) reader.push(chunk)
    if (this.#isEnded) reader.push(null)
    return reader
  }

  /** The stream that everybody shares. Not reading it holds nothing back. */
  reader(): Readable {
    this.#first ??= this.open() as Reader
    return this.#first
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

  /** The program has ended: silence counts from here on, and a reader that stopped no longer keeps what the pipe still holds from the result. */
  beginSettling(): void {
    this.#lastAt = performance.now()
    this.#restBytes = PIPE_MAX_BYTES
    this.#source.resume()
  }

  /** Waits for end of file; once `quietMs` pass with no byte it is given up: descendants hold the pipe. */
  async settle(quietMs: number): Promise<void> {
    while (!this.#isEnded) {
      const left = quietMs - (performance.now() - this.#lastAt)
      if (left <= 0) {
        // A loop that was kept busy has not read yet what the pipe holds: silence counts only after a turn in which it could.
        const before = this.#lastAt
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
        if (this.#lastAt === before) return this.giveUp()
        continue
      }
      let timer: NodeJS.Timeout | undefined
      await Promise.race([this.ended, new Promise((resolve) => (timer = setTimeout(resolve, left)))])
      clearTimeout(timer)
    }
  }

  /** Reads no more of it. */
  giveUp(): void {
    this.#source.destroy()
  }
}
