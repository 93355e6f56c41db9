// Writing gzip in any JavaScript host, by fflate. One pure JavaScript implementation, level and block size on every host: equal bytes in, equal bytes out.
import { Deflate } from 'fflate'
import { concat } from '../core/index.js'
import { crc32 } from './crc32.js'
import { type Block, continued, gzipBlocks } from './gzip-blocks.js'

/** What fflate is told. Digests depend on it: never change it (nor the pinned fflate) without a major version. */
export const DEFLATE_OPTIONS = { level: 6, mem: 4 } as const

const NOTHING = new Uint8Array(0)

/** One block as deflate data that ends on a byte boundary and is not the last. */
export function deflateBlock({ bytes, dictionary }: Block): Uint8Array {
  const parts: Uint8Array[] = []
  const encoder = new Deflate({ ...DEFLATE_OPTIONS, dictionary }, (part) => void parts.push(part))
  encoder.push(bytes)
  encoder.flush()
  encoder.push(NOTHING, true)
  return continued(concat(parts))
}

/** Compresses a stream: level 6, no name, time 0. The result is the same on every platform, however the source is cut. */
export const gzip = (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
  gzipBlocks(source, { atOnce: 1, deflate: deflateBlock, crc32 })
