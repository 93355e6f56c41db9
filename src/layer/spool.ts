// Where the bytes of a new layer are kept between being made and being read. The content store passes its blob directory; the default is memory.
import { createSha256 } from '#hash'
import { concat, type Digest } from '../core/index.js'

/** Bytes that were written to a spool. */
export interface SpooledBlob {
  readonly digest: Digest
  /** In bytes. */
  readonly size: number
  /** The bytes again, any number of times. */
  open(): AsyncIterable<Uint8Array>
}

/** Keeps streams. Must not hold them in memory unless it says so. */
export interface Spool {
  /** Reads the stream to its end; when it fails, nothing is kept and the error passes. */
  write(stream: AsyncIterable<Uint8Array>): Promise<SpooledBlob>
}

/** A spool in memory, for small layers and hosts without files. */
export const memorySpool = (): Spool => ({
  async write(stream) {
    const hash = createSha256()
    const chunks: Uint8Array[] = []
    for await (const chunk of stream) {
      hash.update(chunk)
      chunks.push(chunk.slice())
    }
    const bytes = concat(chunks)
    return { digest: `sha256:${hash.hex()}`, size: bytes.length, open: () => once(bytes) }
  },
})

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}
