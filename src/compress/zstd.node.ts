// Writing zstd in Node: the same bytes as anywhere (zstd.ts), each frame in a thread.

import { inThread, THREADS } from './workers.node.js'
import { FRAME_BYTES, zstdFrame, zstdFrames } from './zstd.js'

/** Compresses a stream: level 3, a frame for each 512 KiB. The result is the same on every platform, however the source is cut. */
export const zstd = (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> => zstdFrames(source, THREADS + 1, frame)

async function frame(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = bytes.length < FRAME_BYTES ? undefined : await inThread({ kind: 'zstd', bytes })
  return packed ?? zstdFrame(bytes)
}
