// Images in and out of the blob directory.
import { blobsOf, descriptorOfAny, type Image, type ImageIndex, imageFromBlobs, indexFromBlobs } from '../image/index.js'
import { type Descriptor, isIndexType } from '../oci/index.js'
import type { Blobs } from './blobs.js'

/** The image that a descriptor names, read from the store when asked. */
export const openImage = (blobs: Blobs, descriptor: Descriptor): Image => imageFromBlobs((name) => blobs.open(name), descriptor)

/** The index that a descriptor names. */
export const openIndex = (blobs: Blobs, descriptor: Descriptor): ImageIndex => indexFromBlobs((name) => blobs.open(name), descriptor)

/** Whether a descriptor names an index. */
export const namesIndex = (descriptor: Descriptor): boolean => isIndexType(descriptor.mediaType)

/** Stores what of an image (or of an index and its images) is not there yet, and keeps all of it. Returns its descriptor. */
export async function keepImage(blobs: Blobs, value: Image | ImageIndex, signal?: AbortSignal): Promise<Descriptor> {
  const all = await blobsOf(value)
  // First kept, then looked for: in between nothing can be collected.
  await blobs.keep(all.map(({ descriptor }) => descriptor.digest))
  for (const { descriptor, open } of all) {
    signal?.throwIfAborted()
    if (await blobs.has(descriptor)) continue
    await blobs.write(open(), { digest: descriptor.digest, size: descriptor.size }, signal === undefined ? {} : { signal })
  }
  return descriptorOfAny(value)
}
