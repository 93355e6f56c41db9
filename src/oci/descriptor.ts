// Descriptors. Source: image-spec descriptor.md.
import { type Digest, FormatError } from '../core/index.js'
import { asArray, asDigest, asSize, asString, asStrings, JsonObject } from './decode.js'
import { type DescriptorPlatform, decodePlatform } from './platform.js'

/** Names a blob: what it is, its digest, its size. Fields this library does not know are kept. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** In bytes. */
  readonly size: number
  readonly urls?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
  /** The blob itself, in base64; never used instead of the blob. */
  readonly data?: string
  readonly artifactType?: string
  readonly platform?: DescriptorPlatform
}

/** @throws FormatError that names the field: a digest other than sha256, a negative or fractional size, a missing media type … */
export function decodeDescriptor(value: unknown, path: string): Descriptor {
  const object = new JsonObject(value, path)
  if (object.required('mediaType', asString) === '') throw new FormatError('must not be empty', { jsonPath: object.at('mediaType') })
  object.required('digest', asDigest)
  object.required('size', asSize)
  object.optional('urls', asArray(asString))
  object.optional('annotations', asStrings)
  object.optional('data', asString)
  object.optional('artifactType', asString)
  object.optional('platform', decodePlatform)
  return object.fields as unknown as Descriptor
}
