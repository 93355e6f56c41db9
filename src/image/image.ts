// The image as a value: lazily read, immutable. Source: image-spec manifest.md; the shape is go-containerregistry's v1.Image.
import type { Digest } from '../core/index.js'
import type { Layer } from '../layer/index.js'
import type { Descriptor, ImageConfig, Manifest } from '../oci/index.js'

/** One image for one platform. Nothing is read before it is asked for; what is read is verified. */
export interface Image {
  /** Digest of the manifest's bytes. */
  readonly digest: Digest
  readonly mediaType: string
  manifest(): Promise<Manifest>
  config(): Promise<ImageConfig>
  /** The lowest first. */
  layers(): Promise<Layer[]>
  /** The manifest exactly as it is hashed. */
  manifestBytes(): Promise<Uint8Array>
  /** The configuration exactly as it is hashed. */
  configBytes(): Promise<Uint8Array>
}

/** What names an image from outside: media type, digest and size of its manifest. */
export const descriptorOf = async (image: Image): Promise<Descriptor> => ({
  mediaType: image.mediaType,
  digest: image.digest,
  size: (await image.manifestBytes()).length,
})
