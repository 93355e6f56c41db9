// Writing gzip in Node: the same bytes as anywhere (gzip.ts), deflated in threads.
import { crc32 } from 'node:zlib'
import { deflateBlock } from './gzip.js'
import { BLOCK_BYTES, type Block, continued, gzipBlocks } from './gzip-blocks.js'
import { inThread, THREADS } from './workers.node.js'

/** Compresses a stream: level 6, no name, time 0. The result is the same on every platform, however the source is cut. */
export const gzip = (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
  gzipBlocks(source, { atOnce: THREADS + 1, deflate, crc32: (bytes, before) => crc32(bytes, before) })

async function deflate(block: Block): Promise<Uint8Array> {
  // A stream of one block is done sooner than a thread has started.
  const isSmall = block.bytes.length < BLOCK_BYTES && block.dictionary.length === 0
  const packed = isSmall ? undefined : await inThread({ kind: 'deflate', ...block })
  return packed === undefined ? deflateBlock(block) : continued(packed)
}
