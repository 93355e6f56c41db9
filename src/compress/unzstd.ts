// Reading zstd (RFC 8878) in any JavaScript host, by fzstd.
import { Decompress } from 'fzstd'
import { FormatError } from '../core/index.js'
import { inChunksUpTo } from './chunks.js'
import { ZstdFrames } from './zstd-frames.js'

// A block of 4 bytes can stand for 128 KiB: this bounds what one push hands out.
const CHUNK_BYTES = 4 * 1024

/** Decompresses a stream; several frames are one stream, skippable frames are skipped. @throws FormatError for bytes that are not zstd or are cut off */
export async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = []
  const frames = new ZstdFrames()
  const decoder = new Decompress((chunk) => void out.push(chunk.slice()))
  for await (const chunk of inChunksUpTo(source, CHUNK_BYTES)) {
    // Before the decoder sees it: it allocates the window that a frame asks for.
    frames.push(chunk)
    guard(() => decoder.push(chunk))
    yield* out.splice(0)
  }
  frames.end()
}

function guard(step: () => void): void {
  try {
    step()
  } catch (cause) {
    throw new FormatError('the zstd stream is corrupt', { cause })
  }
}
