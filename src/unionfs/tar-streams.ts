// Contents out of a tar that can only be read forwards: streams stay open for the next file, so reading in the tar's order costs one pass.
import { FormatError } from '../core/index.js'
import { readTar, type TarEntry } from '../tar/index.js'
import { Idle } from './idle.js'

/** Streams kept open after use. Each holds a decompressor's window. */
const IDLE_STREAMS = 2

interface OpenStream {
  readonly members: AsyncIterator<TarEntry>
  /** Header of the last member that was taken. */
  at: number
  readonly idle: Idle
}

/** The streams of one tar. */
export class TarStreams {
  readonly #open: () => AsyncIterable<Uint8Array>
  #idle: OpenStream[] = []

  constructor(open: () => AsyncIterable<Uint8Array>) {
    this.#open = open
  }

  /** The content of the member whose header is there. */
  async *contentAt(headerOffset: number): AsyncGenerator<Uint8Array> {
    const stream = this.#take(headerOffset)
    let isUsable = false
    try {
      const member = await advance(stream, headerOffset)
      yield* member.content()
      isUsable = true
    } finally {
      if (isUsable) await this.#keep(stream)
      else await stream.members.return?.()
    }
  }

  /** Ends those that nobody reads. */
  async close(): Promise<void> {
    for (const stream of [...this.#idle]) await this.#end(stream)
  }

  /** The open stream that has least to pass over, or a new one. */
  #take(headerOffset: number): OpenStream {
    const before = this.#idle.filter((stream) => stream.at < headerOffset).sort((a, b) => b.at - a.at)
    const stream = before[0] ?? this.#begin()
    stream.idle.stop()
    this.#idle = this.#idle.filter((other) => other !== stream)
    return stream
  }

  #begin(): OpenStream {
    const stream: OpenStream = {
      members: readTar(this.#open())[Symbol.asyncIterator](),
      at: -1,
      idle: new Idle(() => this.#end(stream)),
    }
    return stream
  }

  async #keep(stream: OpenStream): Promise<void> {
    this.#idle.push(stream)
    stream.idle.start()
    const oldest = this.#idle[0]
    if (this.#idle.length > IDLE_STREAMS && oldest !== undefined) await this.#end(oldest)
  }

  async #end(stream: OpenStream): Promise<void> {
    stream.idle.stop()
    this.#idle = this.#idle.filter((other) => other !== stream)
    await stream.members.return?.()
  }
}

async function advance(stream: OpenStream, headerOffset: number): Promise<TarEntry> {
  for (;;) {
    const { value, done } = await stream.members.next()
    if (done === true) throw new FormatError('a layer has become shorter since it was indexed')
    stream.at = value.headerOffset
    if (value.headerOffset === headerOffset) return value
  }
}
