// Writing gzip (RFC 1952) block by block: each block of the input is deflated by itself, with the 32 KiB before it as a dictionary, and ends on a byte
// boundary (an empty stored block, as pigz does it), so several can be deflated at the same time and the result is one member.
import { inChunksOf } from './chunks.js'
import { inOrder } from './in-order.js'

/** Bytes of one block. Digests depend on it: never change it without a major version. */
export const BLOCK_BYTES = 128 * 1024
const DICTIONARY_BYTES = 32 * 1024

// Deflate, no flags, no time, no extra flags, Unix: fixed, so that equal bytes stay equal.
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3)
// An empty block of fixed codes, the last one.
const LAST_BLOCK = Uint8Array.of(3, 0)

// Length 0 and its complement.
const STORED_EMPTY = Uint8Array.of(0, 0, 0xff, 0xff)

/** A block, and up to 32 KiB that came right before it. */
export interface Block {
  readonly bytes: Uint8Array
  readonly dictionary: Uint8Array
}

/** How blocks are deflated, and how their checksum is made. */
export interface BlockCodec {
  /** Blocks at a time. */
  readonly atOnce: number
  deflate(block: Block): Uint8Array | Promise<Uint8Array>
  /** CRC-32 of `bytes` after bytes of the CRC-32 `before`. */
  crc32(bytes: Uint8Array, before: number): number
}

/** Deflate data that ends with an empty last block of fixed codes, as data that can be continued: the same with an empty stored block at its end. */
export function continued(data: Uint8Array): Uint8Array {
  // RFC 1951, 3.2.3: the bits 1 (last), 1 0 (fixed codes), 0000000 (end of block), zeros to the end. The last bit that is set is the type's.
  let lastByte = data.length - 1
  while (data[lastByte] === 0) lastByte--
  const isLastBit = lastByte * 8 + 31 - Math.clz32(data[lastByte]!) - 1
  const end = Math.ceil((isLastBit + 3) / 8)
  const out = new Uint8Array(end + STORED_EMPTY.length)
  out.set(data.subarray(0, end))
  for (const bit of [isLastBit, isLastBit + 1]) out[bit >> 3]! &= ~(1 << (bit & 7))
  out.set(STORED_EMPTY, end)
  return out
}

/** Compresses a stream. What comes out does not depend on how the source is cut. */
export async function* gzipBlocks(source: AsyncIterable<Uint8Array>, codec: BlockCodec): AsyncGenerator<Uint8Array> {
  let crc = 0
  let length = 0
  async function* blocks(): AsyncGenerator<Block> {
    let dictionary = new Uint8Array(0)
    for await (const bytes of inChunksOf(source, BLOCK_BYTES)) {
      crc = codec.crc32(bytes, crc)
      length += bytes.length
      yield { bytes, dictionary }
      dictionary = bytes.slice(-DICTIONARY_BYTES)
    }
  }
  yield HEADER.slice()
  yield* inOrder(blocks(), codec.atOnce, (block) => codec.deflate(block))
  const end = new Uint8Array(LAST_BLOCK.length + 8)
  const view = new DataView(end.buffer, LAST_BLOCK.length)
  end.set(LAST_BLOCK)
  view.setUint32(0, crc, true)
  view.setUint32(4, length % 2 ** 32, true)
  yield end
}
