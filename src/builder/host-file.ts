// Files of the host as content of layers.
import { open } from 'node:fs/promises'
import { encodePath, StrataError } from '../core/index.js'

const CHUNK_BYTES = 256 * 1024

/** A host path as node:fs takes it, whatever its bytes are. */
export const hostPath = (path: string): Buffer => Buffer.from(encodePath(path))

/** The bytes of a host file. */
export async function* hostContent(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(hostPath(path))
  try {
    for (;;) {
      const buffer = new Uint8Array(CHUNK_BYTES)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** A step's error for what could not be read: it names the step, and the errno stays its `code`. */
export function unreadable(step: string, path: string, cause: unknown): Error {
  const { code } = cause as NodeJS.ErrnoException
  if (typeof code !== 'string' || cause instanceof StrataError) return cause as Error
  return new StrataError(`${step}: ${path} cannot be read: ${code}`, {
    code,
    remedy: 'name a file that exists and that you may read',
    cause,
  })
}

/** First bytes of a file. */
export async function headOf(path: string, length: number): Promise<Buffer> {
  const file = await open(hostPath(path))
  try {
    const head = Buffer.alloc(length)
    const { bytesRead } = await file.read(head, 0, length, 0)
    return head.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
