// Manifests that refer to another one by their `subject`. Source: distribution-spec "Pushing Manifests with Subject", "Deleting Manifests".
import { type Digest, FormatError, isDigest, RegistryError } from '../core/index.js'
import { type Descriptor, decodeManifestOrIndex, isIndexType } from '../oci/index.js'
import type { Connection } from './connection.js'
import { getManifest, type RegistryCallOptions } from './manifests.js'

/** What a manifest refers to; undefined where it is not there, or nothing that this library reads. */
export async function subjectOf(
  connection: Connection,
  repository: string,
  digest: Digest,
  options: RegistryCallOptions,
): Promise<Digest | undefined> {
  try {
    const { bytes, mediaType } = await getManifest(connection, repository, digest, options)
    return referrerIn(bytes, mediaType, digest)?.subject
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof FormatError || (error instanceof RegistryError && error.status === 404)) return undefined
    throw error
  }
}

/** How a manifest with a subject stands on its subject's list. Source: distribution-spec "Pushing Manifests with Subject". */
export function referrerIn(
  bytes: Uint8Array,
  mediaType: string,
  digest: Digest,
): { readonly subject: Digest; readonly descriptor: Descriptor } | undefined {
  const document = decodeManifestOrIndex(bytes)
  const { subject, artifactType, annotations } = document.kind === 'index' ? document.index : document.manifest
  if (subject === undefined || !isDigest(subject.digest)) return undefined
  const type = artifactType ?? (document.kind === 'manifest' && !isIndexType(mediaType) ? document.manifest.config.mediaType : undefined)
  const descriptor: Descriptor = {
    mediaType,
    digest,
    size: bytes.length,
    ...(annotations === undefined ? {} : { annotations }),
    ...(type === undefined ? {} : { artifactType: type }),
  }
  return { subject: subject.digest, descriptor }
}
