// A new image from a configuration and layers.
import { digestOf } from '../core/index.js'
import type { Layer } from '../layer/index.js'
import { type Descriptor, decodeConfig, encodeJson, type ImageConfig, type Manifest, MEDIA_TYPE, ociMediaType } from '../oci/index.js'
import type { Image } from './image.js'

/** What an image is made of. */
export interface ImageParts {
  /** As a document, or as bytes that are kept as they are. Its `rootfs` must name the layers' diffIDs. */
  readonly config: ImageConfig | Uint8Array
  /** The lowest first. */
  readonly layers: readonly Layer[]
  readonly annotations?: Readonly<Record<string, string>>
  /** Annotations of single layers, by digest. */
  readonly layerAnnotations?: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly subject?: Descriptor
  readonly artifactType?: string
}

/** An OCI image of these parts; layers with Docker's media types get the OCI ones. @throws TypeError where config and layers do not fit together */
export async function imageOf(parts: ImageParts): Promise<Image> {
  const configBytes = parts.config instanceof Uint8Array ? parts.config.slice() : encodeJson(parts.config)
  const config = decodeConfig(configBytes)
  const layers = parts.layers.map(withOciType)
  const diffIds = layers.map((layer) => layer.diffId)
  if (config.rootfs.diff_ids.join() !== diffIds.join()) throw new TypeError('the diffIDs of the configuration are not those of the layers')
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: { mediaType: MEDIA_TYPE.config, digest: digestOf(configBytes), size: configBytes.length },
    layers: layers.map((layer) => describe(layer, parts.layerAnnotations?.get(layer.digest))),
    ...(parts.subject === undefined ? {} : { subject: parts.subject }),
    ...(parts.artifactType === undefined ? {} : { artifactType: parts.artifactType }),
    ...(parts.annotations === undefined || Object.keys(parts.annotations).length === 0 ? {} : { annotations: parts.annotations }),
  }
  const manifestBytes = encodeJson(manifest)
  return {
    digest: digestOf(manifestBytes),
    mediaType: MEDIA_TYPE.manifest,
    manifest: async () => manifest,
    config: async () => config,
    layers: async () => [...layers],
    manifestBytes: async () => manifestBytes.slice(),
    configBytes: async () => configBytes.slice(),
  }
}

const describe = (layer: Layer, annotations: Readonly<Record<string, string>> | undefined): Descriptor => ({
  mediaType: layer.mediaType,
  digest: layer.digest,
  size: layer.size,
  ...(annotations === undefined ? {} : { annotations }),
})

function withOciType(layer: Layer): Layer {
  const mediaType = ociMediaType(layer.mediaType)
  if (mediaType === layer.mediaType) return layer
  const { digest, diffId, size } = layer
  return {
    digest,
    diffId,
    size,
    mediaType,
    compressed: () => layer.compressed(),
    uncompressed: () => layer.uncompressed(),
    entries: () => layer.entries(),
  }
}

/** The parts of an image, to make another of. */
export async function partsOf(image: Image): Promise<Omit<ImageParts, 'config'> & { readonly config: ImageConfig }> {
  const [manifest, config, layers] = await Promise.all([image.manifest(), image.config(), image.layers()])
  const layerAnnotations = new Map(
    manifest.layers.flatMap(({ digest, annotations }) => (annotations === undefined ? [] : [[digest, annotations]])),
  )
  return {
    config,
    layers,
    layerAnnotations,
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
    ...(manifest.subject === undefined ? {} : { subject: manifest.subject }),
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
  }
}

/** The same image as an OCI document: Docker's media types are translated, the configuration's bytes stay. An OCI image is returned as it is. */
export async function toOci(image: Image): Promise<Image> {
  if (image.mediaType === MEDIA_TYPE.manifest) return image
  return imageOf({ ...(await partsOf(image)), config: await image.configBytes() })
}
