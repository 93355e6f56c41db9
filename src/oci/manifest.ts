// Image manifests and image indexes. Source: image-spec manifest.md, image-index.md; Docker: manifest-v2-2.md.
import { FormatError } from '../core/index.js'
import { asArray, asInteger, asString, asStrings, JsonObject } from './decode.js'
import { type Descriptor, decodeDescriptor } from './descriptor.js'
import { parseJson } from './json.js'
import { isIndexType, isManifestType, MEDIA_TYPE } from './media-types.js'

/** Most bytes of a manifest or an index: what the distribution-spec lets registries refuse beyond. */
export const MANIFEST_MAX_BYTES = 4 * 2 ** 20

/** The document of one image: its configuration and its layers, the lowest first. */
export interface Manifest {
  readonly schemaVersion: 2
  /** Absent in some OCI documents; Docker's always have it. */
  readonly mediaType?: string
  readonly artifactType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

/** The document that lists the images of several platforms (or the tags of an image layout). */
export interface Index {
  readonly schemaVersion: 2
  readonly mediaType?: string
  readonly artifactType?: string
  readonly manifests: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

/** An image manifest. @throws FormatError for anything else, with the JSON path */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const object = decodeCommon(bytes, 'manifest', 'layers', isManifestType)
  // One document that two readers take for two things: CVE-2021-41190.
  for (const key of ['manifests', 'fsLayers', 'history']) refuse(object, key, 'an image manifest')
  object.required('config', decodeDescriptor)
  object.required('layers', asArray(decodeDescriptor))
  return object.fields as unknown as Manifest
}

/** An image index or Docker manifest list. @throws FormatError for anything else, with the JSON path */
export function decodeIndex(bytes: Uint8Array): Index {
  const object = decodeCommon(bytes, 'index', 'manifests', isIndexType)
  for (const key of ['config', 'layers', 'fsLayers', 'history']) refuse(object, key, 'an image index')
  object.required('manifests', asArray(decodeDescriptor))
  return object.fields as unknown as Index
}

/** A manifest or an index: by its media type, or, without one, by what it holds. */
export type ManifestDocument =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly index: Index }

/** Decodes whichever of the two it is. @throws FormatError for a document that is neither, or both */
export function decodeManifestOrIndex(bytes: Uint8Array): ManifestDocument {
  const object = new JsonObject(parseJson(bytes, 'manifest', MANIFEST_MAX_BYTES), '$')
  return object.has('manifests') ? { kind: 'index', index: decodeIndex(bytes) } : { kind: 'manifest', manifest: decodeManifest(bytes) }
}

/** Media type of a document: its own word, else that of its kind in OCI. */
export const mediaTypeOf = (document: ManifestDocument): string =>
  document.kind === 'index' ? (document.index.mediaType ?? MEDIA_TYPE.index) : (document.manifest.mediaType ?? MEDIA_TYPE.manifest)

function decodeCommon(bytes: Uint8Array, what: string, list: string, isType: (mediaType: string) => boolean): JsonObject {
  const object = new JsonObject(parseJson(bytes, what, MANIFEST_MAX_BYTES), '$', [list])
  const version = object.required('schemaVersion', asInteger)
  if (version !== 2) throw new FormatError(`must be 2, not ${version}`, { jsonPath: '$.schemaVersion' })
  const mediaType = object.optional('mediaType', asString)
  if (mediaType !== undefined && !isType(mediaType)) {
    throw new FormatError(`is not that of an ${what}: ${JSON.stringify(mediaType.slice(0, 100))}`, { jsonPath: '$.mediaType' })
  }
  object.optional('artifactType', asString)
  object.optional('subject', decodeDescriptor)
  object.optional('annotations', asStrings)
  return object
}

function refuse(object: JsonObject, key: string, where: string): void {
  if (object.has(key)) throw new FormatError(`has no place in ${where}`, { jsonPath: object.at(key) })
}
