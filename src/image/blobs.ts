// Where images are read from: anything that has blobs by digest.
import { collect, FormatError, verified } from '../core/index.js'
import type { Descriptor } from '../oci/index.js'

/** Gives the bytes of a blob from the start. They need not be verified: whoever reads does it. Must fail when there is no such blob. */
export type BlobReader = (descriptor: Descriptor) => AsyncIterable<Uint8Array>

/** A whole document, verified. @throws FormatError when it is said to be larger than `maxBytes` @throws DigestMismatchError */
export async function readDocument(read: BlobReader, descriptor: Descriptor, maxBytes: number, what: string): Promise<Uint8Array> {
  if (descriptor.size > maxBytes) throw new FormatError(`${what} ${descriptor.digest} has ${descriptor.size} bytes, more than ${maxBytes}`)
  return collect(verified(read(descriptor), descriptor, `${what} ${descriptor.digest}`), maxBytes)
}

/** A promise made at the first call and kept, unless it fails. */
export function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}
