// The bytes of an open regular file, chunk by chunk, off the event loop.
import { close, read } from 'node:fs'
import { promisify } from 'node:util'

const CHUNK = 256 * 1024
/** Of the first read: most files are small, and a large buffer for each costs more than reading it. */
const FIRST = 8 * 1024
const readAt = promisify(read)

/** Everything from the start; the fd is closed at the end, or when the reader stops early. */
export async function* readFd(fd: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0, size = FIRST; ; ) {
      const buffer = Buffer.allocUnsafe(size)
      const { bytesRead } = await readAt(fd, buffer, 0, size, at)
      if (bytesRead === 0) return
      size = bytesRead === size ? CHUNK : FIRST
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await promisify(close)(fd)
  }
}
