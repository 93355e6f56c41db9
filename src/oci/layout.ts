// The two documents of an image layout. Source: image-spec image-layout.md; annotation names: annotations.md.
import { FormatError } from '../core/index.js'
import { asString, JsonObject } from './decode.js'
import type { Descriptor } from './descriptor.js'
import { encodeJson, parseJson } from './json.js'
import { MEDIA_TYPE } from './media-types.js'

/** The annotation of a descriptor in `index.json` that holds its tag. */
export const REF_NAME = 'org.opencontainers.image.ref.name'

const LAYOUT_VERSION = '1.0.0'
const LAYOUT_MAX_BYTES = 4096

/** The bytes of the file `oci-layout`. */
export const layoutFile = (): Uint8Array => encodeJson({ imageLayoutVersion: LAYOUT_VERSION })

/** @throws FormatError unless the bytes are an `oci-layout` file of version 1.0.0 */
export function checkLayoutFile(bytes: Uint8Array): void {
  const object = new JsonObject(parseJson(bytes, 'oci-layout', LAYOUT_MAX_BYTES), '$')
  const version = object.required('imageLayoutVersion', asString)
  if (version !== LAYOUT_VERSION) {
    throw new FormatError(`is ${JSON.stringify(version.slice(0, 40))}; only ${LAYOUT_VERSION} is known`, {
      jsonPath: '$.imageLayoutVersion',
    })
  }
}

/** The bytes of `index.json` for these descriptors, in this order. Tags are annotations: see `withRefName`. */
export const layoutIndex = (manifests: readonly Descriptor[]): Uint8Array =>
  encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests })

/** The descriptor with that tag (undefined: without one). */
export function withRefName(descriptor: Descriptor, name: string | undefined): Descriptor {
  const { [REF_NAME]: _, ...others } = descriptor.annotations ?? {}
  const annotations = name === undefined ? others : { ...others, [REF_NAME]: name }
  const { annotations: __, ...plain } = descriptor
  return Object.keys(annotations).length === 0 ? plain : { ...plain, annotations }
}

/** The tag of a descriptor in `index.json`; undefined where it has none. */
export const refNameOf = (descriptor: Descriptor): string | undefined => descriptor.annotations?.[REF_NAME]
