// Reading zstd (RFC 8878) in any JavaScript host, by fzstd.
import { Decompress } from 'fzstd'
import { FormatError } from '../core/index.js'
import { inChunksUpTo } from './chunks.js'
import { ZstdFrames } from './zstd-frames.js'

// A block of 4 bytes can stand for 128 KiB: this bounds what one push hands out.
const CHUNK_BYTES = 4 * 1024
// fzstd moves its whole window for every block: many empty blocks over a large window would take hours.
const FREE_WORK_BYTES = 2 ** 32
const WORK_PER_BYTE = 1024

/** Decompresses a stream; several frames are one stream, skippable frames are skipped. @throws FormatError for bytes that are not zstd, are cut off, or
 *  need a window of more than 32 MiB */
export async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = []
  const frames = new ZstdFrames()
  const decoder = new Decompress((chunk) => void (chunk.length > 0 && out.push(chunk.slice())))
  let given = 0
  let work = 0
  for await (const chunk of inChunksUpTo(source, CHUNK_BYTES)) {
    const blocks = frames.blocks
    // Before the decoder sees it: it allocates the window that a frame asks for.
    frames.push(chunk)
    work += (frames.blocks - blocks) * frames.windowBytes
    if (work > FREE_WORK_BYTES + WORK_PER_BYTE * given) throw new FormatError('the zstd stream has too many blocks for what is in it')
    guard(() => decoder.push(chunk))
    for (const part of out) given += part.length
    yield* out.splice(0)
  }
  frames.end()
  guard(() => decoder.push(new Uint8Array(0), true))
  yield* out.splice(0)
}

function guard(step: () => void): void {
  try {
    step()
  } catch (cause) {
    throw new FormatError('the zstd stream is corrupt', { cause })
  }
}
