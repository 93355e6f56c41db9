// An image that lies in blobs: a store, an archive, a registry.
import { digestOf, FormatError } from '../core/index.js'
import { type Layer, layerFromBlob } from '../layer/index.js'
import {
  CONFIG_MAX_BYTES,
  type Descriptor,
  decodeConfig,
  decodeManifest,
  isConfigType,
  isManifestType,
  MANIFEST_MAX_BYTES,
  type Manifest,
  MEDIA_TYPE,
} from '../oci/index.js'
import { type BlobReader, lazily, readDocument } from './blobs.js'
import type { Image } from './image.js'

/** Opens an image by its manifest's descriptor or bytes. Lazy: with a descriptor nothing is read here. Digests, sizes and diffIDs are checked as
 *  blobs are read. @throws FormatError for a descriptor or document that is no image manifest (an index is opened by indexFromBlobs) */
export function imageFromBlobs(read: BlobReader, manifest: Descriptor | Uint8Array): Image {
  return manifest instanceof Uint8Array ? fromBytes(read, manifest) : fromDescriptor(read, manifest)
}

function fromBytes(read: BlobReader, bytes: Uint8Array): Image {
  const mediaType = decodeManifest(bytes).mediaType ?? MEDIA_TYPE.manifest
  const copy = bytes.slice()
  return open(read, { mediaType, digest: digestOf(bytes), size: bytes.length }, async () => copy.slice())
}

function fromDescriptor(read: BlobReader, descriptor: Descriptor): Image {
  if (!isManifestType(descriptor.mediaType)) {
    throw new FormatError(`no image manifest: ${descriptor.digest} is ${JSON.stringify(descriptor.mediaType.slice(0, 100))}`)
  }
  return open(
    read,
    descriptor,
    lazily(() => readDocument(read, descriptor, MANIFEST_MAX_BYTES, 'manifest')),
  )
}

function open(read: BlobReader, descriptor: Descriptor, manifestBytes: () => Promise<Uint8Array>): Image {
  const { digest, mediaType } = descriptor
  const manifest = lazily(async () => {
    const decoded = decodeManifest(await manifestBytes())
    if (decoded.mediaType !== undefined && decoded.mediaType !== mediaType) {
      throw new FormatError(`is ${decoded.mediaType}, but its descriptor says ${mediaType}`, { jsonPath: '$.mediaType' })
    }
    return decoded
  })
  const configBytes = lazily(async () => {
    const { config } = await manifest()
    if (!isConfigType(config.mediaType)) {
      throw new FormatError(`no image configuration: ${JSON.stringify(config.mediaType.slice(0, 100))}`, { jsonPath: '$.config.mediaType' })
    }
    return readDocument(read, config, CONFIG_MAX_BYTES, 'image configuration')
  })
  const config = lazily(async () => decodeConfig(await configBytes()))
  const layers = lazily(async () => layersOf(read, await manifest(), (await config()).rootfs.diff_ids))
  return { digest, mediaType, manifest, config, layers: async () => [...(await layers())], manifestBytes, configBytes }
}

function layersOf(read: BlobReader, manifest: Manifest, diffIds: readonly Layer['diffId'][]): readonly Layer[] {
  if (manifest.layers.length !== diffIds.length) {
    throw new FormatError(`the manifest has ${manifest.layers.length} layers, the configuration ${diffIds.length} diffIDs`, {
      jsonPath: '$.rootfs.diff_ids',
    })
  }
  return manifest.layers.map((descriptor, index) => {
    const { digest, size, mediaType } = descriptor
    return layerFromBlob({ digest, size, mediaType, diffId: diffIds[index]!, open: () => read(descriptor) })
  })
}
