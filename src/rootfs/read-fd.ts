// The bytes of an open regular file, chunk by chunk, off the event loop.
import { close, read } from 'node:fs'
import { promisify } from 'node:util'

const CHUNK = 256 * 1024
const readAt = promisify(read)

/** Everything from the start; the fd is closed at the end, or when the reader stops early. */
export async function* readFd(fd: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; ; ) {
      const buffer = Buffer.allocUnsafe(CHUNK)
      const { bytesRead } = await readAt(fd, buffer, 0, CHUNK, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await promisify(close)(fd)
  }
}
