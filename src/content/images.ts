// Images in and out of the blob directory.
import type { Digest } from '../core/index.js'
import { descriptorOf, type Image, type ImageIndex, imageFromBlobs, indexFromBlobs } from '../image/index.js'
import { type Descriptor, isIndexType } from '../oci/index.js'
import type { Blobs } from './blobs.js'

/** The image that a descriptor names, read from the store when asked. */
export const openImage = (blobs: Blobs, descriptor: Descriptor): Image => imageFromBlobs((name) => blobs.open(name), descriptor)

/** The index that a descriptor names. */
export const openIndex = (blobs: Blobs, descriptor: Descriptor): ImageIndex => indexFromBlobs((name) => blobs.open(name), descriptor)

/** Whether a descriptor names an index. */
export const namesIndex = (descriptor: Descriptor): boolean => isIndexType(descriptor.mediaType)

/** Stores what of an image is not there yet, and keeps all of it. Returns its descriptor. */
export async function keepImage(blobs: Blobs, image: Image, signal?: AbortSignal): Promise<Descriptor> {
  const [manifest, layers] = await Promise.all([image.manifest(), image.layers()])
  // First kept, then looked for: in between nothing can be collected.
  await blobs.keep([image.digest, manifest.config.digest, ...layers.map((layer) => layer.digest)])
  for (const layer of layers) await store(blobs, layer, () => layer.compressed(), signal)
  await store(
    blobs,
    manifest.config,
    async function* () {
      yield await image.configBytes()
    },
    signal,
  )
  const descriptor = await descriptorOf(image)
  await store(
    blobs,
    descriptor,
    async function* () {
      yield await image.manifestBytes()
    },
    signal,
  )
  return descriptor
}

/** As keepImage, for an index and all its images. */
export async function keepIndex(blobs: Blobs, index: ImageIndex, signal?: AbortSignal): Promise<Descriptor> {
  for (const { image } of await index.images()) await keepImage(blobs, image, signal)
  const bytes = await index.indexBytes()
  const descriptor = { mediaType: index.mediaType, digest: index.digest, size: bytes.length }
  await blobs.keep([index.digest])
  await store(
    blobs,
    descriptor,
    async function* () {
      yield bytes
    },
    signal,
  )
  return descriptor
}

async function store(
  blobs: Blobs,
  name: { digest: Digest; size: number },
  open: () => AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (await blobs.has(name)) return
  await blobs.write(open(), name, signal === undefined ? {} : { signal })
}
