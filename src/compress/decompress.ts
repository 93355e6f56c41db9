// From a compressed stream to the bytes in it.
import { gunzip, unzstd } from '#compress'
import { peek } from './chunks.js'
import { type Compression, detectCompression, MAGIC_BYTES } from './compression.js'

/** Decompresses a stream of a known compression, or of one found by its first bytes. @throws FormatError for bytes that are not of that kind */
export function decompress(source: AsyncIterable<Uint8Array>, compression: Compression | 'detect'): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'gzip':
      return gunzip(source)
    case 'zstd':
      return unzstd(source)
    case 'none':
      return source
    case 'detect':
      return detected(source)
  }
}

async function* detected(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { head, stream } = await peek(source, MAGIC_BYTES)
  yield* decompress(stream, detectCompression(head))
}
