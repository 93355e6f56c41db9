// Chunks of a stream to a file, many at a time (pwritev(2)): each write goes through a thread of libuv, and waking one costs more than the write of a chunk from a socket.
import type { FileHandle } from 'node:fs/promises'

const BATCH_BYTES = 512 * 1024
/** Most buffers of one pwritev(2) on Linux (IOV_MAX). */
const BATCH_CHUNKS = 1024

/** Writes what is added, in order; the disk works on one batch while the next is gathered. Chunks are kept until they are written, not copied. */
export class BatchWriter {
  readonly #file: FileHandle
  #at: number
  #batch: Uint8Array[] = []
  #bytes = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(file: FileHandle, position: number) {
    this.#file = file
    this.#at = position
  }

  /** Waits only where the disk is a whole batch behind. @throws what an earlier write met */
  async add(chunk: Uint8Array): Promise<void> {
    this.#batch.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes >= BATCH_BYTES || this.#batch.length >= BATCH_CHUNKS) await this.#flush()
  }

  /** All that was added is written when this resolves. Always called, also after a failure: nobody may write to the file when it is closed. */
  async end(): Promise<void> {
    await this.#flush()
    await this.#writing
  }

  async #flush(): Promise<void> {
    const [batch, position] = [this.#batch, this.#at]
    this.#batch = []
    this.#at += this.#bytes
    this.#bytes = 0
    await this.#writing
    if (batch.length === 0) return
    this.#writing = writeAll(this.#file, batch, position)
    this.#writing.catch(ignoreUntilAwaited)
  }
}

/** A failed write is thrown where it is awaited, a batch later. */
const ignoreUntilAwaited = (): void => undefined

async function writeAll(file: FileHandle, batch: readonly Uint8Array[], position: number): Promise<void> {
  let [left, at] = [[...batch], position]
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left, at)
    at += bytesWritten
    left = dropBytes(left, bytesWritten)
  }
}

/** What is left of the chunks after so many bytes. */
function dropBytes(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes
  const left: Uint8Array[] = []
  for (const chunk of chunks) {
    if (skip < chunk.length) left.push(chunk.subarray(skip))
    skip = Math.max(0, skip - chunk.length)
  }
  return left
}
