// Files of the host as content of layers.

import { open } from 'node:fs/promises'
import { fileChunks } from '../content/index.js'
import { encodePath, StrataError } from '../core/index.js'

/** A host path as node:fs takes it, whatever its bytes are. */
export const hostPath = (path: string): Buffer => Buffer.from(encodePath(path))

/** The bytes of a host file. */
export async function* hostContent(path: string): AsyncGenerator<Uint8Array> {
  yield* fileChunks(await open(hostPath(path)))
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
