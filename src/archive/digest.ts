// Digest of a stream that nobody else reads.
import { createSha256 } from '#hash'
import type { Digest } from '../core/index.js'

/** Reads to the end. */
export async function digestOfStream(stream: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createSha256()
  for await (const chunk of stream) hash.update(chunk)
  return `sha256:${hash.hex()}`
}
