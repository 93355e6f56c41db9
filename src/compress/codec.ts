// The codecs of a host that has none of its own. Node uses codec.node.ts behind the #compress import.
import { UnsupportedError } from '../core/index.js'

export { gunzip } from './gunzip.js'
export { gzip } from './gzip.js'
export { unzstd } from './unzstd.js'

/** Compresses a stream with zstd. @throws UnsupportedError in a host without a zstd encoder (that is: anything but Node 22.15 and later) */
export function zstd(_source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  throw new UnsupportedError('this host cannot write zstd', { remedy: 'use gzip, or Node 22.15 or later' })
}
