// Writing zstd (RFC 8878). One encoder, compiled to WebAssembly, on every host: equal bytes in, equal bytes out, whatever zstd a Node was built with.
import { inChunksOf } from './chunks.js'

// Digests depend on both: never change them (nor the pinned encoder) without a major version.
const LEVEL = 3
/** Each frame holds this much: it bounds the memory and the time that the thread is not free. Several frames are one stream (section 3.1). */
const FRAME_BYTES = 512 * 1024

/** Compresses a stream: level 3, a frame for each 512 KiB. The result is the same on every platform, however the source is cut. */
export async function* zstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // 240 KB that only those who write zstd load.
  const { Zstd } = await import('@hpcc-js/wasm-zstd')
  const encoder = await Zstd.load()
  let isEmpty = true
  for await (const chunk of inChunksOf(source, FRAME_BYTES, true)) {
    isEmpty = false
    yield encoder.compress(chunk, LEVEL)
  }
  if (isEmpty) yield encoder.compress(new Uint8Array(0), LEVEL)
}
