// A layer from a tar that lies somewhere: `layerFromTar`.
import { type Compression, decompress, detectCompression, MAGIC_BYTES, peek } from '../compress/index.js'
import { type Digest, optionsObject, rejectUnknown } from '../core/index.js'
import { layerCompression, layerMediaType } from '../oci/index.js'
import { layerFromBlob } from './blob-layer.js'
import type { Layer } from './layer.js'
import { measured } from './measure.js'

/** What the caller knows of the tar; the rest is found by reading it once. */
export interface LayerFromTarOptions {
  /** Default: as the media type says, else by the first bytes. */
  readonly compression?: Compression | undefined
  /** Default: the OCI type of the compression. */
  readonly mediaType?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A layer over a tar, compressed or not. `open` gives its bytes from the start and is called again for each reading. Reads it once, for digest, size and
 *  diffID; the members are looked at when they are asked for. @throws FormatError when the compressed stream is broken */
export async function layerFromTar(open: () => AsyncIterable<Uint8Array>, options?: LayerFromTarOptions): Promise<Layer> {
  const given = optionsObject(options, 'layerFromTar')
  rejectUnknown(given, ['compression', 'mediaType', 'signal'], 'layerFromTar')
  const compression = given.compression ?? layerCompression(given.mediaType ?? '') ?? (await compressionOf(open()))
  if (given.mediaType !== undefined && layerCompression(given.mediaType) !== compression) {
    throw new TypeError(
      `layerFromTar: the media type ${JSON.stringify(given.mediaType)} is not that of a layer with compression ${compression}`,
    )
  }
  const blob = measured(open())
  const tar = measured(decompress(blob.stream, compression))
  for await (const _ of tar.stream) given.signal?.throwIfAborted()
  const digest = blob.digest()
  const diffId: Digest = tar.digest()
  return layerFromBlob({ digest, diffId, size: blob.size, mediaType: given.mediaType ?? layerMediaType(compression), open })
}

async function compressionOf(source: AsyncIterable<Uint8Array>): Promise<Compression> {
  const { head, stream } = await peek(source, MAGIC_BYTES)
  for await (const _ of stream) break
  return detectCompression(head)
}
