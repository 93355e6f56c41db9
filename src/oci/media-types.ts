// Media types. Source: image-spec media-types.md; the Docker ones: distribution manifest-v2-2.md.

/** Names of the documents and blobs of an image, OCI and Docker schema 2. */
export const MEDIA_TYPE = {
  descriptor: 'application/vnd.oci.descriptor.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  layerForeign: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  layerForeignGzip: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  layerForeignZstd: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  dockerLayerForeign: 'application/vnd.docker.image.rootfs.foreign.diff.tar',
  dockerLayerForeignGzip: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
} as const

/** How a layer's tar is compressed. */
export type LayerCompression = 'gzip' | 'zstd' | 'none'

const COMPRESSION: ReadonlyMap<string, LayerCompression> = new Map([
  [MEDIA_TYPE.layer, 'none'],
  [MEDIA_TYPE.layerGzip, 'gzip'],
  [MEDIA_TYPE.layerZstd, 'zstd'],
  [MEDIA_TYPE.layerForeign, 'none'],
  [MEDIA_TYPE.layerForeignGzip, 'gzip'],
  [MEDIA_TYPE.layerForeignZstd, 'zstd'],
  [MEDIA_TYPE.dockerLayer, 'none'],
  [MEDIA_TYPE.dockerLayerGzip, 'gzip'],
  [MEDIA_TYPE.dockerLayerZstd, 'zstd'],
  [MEDIA_TYPE.dockerLayerForeign, 'none'],
  [MEDIA_TYPE.dockerLayerForeignGzip, 'gzip'],
])

const OCI_NAME: ReadonlyMap<string, string> = new Map([
  [MEDIA_TYPE.dockerManifestList, MEDIA_TYPE.index],
  [MEDIA_TYPE.dockerManifest, MEDIA_TYPE.manifest],
  [MEDIA_TYPE.dockerConfig, MEDIA_TYPE.config],
  [MEDIA_TYPE.dockerLayer, MEDIA_TYPE.layer],
  [MEDIA_TYPE.dockerLayerGzip, MEDIA_TYPE.layerGzip],
  [MEDIA_TYPE.dockerLayerZstd, MEDIA_TYPE.layerZstd],
  [MEDIA_TYPE.dockerLayerForeign, MEDIA_TYPE.layerForeign],
  [MEDIA_TYPE.dockerLayerForeignGzip, MEDIA_TYPE.layerForeignGzip],
])

/** Compression of a layer by its media type; undefined for what is no layer that this library reads. */
export const layerCompression = (mediaType: string): LayerCompression | undefined => COMPRESSION.get(mediaType)

/** Media type of an OCI layer with that compression. */
export const layerMediaType = (compression: LayerCompression): string =>
  compression === 'gzip' ? MEDIA_TYPE.layerGzip : compression === 'zstd' ? MEDIA_TYPE.layerZstd : MEDIA_TYPE.layer

const FOREIGN: ReadonlySet<string> = new Set([
  MEDIA_TYPE.layerForeign,
  MEDIA_TYPE.layerForeignGzip,
  MEDIA_TYPE.layerForeignZstd,
  MEDIA_TYPE.dockerLayerForeign,
  MEDIA_TYPE.dockerLayerForeignGzip,
])

/** Whether a layer of this type may not be passed on (Windows base layers): it is fetched from its descriptor's `urls`, and not pushed.
 *  Source: image-spec layer.md "Non-Distributable Layers". Descriptors with `urls` may be of any type: the type alone decides. */
export const isForeignLayer = (mediaType: string): boolean => FOREIGN.has(mediaType)

/** Whether a document of this type lists manifests (an OCI index or a Docker manifest list). */
export const isIndexType = (mediaType: string): boolean => mediaType === MEDIA_TYPE.index || mediaType === MEDIA_TYPE.dockerManifestList

/** Whether a document of this type is an image manifest. */
export const isManifestType = (mediaType: string): boolean => mediaType === MEDIA_TYPE.manifest || mediaType === MEDIA_TYPE.dockerManifest

/** Whether a blob of this type is an image's configuration. */
export const isConfigType = (mediaType: string): boolean => mediaType === MEDIA_TYPE.config || mediaType === MEDIA_TYPE.dockerConfig

/** The OCI name of a Docker type; any other stays as it is. */
export const ociMediaType = (mediaType: string): string => OCI_NAME.get(mediaType) ?? mediaType
