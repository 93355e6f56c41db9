// The primary file while pages of logs are written over it: grows as logs say, but never past what the logs brought.
import { FormatError } from '../../core/index.js'
import { BASE_BLOCK_SIZE } from '../records/base-block.js'

/** A copy of the primary file that pages are written to. */
export class Image {
  #bytes: Uint8Array
  readonly #sizeMax: number

  /** `logBytes`: length of all logs together, by which the file may grow. */
  constructor(primary: Uint8Array, logBytes: number) {
    this.#bytes = new Uint8Array(Math.max(primary.length, BASE_BLOCK_SIZE))
    this.#bytes.set(primary)
    this.#sizeMax = Math.max(primary.length, BASE_BLOCK_SIZE) + logBytes
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** Whether a file with `dataSize` bytes of hive bins is within what the logs can bring. */
  canHold(dataSize: number): boolean {
    return BASE_BLOCK_SIZE + dataSize <= this.#sizeMax
  }

  /** Makes room for `dataSize` bytes of hive bins. @throws FormatError where nothing could fill them */
  grow(dataSize: number): void {
    if (!this.canHold(dataSize)) throw new FormatError(`${dataSize} bytes of hive bins are more than file and logs together`)
    if (BASE_BLOCK_SIZE + dataSize <= this.#bytes.length) return
    const grown = new Uint8Array(BASE_BLOCK_SIZE + dataSize)
    grown.set(this.#bytes)
    this.#bytes = grown
  }

  /** Writes a page at `offset` of the hive bins. @throws FormatError past their end */
  write(offset: number, page: Uint8Array): void {
    if (BASE_BLOCK_SIZE + offset + page.length > this.#bytes.length)
      throw new FormatError(`a dirty page lies at ${offset}, past the hive bins`)
    this.#bytes.set(page, BASE_BLOCK_SIZE + offset)
  }
}
