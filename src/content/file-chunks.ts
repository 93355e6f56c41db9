// The bytes of an open host file, chunk by chunk.
import type { FileHandle } from 'node:fs/promises'

const CHUNK_BYTES = 256 * 1024

/** Everything from `offset` on; the file is closed at the end, or when the reader stops early. */
export async function* fileChunks(file: FileHandle, offset = 0): AsyncGenerator<Uint8Array> {
  try {
    for (let at = offset; ; ) {
      // A fresh buffer each time: the reader may keep the chunk.
      const buffer = new Uint8Array(CHUNK_BYTES)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
