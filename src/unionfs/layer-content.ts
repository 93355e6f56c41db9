// Contents straight out of a layer's tar, nothing unpacked: at their offset where the tar can be read anywhere, else from streams that stay open
// for the next file, so that reading files in the tar's order costs one pass however many there are.
import { FormatError } from '../core/index.js'
import { entryOf, type Layer, type LayerEntry } from '../layer/index.js'
import { expandSparse, type RandomAccess, rangeOf, readTar, type TarEntry } from '../tar/index.js'

/** Streams kept open after use, a layer. Each holds a decompressor's window. */
const IDLE_STREAMS = 2
/** How long. In milliseconds. */
const IDLE_MS = 2_000

/** Entries of a layer whose contents can be asked for at any time, in any order. `seekable`: the layer's uncompressed tar, if it can be read anywhere. */
export async function* indexedEntries(layer: Layer, seekable: RandomAccess | undefined): AsyncGenerator<LayerEntry> {
  const streams = new TarStreams(() => layer.uncompressed())
  // The stream is verified, so what is read at offsets later is what its digest says, as long as `seekable` does not change.
  for await (const member of readTar(layer.uncompressed())) {
    const { headerOffset } = member
    const place = placeOf(member)
    const content = seekable === undefined ? () => streams.contentAt(headerOffset) : () => contentIn(seekable, place)
    const entry = entryOf(member, content)
    if (entry !== undefined) yield entry
  }
}

type Place = Pick<TarEntry, 'dataOffset' | 'storedSize' | 'sparse' | 'size'>

// Not the member itself: it would keep the stream that it came from.
const placeOf = ({ dataOffset, storedSize, sparse, size }: Place): Place => ({
  dataOffset,
  storedSize,
  size,
  ...(sparse === undefined ? {} : { sparse }),
})

function contentIn(tar: RandomAccess, { dataOffset, storedSize, sparse, size }: Place): AsyncIterable<Uint8Array> {
  const stored = rangeOf(tar, dataOffset, dataOffset + storedSize)
  return sparse === undefined ? stored : expandSparse(stored, sparse, size)
}

interface OpenStream {
  readonly members: AsyncIterator<TarEntry>
  /** Header of the last member that was taken. */
  at: number
  timer?: ReturnType<typeof setTimeout>
}

/** The streams of one tar. */
class TarStreams {
  readonly #open: () => AsyncIterable<Uint8Array>
  #idle: OpenStream[] = []

  constructor(open: () => AsyncIterable<Uint8Array>) {
    this.#open = open
  }

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

  /** The open stream that has least to pass over, or a new one. */
  #take(headerOffset: number): OpenStream {
    const before = this.#idle.filter((stream) => stream.at < headerOffset).sort((a, b) => b.at - a.at)
    const stream = before[0]
    if (stream === undefined) return { members: readTar(this.#open())[Symbol.asyncIterator](), at: -1 }
    clearTimeout(stream.timer)
    this.#idle = this.#idle.filter((other) => other !== stream)
    return stream
  }

  async #keep(stream: OpenStream): Promise<void> {
    this.#idle.push(stream)
    // Nobody waits for this end: what fails in it fails again for whoever reads next.
    stream.timer = setTimeout(() => void this.#end(stream).catch(() => undefined), IDLE_MS)
    letGo(stream.timer)
    const oldest = this.#idle[0]
    if (this.#idle.length > IDLE_STREAMS && oldest !== undefined) await this.#end(oldest)
  }

  async #end(stream: OpenStream): Promise<void> {
    clearTimeout(stream.timer)
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

// In Node a timer keeps the process alive unless told not to; in a browser it is a number.
function letGo(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') timer.unref()
}
