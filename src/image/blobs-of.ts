// All blobs that an image or index stands for: what has to be copied to have it elsewhere.
import type { Descriptor } from '../oci/index.js'
import { descriptorOf, type Image } from './image.js'
import type { ImageIndex } from './indexes.js'

/** A blob and how to read it. */
export interface ImageBlob {
  readonly descriptor: Descriptor
  /** Verified. */
  open(): AsyncIterable<Uint8Array>
}

/** Whether a value is an index, not an image. */
export const isImageIndex = (value: Image | ImageIndex): value is ImageIndex => 'images' in value

/** The descriptor of an image or of an index. */
export async function descriptorOfAny(value: Image | ImageIndex): Promise<Descriptor> {
  if (!isImageIndex(value)) return descriptorOf(value)
  return { mediaType: value.mediaType, digest: value.digest, size: (await value.indexBytes()).length }
}

/** Layers, configurations, manifests and indexes, each digest once, and what others name before those that name it.
 *  Of an index, the images it lists are meant, not documents of other kinds. */
export async function blobsOf(value: Image | ImageIndex): Promise<readonly ImageBlob[]> {
  const blobs = new Map<string, ImageBlob>()
  for (const blob of isImageIndex(value) ? await blobsOfIndex(value) : await blobsOfImage(value)) {
    if (!blobs.has(blob.descriptor.digest)) blobs.set(blob.descriptor.digest, blob)
  }
  return [...blobs.values()]
}

async function blobsOfImage(image: Image): Promise<readonly ImageBlob[]> {
  const [manifest, layers] = await Promise.all([image.manifest(), image.layers()])
  return [
    ...layers.map((layer, index) => ({ descriptor: manifest.layers[index]!, open: () => layer.compressed() })),
    { descriptor: manifest.config, open: () => bytesOf(image.configBytes()) },
    { descriptor: await descriptorOf(image), open: () => bytesOf(image.manifestBytes()) },
  ]
}

async function blobsOfIndex(index: ImageIndex): Promise<readonly ImageBlob[]> {
  const blobs: ImageBlob[] = []
  for (const { image } of await index.images()) blobs.push(...(await blobsOfImage(image)))
  return [...blobs, { descriptor: await descriptorOfAny(index), open: () => bytesOf(index.indexBytes()) }]
}

async function* bytesOf(bytes: Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await bytes
}
