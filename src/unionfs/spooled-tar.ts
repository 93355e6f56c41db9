// A layer's tar that can be read anywhere: decompressed as far as anybody asked, once, and laid aside on the way.
import { FormatError } from '../core/index.js'
import { Idle } from './idle.js'
import type { Room } from './spool.js'

/** Thrown where the bytes of a tar cannot be laid aside (a full disk), or no more: the layer's stream has them still. */
export class NoRoomError extends Error {}

/** Gives bytes of a tar at any offset. Holds one decompressor while it is in use, and in memory no more than a chunk. */
export class SpooledTar {
  /** How much of the tar is in the room. */
  #have = 0
  #stream: AsyncIterator<Uint8Array> | undefined
  /** The chunk that came last, and where it begins: files are mostly read in the tar's order. */
  #last = { offset: 0, bytes: new Uint8Array(0) as Uint8Array }
  #turn: Promise<unknown> = Promise.resolve()
  #isClosed = false
  readonly #idle = new Idle(() => this.#inTurn(() => this.#endStream()))

  /** `open`: the uncompressed tar from its start, `size` bytes. */
  constructor(
    readonly open: () => AsyncIterable<Uint8Array>,
    readonly room: Room,
    readonly size: number,
  ) {}

  /** @throws NoRoomError @throws FormatError where the tar is not what it was */
  read(offset: number, length: number): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      // The room is somebody else's by now.
      if (this.#isClosed) throw new NoRoomError('the view was closed')
      const end = offset + length
      if (this.#have < end) await this.#fill(end)
      const last = this.#last
      if (offset >= last.offset && end <= last.offset + last.bytes.length)
        return last.bytes.subarray(offset - last.offset, end - last.offset)
      return this.room.read(offset, length)
    })
  }

  /** Ends what is open, once the reads under way are done; later ones are refused. */
  close(): Promise<void> {
    return this.#inTurn(() => {
      this.#isClosed = true
      return this.#endStream()
    })
  }

  async #fill(end: number): Promise<void> {
    this.#idle.stop()
    try {
      while (this.#have < end) {
        const chunk = await this.#next()
        try {
          await this.room.write(this.#have, chunk)
        } catch (cause) {
          throw new NoRoomError('no room for a layer', { cause })
        }
        this.#last = { offset: this.#have, bytes: chunk }
        this.#have += chunk.length
      }
      // To its very end: there its digest is compared.
      if (this.#have === this.size) await this.#drain()
    } catch (error) {
      await this.#endStream()
      throw error
    }
    if (this.#have === this.size) this.#stream = undefined
    else this.#idle.start()
  }

  /** The next bytes of the tar that are not in the room. */
  async #next(): Promise<Uint8Array> {
    let before = 0
    if (this.#stream === undefined) {
      this.#stream = this.open()[Symbol.asyncIterator]()
      before = this.#have
    }
    for (;;) {
      const { done, value } = await this.#stream.next()
      if (done === true) throw changed()
      if (value.length <= before) {
        before -= value.length
        continue
      }
      const chunk = value.subarray(before)
      if (this.#have + chunk.length > this.size) throw changed()
      return chunk
    }
  }

  async #drain(): Promise<void> {
    for (let next = await this.#stream?.next(); next !== undefined && next.done !== true; next = await this.#stream?.next())
      if (next.value.length > 0) throw changed()
  }

  async #endStream(): Promise<void> {
    this.#idle.stop()
    const stream = this.#stream
    this.#stream = undefined
    await stream?.return?.()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }
}

const changed = (): FormatError => new FormatError('a layer has another length than when it was indexed')
