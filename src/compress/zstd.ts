// Writing zstd (RFC 8878). One encoder, compiled to WebAssembly, on every host: equal bytes in, equal bytes out, whatever zstd a Node was built with.
import { inChunksOf } from './chunks.js'
import { inOrder } from './in-order.js'

// Digests depend on both: never change them (nor the pinned encoder) without a major version.
export const ZSTD_LEVEL = 3
/** Each frame holds this much: it bounds the memory and the time that the thread is not free. Several frames are one stream (section 3.1). */
export const FRAME_BYTES = 512 * 1024

/** Compresses a stream: level 3, a frame for each 512 KiB. The result is the same on every platform, however the source is cut. */
export const zstd = (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> => zstdFrames(source, 1, zstdFrame)

/** Compresses a stream frame by frame, `atOnce` at a time. Nothing is a frame too. */
export async function* zstdFrames(
  source: AsyncIterable<Uint8Array>,
  atOnce: number,
  frame: (bytes: Uint8Array) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let isEmpty = true
  for await (const packed of inOrder(inChunksOf(source, FRAME_BYTES), atOnce, frame)) {
    isEmpty = false
    yield packed
  }
  if (isEmpty) yield frame(new Uint8Array(0))
}

/** One frame. */
export async function zstdFrame(bytes: Uint8Array): Promise<Uint8Array> {
  // 240 KB that only those who write zstd load.
  const { Zstd } = await import('@hpcc-js/wasm-zstd')
  return (await Zstd.load()).compress(bytes, ZSTD_LEVEL)
}
