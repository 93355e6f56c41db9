// Writing gzip (RFC 1952). One pure JavaScript implementation, level and chunking on every host: equal bytes in, equal bytes out.
import { Gzip } from 'fflate'
import { inChunksOf } from './chunks.js'

// Digests depend on both: never change them (nor the pinned fflate) without a major version.
const LEVEL = 6
const CHUNK_BYTES = 64 * 1024

/** Compresses a stream: level 6, no name, time 0. The result is the same on every platform, however the source is cut. */
export async function* gzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = []
  const encoder = new Gzip({ level: LEVEL, mtime: 0 }, (chunk) => void out.push(chunk))
  let held: Uint8Array = new Uint8Array(0)
  for await (const chunk of inChunksOf(source, CHUNK_BYTES, true)) {
    // The encoder copies what it is given.
    encoder.push(held)
    held = chunk
    yield* out.splice(0).filter((part) => part.length > 0)
  }
  encoder.push(held, true)
  yield* out.splice(0).filter((part) => part.length > 0)
}
