// A layer whose compressed bytes can be opened again and again.
import { decompress } from '../compress/index.js'
import { type Digest, FormatError, verified } from '../core/index.js'
import { type LayerCompression, layerCompression } from '../oci/index.js'
import { readEntries } from './entries.js'
import type { Layer } from './layer.js'

/** What is known of a layer before a byte of it is read. */
export interface LayerBlob {
  readonly digest: Digest
  readonly diffId: Digest
  /** Of the compressed bytes. */
  readonly size: number
  readonly mediaType: string
  /** The compressed bytes, unverified, from the start each time. */
  open(): AsyncIterable<Uint8Array>
}

/** A layer over a blob. Digest, size and diffID are checked whenever it is read to the end. @throws FormatError for a media type that is no layer's */
export function layerFromBlob(blob: LayerBlob): Layer {
  const compression = layerCompression(blob.mediaType)
  if (compression === undefined) throw new FormatError(`no media type of a layer: ${JSON.stringify(blob.mediaType.slice(0, 100))}`)
  return new BlobLayer(blob, compression)
}

class BlobLayer implements Layer {
  readonly digest: Digest
  readonly diffId: Digest
  readonly size: number
  readonly mediaType: string
  readonly #blob: LayerBlob
  readonly #compression: LayerCompression

  constructor(blob: LayerBlob, compression: LayerCompression) {
    this.digest = blob.digest
    this.diffId = blob.diffId
    this.size = blob.size
    this.mediaType = blob.mediaType
    this.#blob = blob
    this.#compression = compression
  }

  compressed(): AsyncIterable<Uint8Array> {
    return verified(this.#blob.open(), this, `layer ${this.digest}`)
  }

  uncompressed(): AsyncIterable<Uint8Array> {
    const tar = decompress(this.compressed(), this.#compression)
    return this.digest === this.diffId ? tar : verified(tar, { digest: this.diffId }, `uncompressed layer ${this.digest}`)
  }

  entries() {
    return readEntries(() => this.uncompressed())
  }
}
