// From a registry into the store: manifest, then configuration and layers, several at a time, only what is missing. Source: distribution-spec "Pull".
import { type ContentStore, receiveBlob } from '../content/index.js'
import { type Digest, DigestMismatchError, RegistryError, StrataError, UnsupportedError } from '../core/index.js'
import {
  type BlobReader,
  descriptorOf,
  type Image,
  type ImageIndex,
  imageFor,
  imageFromBlobs,
  indexFromBlobs,
  readDocument,
} from '../image/index.js'
import { CONFIG_MAX_BYTES, type Descriptor, formatPlatform, isIndexType, isManifestType, type Platform } from '../oci/index.js'
import { formatReference, type Reference, type RegistryManifest, withDefaultTag } from '../registry/index.js'
import { Arrivals } from './arrivals.js'
import { progressOf, type TransferEvent, type TransferPart } from './event.js'
import { inParallel } from './parallel.js'
import type { Remote } from './remote.js'

/** What is pulled, from where, into what. */
export interface PullPlan {
  readonly reference: Reference
  /** Asked in this order. */
  readonly sources: readonly Remote[]
  readonly content: ContentStore
  readonly platform: Platform
  /** Blobs at the same time. */
  readonly parallel: number
  readonly onEvent: (event: TransferEvent) => void
  readonly signal: AbortSignal | undefined
  /** Called with the image before its layers move; who reads a layer of it waits until that is here. */
  readonly onImage?: ((image: Image) => void) | undefined
}

/** A blob that an image needs. */
interface Part {
  readonly what: TransferPart
  readonly descriptor: Descriptor
  /** Where they are here already. */
  readonly bytes?: Uint8Array
}

/** All of the image is in the store afterwards, and kept; nothing refers to it yet. Returns its descriptor.
 *  @throws UnsupportedError `ERR_PLATFORM` for an index without this platform @throws RegistryError @throws DigestMismatchError @throws FormatError */
export async function pullImage(plan: PullPlan): Promise<Descriptor> {
  const { signal, content } = plan
  const image = await fromSources(plan, (source) => resolveImage(plan, source))
  const descriptor = await descriptorOf(image)
  const { config, layers } = await image.manifest()
  const manifestBytes = await image.manifestBytes()
  const configBytes = await readConfig(plan, config)
  const documents = new Map([
    [descriptor.digest, manifestBytes],
    [config.digest, configBytes],
  ])
  // Whether it is an image at all is known before a single layer moves.
  await imageFromBlobs(({ digest }) => once(documents.get(digest)!), descriptor).layers()
  const parts: readonly Part[] = [
    { what: 'manifest', descriptor, bytes: manifestBytes },
    { what: 'config', descriptor: config, bytes: configBytes },
    ...new Map(layers.map((layer) => [layer.digest, { what: 'layer', descriptor: layer } as const])).values(),
  ]
  await content.blobs.keep(parts.map((part) => part.descriptor.digest))
  const arrivals = new Arrivals(layers.map(({ digest }) => digest))
  plan.onImage?.(arriving(content, descriptor, documents, arrivals))
  try {
    await inParallel(parts, plan.parallel, signal, async (part, own) => {
      await receivePart(plan, part, own)
      arrivals.tell(part.descriptor.digest)
    })
  } catch (error) {
    arrivals.fail(error)
    throw error
  }
  // A collection in this very process may have taken what was there already.
  for (const part of parts) if (!(await content.blobs.has(part.descriptor))) await receivePart(plan, part, signal)
  await content.blobs.settle()
  return descriptor
}

/** An image whose layers are on their way. */
function arriving(content: ContentStore, descriptor: Descriptor, documents: ReadonlyMap<Digest, Uint8Array>, arrivals: Arrivals): Image {
  return imageFromBlobs(async function* (blob) {
    const document = documents.get(blob.digest)
    if (document !== undefined) return yield* once(document)
    await arrivals.of(blob.digest)
    yield* content.blobs.open(blob)
  }, descriptor)
}

/** The configuration, verified: of the store, else of the first source that has the right one. */
async function readConfig(plan: PullPlan, descriptor: Descriptor): Promise<Uint8Array> {
  const { content, signal } = plan
  if (descriptor.size > CONFIG_MAX_BYTES)
    throw new StrataError(`the configuration ${descriptor.digest} has ${descriptor.size} bytes`, { code: 'ERR_FORMAT' })
  if (await content.blobs.has(descriptor))
    return readDocument((name) => content.blobs.open(name), descriptor, CONFIG_MAX_BYTES, 'configuration')
  return orFromOrigin(plan, (from) =>
    readDocument(() => blobFromSources({ ...plan, sources: from }, descriptor, 0, signal), descriptor, CONFIG_MAX_BYTES, 'configuration'),
  )
}

/** What the sources give; where a mirror has something else under that name, what the registry itself gives. */
async function orFromOrigin<T>({ sources }: PullPlan, receive: (sources: readonly Remote[]) => Promise<T>): Promise<T> {
  try {
    return await receive(sources)
  } catch (error) {
    if (!(error instanceof DigestMismatchError) || sources.length === 1) throw error
    return receive(sources.slice(-1))
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function resolveImage(plan: PullPlan, source: Remote): Promise<Image> {
  const { signal, platform } = plan
  const reference = withDefaultTag(plan.reference)
  const { client, repository } = source
  const manifest = await client.manifest(repository, reference.digest ?? reference.tag!, { signal })
  const { digest, mediaType, size, document } = manifest
  plan.onEvent({ kind: 'resolved', reference: formatReference(reference), digest, mediaType })
  const read = reader(source, manifest, signal)
  const descriptor = { digest, mediaType, size }
  if (document.kind === 'manifest') return imageFromBlobs(read, descriptor)
  const index = indexFromBlobs(read, descriptor)
  const image = await imageFor(index, platform)
  if (image === undefined) throw await noPlatform(index, reference, platform)
  return image
}

/** Documents of a repository. The one that is here already is not fetched again. */
function reader({ client, repository }: Remote, known: RegistryManifest, signal: AbortSignal | undefined): BlobReader {
  return async function* (descriptor) {
    if (descriptor.digest === known.digest) yield known.bytes
    else if (isIndexType(descriptor.mediaType) || isManifestType(descriptor.mediaType))
      yield (await client.manifest(repository, descriptor.digest, { signal })).bytes
    else yield* client.rawBlob(repository, descriptor, { signal })
  }
}

async function noPlatform(index: ImageIndex, reference: Reference, platform: Platform): Promise<UnsupportedError> {
  const offered = (await index.images()).flatMap((each) => (each.platform === undefined ? [] : [formatPlatform(each.platform)]))
  return new UnsupportedError(`pull: ${formatReference(reference)} is not for ${formatPlatform(platform)}`, {
    code: 'ERR_PLATFORM',
    remedy: `there is ${[...new Set(offered)].slice(0, 20).join(', ') || 'nothing'}; name one as platform`,
  })
}

/** One blob into the store. */
async function receivePart(plan: PullPlan, { what, descriptor, bytes }: Part, signal: AbortSignal | undefined): Promise<void> {
  const { digest, size } = descriptor
  const onProgress = progressOf({ what, digest, size }, plan.onEvent)
  const hasMoved = await orFromOrigin(plan, (sources) =>
    receiveBlob(
      plan.content.blobs,
      { digest, size },
      (offset) => (bytes === undefined ? blobFromSources({ ...plan, sources }, descriptor, offset, signal) : once(bytes.subarray(offset))),
      { signal, onProgress },
    ),
  )
  plan.onEvent({ kind: 'done', what, digest, sizeBytes: size, how: hasMoved ? 'moved' : 'present' })
}

/** The bytes of a blob, from the first source that has them; where one breaks off for good, the next goes on. */
async function* blobFromSources(
  plan: PullPlan,
  descriptor: Descriptor,
  offset: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let at = offset
  for (const [index, { client, repository }] of plan.sources.entries()) {
    try {
      for await (const chunk of client.rawBlob(repository, descriptor, { offset: at, signal })) {
        at += chunk.length
        yield chunk
      }
      return
    } catch (error) {
      signal?.throwIfAborted()
      if (index === plan.sources.length - 1 || !(error instanceof StrataError)) throw error
    }
  }
}

/** What the first source says that has an answer. */
async function fromSources<T>(plan: PullPlan, ask: (source: Remote) => Promise<T>): Promise<T> {
  for (const [index, source] of plan.sources.entries()) {
    try {
      return await ask(source)
    } catch (error) {
      plan.signal?.throwIfAborted()
      const isLast = index === plan.sources.length - 1
      if (isLast || !(error instanceof StrataError) || error.code === 'ERR_PLATFORM') throw error
    }
  }
  throw new RegistryError(`nothing to pull ${formatReference(plan.reference)} from`, 0)
}
