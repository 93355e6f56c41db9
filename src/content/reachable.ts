// What a set of descriptors leads to: manifests, configurations, layers. Source: image-spec descriptor.md, manifest.md, image-index.md.
import type { Digest } from '../core/index.js'
import { readDocument } from '../image/index.js'
import {
  CONFIG_MAX_BYTES,
  type Descriptor,
  decodeConfig,
  decodeIndex,
  decodeManifest,
  isConfigType,
  isIndexType,
  isManifestType,
  MANIFEST_MAX_BYTES,
} from '../oci/index.js'
import type { Blobs } from './blobs.js'

/** Blobs by digest, and the diffIDs of images' layers. */
export interface Reachable {
  readonly blobs: ReadonlySet<Digest>
  readonly diffIds: ReadonlySet<Digest>
}

/** Follows descriptors. What is missing leads nowhere. @throws FormatError | DigestMismatchError for a document that cannot be followed: nothing may be
 *  removed then */
export async function reachableFrom(blobs: Blobs, roots: readonly Descriptor[], signal?: AbortSignal): Promise<Reachable> {
  const found = new Set<Digest>()
  const diffIds = new Set<Digest>()
  const queue = [...roots]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    signal?.throwIfAborted()
    if (found.has(next.digest)) continue
    found.add(next.digest)
    const isDocument = isIndexType(next.mediaType) || isManifestType(next.mediaType)
    if (!isDocument && !isConfigType(next.mediaType)) continue
    if (!(await blobs.has({ digest: next.digest }))) continue
    const bytes = await readDocument((name) => blobs.open(name), next, isDocument ? MANIFEST_MAX_BYTES : CONFIG_MAX_BYTES, 'blob')
    if (isIndexType(next.mediaType)) queue.push(...decodeIndex(bytes).manifests)
    else if (isManifestType(next.mediaType)) {
      const { config, layers, subject } = decodeManifest(bytes)
      queue.push(config, ...layers, ...(subject === undefined ? [] : [subject]))
    } else for (const diffId of decodeConfig(bytes).rootfs.diff_ids) diffIds.add(diffId)
  }
  return { blobs: found, diffIds }
}
