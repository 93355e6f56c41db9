// What refers to a manifest: signatures, SBOMs, attestations. Source: distribution-spec "Listing Referrers", "Referrers Tag Schema".
import { type Digest, digestHex, FormatError, parseDigest, RegistryError } from '../core/index.js'
import { asArray, type Descriptor, decodeDescriptor, encodeJson, type Index, MEDIA_TYPE } from '../oci/index.js'
import type { Connection } from './connection.js'
import { getManifest, type RegistryCallOptions, sendManifest } from './manifests.js'
import { checkRepository, scopeOf } from './names.js'
import { pages } from './pages.js'

/** Options of `referrers`. */
export interface ReferrersOptions extends RegistryCallOptions {
  /** Only those of this type. */
  readonly artifactType?: string | undefined
}

/** The tag that lists the referrers of a manifest where the registry does not. */
export const referrersTag = (digest: Digest): string => `sha256-${digestHex(digest)}`

/** The descriptors of what refers to a manifest, whether it is there or not. */
export async function* listReferrers(
  connection: Connection,
  repository: string,
  digest: Digest,
  options: ReferrersOptions,
): AsyncGenerator<Descriptor> {
  const { artifactType } = options
  const query = artifactType === undefined ? '' : `?${new URLSearchParams({ artifactType })}`
  const url = `/v2/${checkRepository(repository)}/referrers/${parseDigest(digest)}${query}`
  let isKnown = false
  for await (const page of pages(connection, url, `referrers of ${digest}`, scopeOf(repository, 'pull'), {
    signal: options.signal,
    missing: true,
  })) {
    isKnown = true
    yield* page.required('manifests', asArray(decodeDescriptor)).filter(ofType(artifactType))
  }
  if (!isKnown) yield* (await taggedReferrers(connection, repository, digest, options)).filter(ofType(artifactType))
}

// Registries may leave the filter to the client.
const ofType = (artifactType: string | undefined) => (descriptor: Descriptor) =>
  artifactType === undefined || descriptor.artifactType === artifactType

async function taggedReferrers(
  connection: Connection,
  repository: string,
  digest: Digest,
  options: RegistryCallOptions,
): Promise<readonly Descriptor[]> {
  try {
    const { document } = await getManifest(connection, repository, referrersTag(digest), { signal: options.signal })
    return document.kind === 'index' ? document.index.manifests : []
  } catch (error) {
    if ((error instanceof RegistryError && error.status === 404) || error instanceof FormatError) return []
    throw error
  }
}

/** Whether the registry keeps the lists of referrers itself. */
export async function keepsReferrers(
  connection: Connection,
  repository: string,
  subject: Digest,
  options: RegistryCallOptions,
): Promise<boolean> {
  const answer = await connection.call({
    method: 'GET',
    url: `/v2/${checkRepository(repository)}/referrers/${subject}`,
    what: `referrers of ${subject}`,
    scopes: [scopeOf(repository, 'pull')],
    expect: [200, 404],
    signal: options.signal,
  })
  await answer.discard()
  return answer.status === 200
}

/** Puts a manifest on the list of its subject's referrers (or takes it off), where the registry does not keep that list itself. Two who do it at the same time may
 *  lose one entry: the specification knows no remedy but a registry with the referrers API. */
export async function editTaggedReferrers(
  connection: Connection,
  repository: string,
  subject: Digest,
  edit: { readonly add?: Descriptor; readonly remove?: Digest },
  options: RegistryCallOptions,
): Promise<void> {
  const before = await taggedReferrers(connection, repository, subject, options)
  const gone = edit.add?.digest ?? edit.remove
  if (edit.add === undefined && !before.some(({ digest }) => digest === gone)) return
  const manifests = [...before.filter(({ digest }) => digest !== gone), ...(edit.add === undefined ? [] : [edit.add])]
  const index: Index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }
  await sendManifest(connection, repository, referrersTag(subject), encodeJson(index), MEDIA_TYPE.index, options)
}
