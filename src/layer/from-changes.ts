// A layer from a list of changes: `layerFromChanges`. Source: image-spec layer.md "Creating", "Representing Changes".
import { type Compression, compress } from '../compress/index.js'
import { optionsObject, rejectUnknown } from '../core/index.js'
import { layerMediaType } from '../oci/index.js'
import { writeTar } from '../tar/index.js'
import { arrange } from './arrange.js'
import { layerFromBlob } from './blob-layer.js'
import type { Change } from './entry.js'
import type { Layer } from './layer.js'
import { measured } from './measure.js'
import { membersOf } from './members.js'
import { memorySpool, type Spool } from './spool.js'

/** How a new layer is written. */
export interface LayerFromChangesOptions {
  /** Default: gzip, which gives the same bytes on every host. */
  readonly compression?: Compression | undefined
  /** Keeps the compressed bytes. Default: memory. */
  readonly spool?: Spool | undefined
  readonly signal?: AbortSignal | undefined
}

/** A layer of these changes, in whatever order they come: sorted by the bytes of their paths, with numeric owners only and the times of the entries,
 *  so equal changes give equal digests. Hard links stay links: the first name of a file carries its content. Deletes become whiteouts, an opaque
 *  directory gets `.wh..wh..opq`. Entries are held in memory, contents are not.
 *  @throws TypeError for two changes of one path and paths that are not normal @throws UnsupportedError for names that mean something else in a layer
 *  @throws StrataError `ERR_SIZE_CHANGED` when content is not as long as its entry says */
export async function layerFromChanges(
  changes: AsyncIterable<Change> | Iterable<Change>,
  options?: LayerFromChangesOptions,
): Promise<Layer> {
  const given = optionsObject(options, 'layerFromChanges')
  rejectUnknown(given, ['compression', 'spool', 'signal'], 'layerFromChanges')
  const { signal } = given
  const list: Change[] = []
  for await (const change of changes) {
    signal?.throwIfAborted()
    list.push(change)
  }
  return layerFromOrdered(arrange(list), given)
}

/** A layer of these changes exactly in this order, which must have parents before children and hard links after their targets. For changes that come
 *  from a stream and whose contents can be read only as they pass. Options and errors as layerFromChanges has them. */
export async function layerFromOrdered(
  changes: AsyncIterable<Change> | Iterable<Change>,
  options: LayerFromChangesOptions = {},
): Promise<Layer> {
  const { compression = 'gzip', spool = memorySpool(), signal } = options
  const tar = measured(abortable(writeTar(membersOf(changes)), signal))
  const blob = await spool.write(compress(tar.stream, compression))
  return layerFromBlob({
    digest: blob.digest,
    diffId: tar.digest(),
    size: blob.size,
    mediaType: layerMediaType(compression),
    open: () => blob.open(),
  })
}

async function* abortable(source: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    signal?.throwIfAborted()
    yield chunk
  }
}
