// From bytes to a compressed stream of them.
import { gzip, zstd } from '#compress'
import type { Compression } from './compression.js'

/** Compresses a stream. The bytes are the same on every host. */
export function compress(source: AsyncIterable<Uint8Array>, compression: Compression): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'gzip':
      return gzip(source)
    case 'zstd':
      return zstd(source)
    case 'none':
      return source
  }
}
