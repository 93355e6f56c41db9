// Random access over a file's bytes in a layer, which come as a stream: forwards costs one pass, backwards begins anew.
import { FormatError } from '../core/index.js'

/** Reads at any position; the stream stays open between reads that follow each other. */
export class BaseReader {
  readonly #open: (() => AsyncIterable<Uint8Array>) | undefined
  #stream: AsyncIterator<Uint8Array> | undefined
  /** Where `#rest` begins. */
  #position = 0
  #rest: Uint8Array = new Uint8Array(0)

  constructor(open: (() => AsyncIterable<Uint8Array>) | undefined) {
    this.#open = open
  }

  /** Fills `target` from `position`. @throws FormatError when the layer has fewer bytes than it said */
  async read(target: Uint8Array, position: number): Promise<void> {
    if (this.#stream === undefined || position < this.#position) await this.#restart()
    for (let done = 0; done < target.length; ) {
      const at = position + done
      if (at < this.#position + this.#rest.length) {
        const from = at - this.#position
        const bytes = this.#rest.subarray(from, from + target.length - done)
        target.set(bytes, done)
        done += bytes.length
      } else await this.#next()
    }
  }

  /** Ends the stream; a later read opens another. */
  async close(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    this.#rest = new Uint8Array(0)
    await stream?.return?.()
  }

  async #restart(): Promise<void> {
    await this.close()
    this.#position = 0
    this.#stream = this.#open?.()[Symbol.asyncIterator]()
  }

  async #next(): Promise<void> {
    const next = await this.#stream?.next()
    if (next === undefined || next.done === true) throw new FormatError('a file in a layer is shorter than its entry says')
    this.#position += this.#rest.length
    this.#rest = next.value
  }
}
