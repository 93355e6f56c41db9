// Contents straight out of a layer's tar, no image unpacked: at their offset, in the tar itself where it can be read anywhere, else in what was
// decompressed of it so far. Where there is no room for that, out of its stream.
import { entryOf, type Layer, type LayerEntry } from '../layer/index.js'
import { expandSparse, type RandomAccess, rangeOf, readTar, type TarEntry } from '../tar/index.js'
import type { Spool } from './spool.js'
import { NoRoomError, SpooledTar } from './spooled-tar.js'
import { TarStreams } from './tar-streams.js'

/** Where a member is in its tar. */
type Place = Pick<TarEntry, 'headerOffset' | 'dataOffset' | 'storedSize' | 'sparse' | 'size'>

/** The contents of one layer's files. */
export class LayerContents {
  readonly #layer: Layer
  readonly #spool: Spool
  /** The uncompressed tar, if it can be read anywhere. */
  readonly #seekable: RandomAccess | undefined
  readonly #streams: TarStreams
  /** Bytes of the uncompressed tar; undefined until it was read to its end. */
  #size: number | undefined
  #spooled: Promise<SpooledTar | undefined> | undefined

  constructor(layer: Layer, spool: Spool, seekable: RandomAccess | undefined) {
    this.#layer = layer
    this.#spool = spool
    this.#seekable = seekable
    this.#streams = new TarStreams(() => layer.uncompressed())
  }

  /** The layer's entries; their contents can be asked for at any time, in any order. */
  async *entries(): AsyncGenerator<LayerEntry> {
    let size = 0
    async function* counted(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of tar) {
        size += chunk.length
        yield chunk
      }
    }
    // The stream is verified, so what is read at offsets later is what its digest says, as long as what it comes from does not change.
    for await (const member of readTar(counted(this.#layer.uncompressed()))) {
      const place = placeOf(member)
      const entry = entryOf(member, () => this.#contentAt(place))
      if (entry !== undefined) yield entry
    }
    this.#size = size
  }

  /** Ends what reading has opened. The contents can be read again, at the cost of the first time. */
  async close(): Promise<void> {
    const spooled = this.#spooled
    this.#spooled = undefined
    await this.#streams.close()
    await (await spooled)?.close()
  }

  async *#contentAt(place: Place): AsyncGenerator<Uint8Array> {
    if (this.#seekable !== undefined) return yield* contentIn(this.#seekable, place)
    this.#spooled ??= this.#room()
    const spooled = this.#spooled
    const tar = await spooled
    let given = 0
    try {
      if (tar !== undefined) {
        for await (const chunk of contentIn(tar, place)) {
          given += chunk.length
          yield chunk
        }
        return
      }
    } catch (error) {
      if (!(error instanceof NoRoomError)) throw error
      if (this.#spooled === spooled) this.#spooled = Promise.resolve(undefined)
    }
    yield* without(given, this.#streams.contentAt(place.headerOffset))
  }

  async #room(): Promise<SpooledTar | undefined> {
    const size = this.#size
    const room = size === undefined ? undefined : await this.#spool.room(size)
    return size === undefined || room === undefined ? undefined : new SpooledTar(() => this.#layer.uncompressed(), room, size)
  }
}

// Not the member itself: it would keep the stream that it came from.
const placeOf = ({ headerOffset, dataOffset, storedSize, sparse, size }: Place): Place => ({
  headerOffset,
  dataOffset,
  storedSize,
  size,
  ...(sparse === undefined ? {} : { sparse }),
})

function contentIn(tar: RandomAccess, { dataOffset, storedSize, sparse, size }: Place): AsyncIterable<Uint8Array> {
  const stored = rangeOf(tar, dataOffset, dataOffset + storedSize)
  return sparse === undefined ? stored : expandSparse(stored, sparse, size)
}

async function* without(bytes: number, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const chunk of stream) {
    if (chunk.length > left) yield chunk.subarray(left)
    left = Math.max(0, left - chunk.length)
  }
}
