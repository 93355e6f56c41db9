// Bytes from one open file to another, holes kept: lseek(2) SEEK_DATA.
import { ftruncate, read } from 'node:fs'
import { promisify } from 'node:util'
import { native } from '../../native/index.js'
import { writeAll } from './bytes.js'

const CHUNK = 512 * 1024
const readAt = promisify(read)
const setLength = promisify(ftruncate)

/** Copies at most `size` bytes (what the file had when it was opened: it may grow as fast as it is read) into an empty file. */
export async function transfer(from: number, to: number, size: number, signal?: AbortSignal): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, size)))
  for (let at = 0; at < size; ) {
    const data = native().nextData(from, BigInt(at))
    if (data === undefined) break
    at = Number(data.start)
    const end = Math.min(size, Number(data.end))
    while (at < end) {
      signal?.throwIfAborted()
      const { bytesRead } = await readAt(from, buffer, 0, Math.min(buffer.length, end - at), at)
      if (bytesRead === 0) return setLength(to, at)
      await writeAll(to, buffer.subarray(0, bytesRead), at)
      at += bytesRead
    }
  }
  await setLength(to, size)
}
