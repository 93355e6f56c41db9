// From the store to a registry: blobs it lacks, several at a time, then manifests, what others name before those that name it. Source: distribution-spec "Push".
import type { ContentStore } from '../content/index.js'
import type { Digest } from '../core/index.js'
import { blobsOf, descriptorOfAny, type Image, type ImageIndex, readDocument } from '../image/index.js'
import { type Descriptor, decodeManifest, isConfigType, isIndexType, isManifestType, MANIFEST_MAX_BYTES } from '../oci/index.js'
import { parseReference, type Reference } from '../registry/index.js'
import { progressOf, type TransferEvent } from './event.js'
import { inParallel } from './parallel.js'
import type { Remote } from './remote.js'

/** What is pushed, from what, to where. */
export interface PushPlan {
  readonly value: Image | ImageIndex
  readonly content: ContentStore
  readonly remote: Remote
  /** With a tag, or the digest of what is pushed. */
  readonly reference: Reference
  /** Blobs at the same time. */
  readonly parallel: number
  readonly onEvent: (event: TransferEvent) => void
  readonly signal: AbortSignal | undefined
}

/** Sends an image, or an index with all its images. The tag is set last: before, nothing of it is to be seen. Returns the digest under which it is there. */
export async function push(plan: PushPlan): Promise<Digest> {
  const { value, content, signal, remote, reference } = plan
  await content.keep(value, { signal })
  const all = (await blobsOf(value)).map(({ descriptor }) => descriptor)
  const isDocument = ({ mediaType }: Descriptor) => isIndexType(mediaType) || isManifestType(mediaType)
  const elsewhere = await blobsElsewhere(plan)
  await inParallel(
    all.filter((each) => !isDocument(each)),
    plan.parallel,
    signal,
    (descriptor, own) => sendBlob(plan, descriptor, elsewhere.get(descriptor.digest), own),
  )
  const { digest: top } = await descriptorOfAny(value)
  for (const descriptor of all.filter(isDocument)) {
    const { digest, size: sizeBytes, mediaType } = descriptor
    const bytes = await readDocument((name) => content.blobs.open(name), descriptor, MANIFEST_MAX_BYTES, 'manifest')
    await remote.client.putManifest(remote.repository, (digest === top ? reference.tag : undefined) ?? digest, bytes, mediaType, { signal })
    plan.onEvent({ kind: 'done', what: 'manifest', digest, sizeBytes, how: 'moved' })
  }
  return top
}

async function sendBlob(plan: PushPlan, descriptor: Descriptor, from: string | undefined, signal: AbortSignal): Promise<void> {
  const { content, remote, onEvent } = plan
  const { client, repository } = remote
  const { digest, size } = descriptor
  const what = isConfigType(descriptor.mediaType) ? 'config' : 'layer'
  const done = (how: 'moved' | 'present' | 'mounted') => onEvent({ kind: 'done', what, digest, sizeBytes: size, how })
  if ((await client.headBlob(repository, digest, { signal })) !== undefined) return done('present')
  if (from !== undefined && (await client.mountBlob(repository, digest, from, { signal }))) return done('mounted')
  const onProgress = progressOf({ what, digest, size }, onEvent)
  onProgress(0)
  // From the beginning it is verified on the way: a registry need not find out that a disk has forgotten something.
  const open = (offset: number) => (offset === 0 ? content.blobs.read({ digest, size }) : content.blobs.open({ digest }, offset))
  await client.uploadBlob(repository, { digest, size, open }, { signal, onProgress })
  done('moved')
}

/** Most references looked at for blobs that the registry may have in another repository. */
const REFS_MAX = 200

/** Other repositories of the same registry that have blobs of this store, as far as its references tell: nothing has to be sent for those. */
async function blobsElsewhere({ content, reference, signal }: PushPlan): Promise<ReadonlyMap<Digest, string>> {
  const found = new Map<Digest, string>()
  for (const { ref, descriptor } of (await content.refs.list()).slice(0, REFS_MAX)) {
    const other = parseReference(ref)
    if (other.registry !== reference.registry || other.repository === reference.repository || !isManifestType(descriptor.mediaType))
      continue
    signal?.throwIfAborted()
    if (!(await content.blobs.has(descriptor))) continue
    const bytes = await readDocument((name) => content.blobs.open(name), descriptor, MANIFEST_MAX_BYTES, 'manifest')
    for (const { digest } of decodeManifest(bytes).layers) found.set(digest, other.repository)
  }
  return found
}
