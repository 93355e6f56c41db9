// Digest and size of a stream that passes through.
import { createSha256 } from '#hash'
import type { Digest } from '../core/index.js'

/** A stream that is hashed and counted while it is read. */
export interface Measured {
  readonly stream: AsyncIterable<Uint8Array>
  /** Of what has been read; call it once, at the end. */
  digest(): Digest
  readonly size: number
}

/** Hashes and counts a stream while somebody else reads it. */
export function measured(source: AsyncIterable<Uint8Array>): Measured {
  const hash = createSha256()
  let size = 0
  async function* pass() {
    for await (const chunk of source) {
      hash.update(chunk)
      size += chunk.length
      yield chunk
    }
  }
  return {
    stream: pass(),
    digest: () => `sha256:${hash.hex()}`,
    get size() {
      return size
    },
  }
}
