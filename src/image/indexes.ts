// One reference for the images of several platforms. Source: image-spec image-index.md.
import { type Digest, digestOf, FormatError } from '../core/index.js'
import {
  type Descriptor,
  decodeIndex,
  descriptorPlatform,
  encodeJson,
  type Index,
  isIndexType,
  isManifestType,
  MANIFEST_MAX_BYTES,
  MEDIA_TYPE,
  type PlatformObject,
  parsePlatform,
  platformOf,
} from '../oci/index.js'
import { type BlobReader, lazily, readDocument } from './blobs.js'
import { imageFromBlobs } from './from-blobs.js'
import { descriptorOf, type Image } from './image.js'

/** An index as a value. */
export interface ImageIndex {
  /** Digest of the index's bytes. */
  readonly digest: Digest
  readonly mediaType: string
  index(): Promise<Index>
  /** The index exactly as it is hashed. */
  indexBytes(): Promise<Uint8Array>
  /** The images it lists, those of indexes in it included; what is neither (signatures, attestations of other types) is left out. */
  images(): Promise<readonly IndexedImage[]>
}

/** An image in an index. */
export interface IndexedImage {
  readonly image: Image
  readonly descriptor: Descriptor
  /** As the index says; undefined where it says nothing. */
  readonly platform: PlatformObject | undefined
}

const DEPTH_MAX = 4
const IMAGES_MAX = 1000

/** Opens an index by its descriptor or bytes. Lazy. @throws FormatError for what is no index, and (when images are asked for) more than four levels of indexes */
export function indexFromBlobs(read: BlobReader, index: Descriptor | Uint8Array): ImageIndex {
  const isBytes = index instanceof Uint8Array
  const mediaType = isBytes ? (decodeIndex(index).mediaType ?? MEDIA_TYPE.index) : index.mediaType
  if (!isIndexType(mediaType)) throw new FormatError(`no image index: ${JSON.stringify(mediaType.slice(0, 100))}`)
  const bytes = isBytes ? async () => index.slice() : lazily(() => readDocument(read, index, MANIFEST_MAX_BYTES, 'index'))
  return {
    digest: isBytes ? digestOf(index) : index.digest,
    mediaType,
    index: lazily(async () => decodeIndex(await bytes())),
    indexBytes: bytes,
    images: lazily(async () => listImages(read, decodeIndex(await bytes()), 1)),
  }
}

async function listImages(read: BlobReader, index: Index, depth: number): Promise<readonly IndexedImage[]> {
  if (depth > DEPTH_MAX) throw new FormatError(`indexes in indexes, more than ${DEPTH_MAX} deep`, { jsonPath: '$.manifests' })
  const found: IndexedImage[] = []
  for (const descriptor of index.manifests) {
    if (isManifestType(descriptor.mediaType)) {
      const platform = descriptor.platform === undefined ? undefined : platformOf(descriptor.platform)
      found.push({ image: imageFromBlobs(read, descriptor), descriptor, platform })
    } else if (isIndexType(descriptor.mediaType)) {
      const inner = decodeIndex(await readDocument(read, descriptor, MANIFEST_MAX_BYTES, 'index'))
      found.push(...(await listImages(read, inner, depth + 1)))
    }
    if (found.length > IMAGES_MAX) throw new FormatError(`more than ${IMAGES_MAX} images in one index`, { jsonPath: '$.manifests' })
  }
  return found
}

/** An index of these images, in this order, each with the platform of its configuration. */
export async function indexOf(
  images: readonly Image[],
  options: { readonly annotations?: Readonly<Record<string, string>> | undefined } = {},
): Promise<ImageIndex> {
  const listed = await Promise.all(images.map(describeImage))
  const { annotations } = options
  const index: Index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: listed.map((each) => each.descriptor),
    ...(annotations === undefined ? {} : { annotations }),
  }
  const bytes = encodeJson(index)
  return {
    digest: digestOf(bytes),
    mediaType: MEDIA_TYPE.index,
    index: async () => index,
    indexBytes: async () => bytes.slice(),
    images: async () => listed,
  }
}

async function describeImage(image: Image): Promise<IndexedImage> {
  const platform = await platformOfImage(image)
  return { image, platform, descriptor: { ...(await descriptorOf(image)), platform: descriptorPlatform(platform) } }
}

/** The platform that an image's configuration names. @throws FormatError where it names none */
export async function platformOfImage(image: Image): Promise<PlatformObject> {
  const { os, architecture, variant, 'os.version': osVersion, 'os.features': osFeatures } = await image.config()
  if (os === '' || architecture === '') throw new FormatError('is empty', { jsonPath: os === '' ? '$.os' : '$.architecture' })
  return parsePlatform({ os, architecture, variant, osVersion, osFeatures })
}
