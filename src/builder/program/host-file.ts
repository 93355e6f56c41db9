// A regular host file, read in small pieces at offsets. An executable may be 100 MB and lies about its own offsets when it wants to.
import { constants, type FileHandle, open } from 'node:fs/promises'
import { encodePath, FormatError } from '../../core/index.js'
import { fromNode, hostError } from './host-error.js'

/** Opens `source`, hands it to `body` and closes it again, whatever happens. @throws SyscallError where it cannot be opened or is no regular file */
export async function withHostFile<T>(source: string, body: (file: HostFile) => Promise<T>): Promise<T> {
  // Not blocking: were the file exchanged for a FIFO since it was looked at, open(2) would wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW
  const handle = await open(Buffer.from(encodePath(source)), flags).catch((error) => Promise.reject(fromNode(error, source)))
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw hostError('EINVAL', 'open', source, `${source} is no regular file`)
    return await body(new HostFile(source, handle, stat.size))
  } finally {
    await handle.close()
  }
}

/** Reads within one open file. */
export class HostFile {
  readonly path: string
  /** Length when it was opened, in bytes. */
  readonly size: number
  readonly #handle: FileHandle

  constructor(path: string, handle: FileHandle, size: number) {
    this.path = path
    this.size = size
    this.#handle = handle
  }

  /** Exactly `length` bytes from `offset`. @throws FormatError where the file has fewer */
  async bytes(offset: number, length: number): Promise<Uint8Array> {
    const bytes = offset <= this.size - length ? await this.upTo(offset, length) : new Uint8Array(0)
    if (bytes.length < length) throw new FormatError(`${this.path}: ${length} bytes wanted, past the end of the file`, { offset })
    return bytes
  }

  /** At most `length` bytes from `offset`; fewer at the end of the file. */
  async upTo(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)))
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, bytes.length - filled, offset + filled).catch((error) => {
        throw fromNode(error, this.path)
      })
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }
}
