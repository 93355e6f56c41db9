// What a registry reads of a manifest that it is given: what it names, and what it is. Source: image-spec manifest.md, image-index.md. Digests of sha512 are fine, other than
// for the rest of this library.
import { FormatError } from '../core/index.js'
import {
  asArray,
  asInteger,
  asSize,
  asString,
  asStrings,
  isForeignLayer,
  JsonObject,
  MANIFEST_MAX_BYTES,
  MEDIA_TYPE,
  parseJson,
} from '../oci/index.js'
import { isKnownDigest } from './storage.js'

/** A manifest or index, as far as a registry has to understand it. */
export interface Document {
  readonly isIndex: boolean
  /** Its own word, else that of its kind in OCI. */
  readonly mediaType: string
  /** Whether `mediaType` stands in it. */
  readonly saysType: boolean
  readonly artifactType: string | undefined
  readonly annotations: Readonly<Record<string, string>> | undefined
  /** The digest of what it refers to; that need not be there. */
  readonly subject: string | undefined
  /** Digests of what must be there: manifests of an index; configuration and layers of a manifest, but for layers that are not distributed. */
  readonly needs: readonly string[]
}

interface Named {
  readonly mediaType: string
  readonly digest: string
}

/** @throws FormatError for what is neither a manifest nor an index, or both */
export function readDocument(bytes: Uint8Array): Document {
  const object = new JsonObject(parseJson(bytes, 'manifest', MANIFEST_MAX_BYTES), '$', ['layers', 'manifests'])
  if (object.required('schemaVersion', asInteger) !== 2) throw new FormatError('must be 2', { jsonPath: '$.schemaVersion' })
  const isIndex = object.has('manifests')
  for (const key of isIndex ? ['config', 'layers', 'fsLayers'] : ['fsLayers', 'history'])
    if (object.has(key)) throw new FormatError('has no place here', { jsonPath: object.at(key) })
  const config = isIndex ? undefined : object.required('config', named)
  const parts = object.required(isIndex ? 'manifests' : 'layers', asArray(named))
  const own = object.optional('mediaType', asString)
  return {
    isIndex,
    mediaType: own ?? (isIndex ? MEDIA_TYPE.index : MEDIA_TYPE.manifest),
    saysType: own !== undefined,
    artifactType: object.optional('artifactType', asString) || config?.mediaType,
    annotations: object.optional('annotations', asStrings),
    subject: object.optional('subject', named)?.digest,
    needs: [...(config === undefined ? [] : [config]), ...parts]
      .filter((each) => !isForeignLayer(each.mediaType))
      .map((each) => each.digest),
  }
}

function named(value: unknown, path: string): Named {
  const object = new JsonObject(value, path)
  const [mediaType, digest] = [object.required('mediaType', asString), object.required('digest', asString)]
  object.required('size', asSize)
  if (!isKnownDigest(digest)) throw new FormatError('is no digest of a known algorithm', { jsonPath: object.at('digest') })
  return { mediaType, digest }
}
