// The bytes of an open host file, chunk by chunk.
import type { FileHandle } from 'node:fs/promises'

const CHUNK_BYTES = 256 * 1024
/** Of the first read: most files are small, and a large buffer for each costs more than reading it. */
const FIRST_BYTES = 8 * 1024

/** Everything from `offset` on; the file is closed at the end, or when the reader stops early. */
export async function* fileChunks(file: FileHandle, offset = 0): AsyncGenerator<Uint8Array> {
  try {
    for (let at = offset, size = FIRST_BYTES; ; ) {
      // A fresh buffer each time: the reader may keep the chunk.
      const buffer = new Uint8Array(size)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) return
      size = bytesRead === size ? CHUNK_BYTES : FIRST_BYTES
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
