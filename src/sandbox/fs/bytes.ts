// Reading and writing an open file to its end. (Node's own readFile of a descriptor drops the error of a read.)
import { fstat, read, write } from 'node:fs'
import { promisify } from 'node:util'
import { FsError } from '../../core/index.js'

const CHUNK = 512 * 1024
/** What Node's own readFile takes at most. */
const READ_MAX_BYTES = 2 ** 31 - 1
const statFd = promisify(fstat)
const readAt = promisify(read)
const writeAt = promisify(write)

/** Everything from where the file stands. `path` is for the error. @throws FsError ERR_FS_FILE_TOO_LARGE past 2 GiB; the signal's reason */
export async function readAll(fd: number, path: string, signal: AbortSignal | undefined): Promise<Buffer> {
  const { size } = await statFd(fd)
  const chunks: Buffer[] = []
  // One more than its size, so that the end is seen without another buffer; files of /proc say 0.
  let room = Math.min(size + 1, READ_MAX_BYTES + 1)
  for (let total = 0; ; ) {
    signal?.throwIfAborted()
    const buffer = Buffer.allocUnsafeSlow(Math.max(room, CHUNK / 8))
    const filled = await fill(fd, buffer, signal)
    total += filled
    if (total > READ_MAX_BYTES)
      throw new FsError({
        code: 'ERR_FS_FILE_TOO_LARGE',
        errno: -27,
        syscall: 'read',
        path,
        message: 'more than 2 GiB, read it as a stream',
      })
    chunks.push(buffer.subarray(0, filled))
    if (filled < buffer.length) return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
    room = CHUNK
  }
}

/** Less than the buffer holds only at the end of the file. */
async function fill(fd: number, buffer: Buffer, signal: AbortSignal | undefined): Promise<number> {
  for (let filled = 0; ; ) {
    signal?.throwIfAborted()
    const { bytesRead } = await readAt(fd, buffer, filled, Math.min(CHUNK, buffer.length - filled), null)
    filled += bytesRead
    if (bytesRead === 0 || filled === buffer.length) return filled
  }
}

/** All bytes at `position` (null: where the file stands, or its end when it was opened to append). */
export async function writeAll(fd: number, bytes: Uint8Array, position: number | null, signal?: AbortSignal): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    signal?.throwIfAborted()
    const at = position === null ? null : position + done
    const { bytesWritten } = await writeAt(fd, bytes, done, Math.min(CHUNK, bytes.length - done), at)
    done += bytesWritten
  }
}
