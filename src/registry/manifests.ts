// Manifests: images, indexes, artifacts. Source: distribution-spec "Pulling manifests", "Pushing Manifests", "Deleting Manifests".
import { type Digest, DigestMismatchError, digestOf, FormatError, isDigest } from '../core/index.js'
import { decodeManifestOrIndex, MANIFEST_MAX_BYTES, type ManifestDocument, MEDIA_TYPE } from '../oci/index.js'
import { type Answer, digestHeader, sizeHeader } from './answer.js'
import type { Connection } from './connection.js'
import { checkRepository, checkTagOrDigest, scopeOf } from './names.js'

/** Every call may be aborted. */
export interface RegistryCallOptions {
  readonly signal?: AbortSignal | undefined
}

/** A manifest as the registry has it. */
export interface RegistryManifest {
  /** Of the bytes, checked. */
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
  /** Exactly as they are hashed. */
  readonly bytes: Uint8Array
  /** Decoded and checked. */
  readonly document: ManifestDocument
}

/** What a registry says of a manifest without sending it. */
export interface ManifestHead {
  /** undefined where the registry says none. */
  readonly digest: Digest | undefined
  readonly mediaType: string
  readonly size: number | undefined
}

/** What this library reads; the first are liked best. */
export const MANIFEST_TYPES: readonly string[] = [
  MEDIA_TYPE.index,
  MEDIA_TYPE.manifest,
  MEDIA_TYPE.dockerManifestList,
  MEDIA_TYPE.dockerManifest,
]

const plain = (contentType: string | null): string => (contentType ?? '').split(';')[0]!.trim().toLowerCase()

/** Fetches a manifest by tag or digest. @throws RegistryError (`MANIFEST_UNKNOWN`) @throws DigestMismatchError @throws FormatError */
export async function getManifest(
  connection: Connection,
  repository: string,
  reference: string,
  options: RegistryCallOptions & { readonly accept?: readonly string[] | undefined },
): Promise<RegistryManifest> {
  const what = `manifest ${checkRepository(repository)}:${checkTagOrDigest(reference)}`
  const answer = await connection.call({
    method: 'GET',
    url: `/v2/${repository}/manifests/${reference}`,
    what,
    scopes: [scopeOf(repository, 'pull')],
    headers: { accept: (options.accept ?? MANIFEST_TYPES).join(', ') },
    expect: [200],
    signal: options.signal,
  })
  const bytes = await answer.bytes(MANIFEST_MAX_BYTES)
  const digest = digestOf(bytes)
  // By digest, the digest asked for decides; by tag, the registry's word for what the tag names.
  const expected = isDigest(reference) ? reference : digestHeader(answer)
  if (expected !== undefined && expected !== digest) throw new DigestMismatchError(expected, digest, what)
  const document = decodeManifestOrIndex(bytes)
  return { digest, bytes, size: bytes.length, document, mediaType: checkedType(answer, document, what) }
}

function checkedType(answer: Answer, document: ManifestDocument, what: string): string {
  const said = plain(answer.header('content-type'))
  const own = document.kind === 'index' ? document.index.mediaType : document.manifest.mediaType
  // A document without a media type of its own is what the header says, as long as that is a type of its kind: CVE-2021-41190.
  const kind =
    document.kind === 'index' ? [MEDIA_TYPE.index, MEDIA_TYPE.dockerManifestList] : [MEDIA_TYPE.manifest, MEDIA_TYPE.dockerManifest]
  if (own !== undefined && (said === own || !MANIFEST_TYPES.includes(said))) return own
  if (own === undefined && (kind as readonly string[]).includes(said)) return said
  if (own === undefined && !MANIFEST_TYPES.includes(said)) return kind[0]!
  throw new FormatError(`${what}: the registry says ${said}, but it is ${own ?? `an ${document.kind}`}`, { jsonPath: '$.mediaType' })
}

/** Asks for a manifest without its bytes; undefined where there is none. */
export async function headManifest(
  connection: Connection,
  repository: string,
  reference: string,
  options: RegistryCallOptions,
): Promise<ManifestHead | undefined> {
  const answer = await connection.call({
    method: 'HEAD',
    url: `/v2/${checkRepository(repository)}/manifests/${checkTagOrDigest(reference)}`,
    what: `manifest ${repository}:${reference}`,
    scopes: [scopeOf(repository, 'pull')],
    headers: { accept: MANIFEST_TYPES.join(', ') },
    expect: [200, 404],
    signal: options.signal,
  })
  await answer.discard()
  if (answer.status === 404) return undefined
  return { digest: digestHeader(answer), mediaType: plain(answer.header('content-type')), size: sizeHeader(answer, 'content-length') }
}

/** Stores a manifest under a tag or its digest. `subjectSeen`: whether the registry keeps the list of referrers itself. */
export async function sendManifest(
  connection: Connection,
  repository: string,
  reference: string,
  bytes: Uint8Array,
  mediaType: string,
  options: RegistryCallOptions,
): Promise<{ readonly digest: Digest; readonly subjectSeen: boolean }> {
  const what = `manifest ${checkRepository(repository)}:${checkTagOrDigest(reference)}`
  if (bytes.length > MANIFEST_MAX_BYTES) throw new FormatError(`${what} has ${bytes.length} bytes, more than ${MANIFEST_MAX_BYTES}`)
  const digest = digestOf(bytes)
  if (isDigest(reference) && reference !== digest) throw new DigestMismatchError(reference, digest, what)
  const answer = await connection.call({
    method: 'PUT',
    url: `/v2/${repository}/manifests/${reference}`,
    what,
    scopes: [scopeOf(repository, 'pull,push')],
    headers: { 'content-type': mediaType },
    body: () => new Uint8Array(bytes),
    expect: [200, 201],
    signal: options.signal,
  })
  await answer.discard()
  const stored = digestHeader(answer)
  if (stored !== undefined && stored !== digest) throw new DigestMismatchError(digest, stored, `${what}, as the registry stored it`)
  return { digest, subjectSeen: answer.header('oci-subject') !== null }
}

/** Removes a tag, or a manifest and all its tags; false where there is none. @throws RegistryError 405 where the registry does not delete */
export async function deleteManifest(
  connection: Connection,
  repository: string,
  reference: string,
  options: RegistryCallOptions,
): Promise<boolean> {
  const answer = await connection.call({
    method: 'DELETE',
    url: `/v2/${checkRepository(repository)}/manifests/${checkTagOrDigest(reference)}`,
    what: `manifest ${repository}:${reference}`,
    scopes: [scopeOf(repository, 'pull,delete')],
    expect: [200, 202, 404],
    signal: options.signal,
  })
  await answer.discard()
  return answer.status !== 404
}
