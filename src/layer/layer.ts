// The layer as a value: lazily read, immutable. Source: image-spec layer.md; the shape is go-containerregistry's v1.Layer.
import type { Digest } from '../core/index.js'
import type { LayerEntry } from './entry.js'

/** One layer of an image. Streams may be opened any number of times; every one verifies what it reads. */
export interface Layer {
  /** Digest of the compressed bytes: the blob's name. */
  readonly digest: Digest
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest
  /** Size of the compressed bytes. */
  readonly size: number
  readonly mediaType: string
  compressed(): AsyncIterable<Uint8Array>
  uncompressed(): AsyncIterable<Uint8Array>
  entries(): AsyncIterable<LayerEntry>
}
