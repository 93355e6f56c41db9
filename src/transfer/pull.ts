// From a registry into the store: manifest, then configuration and layers, several at a time, only what is missing. Source: distribution-spec "Pull".
import { type ContentStore, receiveBlob } from '../content/index.js'
import { DigestMismatchError, RegistryError, StrataError, UnsupportedError } from '../core/index.js'
import { type BlobReader, descriptorOf, type Image, type ImageIndex, imageFor, imageFromBlobs, indexFromBlobs } from '../image/index.js'
import { CONFIG_MAX_BYTES, type Descriptor, formatPlatform, isIndexType, isManifestType, type Platform } from '../oci/index.js'
import { formatReference, type Reference, type RegistryManifest, withDefaultTag } from '../registry/index.js'
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
}

/** A blob that an image needs. */
interface Part {
  readonly what: TransferPart
  readonly descriptor: Descriptor
}

/** All of the image is in the store afterwards, and kept; nothing refers to it yet. Returns its descriptor.
 *  @throws UnsupportedError `ERR_PLATFORM` for an index without this platform @throws RegistryError @throws DigestMismatchError @throws FormatError */
export async function pullImage(plan: PullPlan): Promise<Descriptor> {
  const { signal, content } = plan
  const image = await fromSources(plan, (source) => resolveImage(plan, source))
  const descriptor = await descriptorOf(image)
  const { config, layers } = await image.manifest()
  const bytes = await image.manifestBytes()
  await receivePart(plan, { what: 'manifest', descriptor }, signal, async function* () {
    yield bytes
  })
  if (config.size > CONFIG_MAX_BYTES)
    throw new StrataError(`the configuration of ${descriptor.digest} has ${config.size} bytes`, { code: 'ERR_FORMAT' })
  await receivePart(plan, { what: 'config', descriptor: config }, signal)
  // Now the store can say whether it is an image at all, before a single layer moves.
  await content.image(descriptor).layers()
  const parts = new Map(layers.map((layer) => [layer.digest, { what: 'layer', descriptor: layer } as const]))
  await inParallel([...parts.values()], plan.parallel, signal, (part, own) => receivePart(plan, part, own))
  // A collection in this very process may have taken what was there already.
  for (const part of parts.values()) if (!(await content.blobs.has(part.descriptor))) await receivePart(plan, part, signal)
  return descriptor
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
async function receivePart(
  plan: PullPlan,
  { what, descriptor }: Part,
  signal: AbortSignal | undefined,
  given?: () => AsyncIterable<Uint8Array>,
): Promise<void> {
  const { digest, size } = descriptor
  const onProgress = progressOf({ what, digest, size }, plan.onEvent)
  const from = given ?? ((offset: number) => blobFromSources(plan, descriptor, offset, signal))
  const receive = (read: typeof from) => receiveBlob(plan.content.blobs, { digest, size }, read, { signal, onProgress })
  const hasMoved = await receive(from).catch((error: unknown) => {
    if (!(error instanceof DigestMismatchError) || plan.sources.length === 1 || given !== undefined) throw error
    // A mirror has something else under this name; the registry itself is asked.
    const origin = { ...plan, sources: plan.sources.slice(-1) }
    return receive((offset) => blobFromSources(origin, descriptor, offset, signal))
  })
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
