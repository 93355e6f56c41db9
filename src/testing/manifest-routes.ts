// Manifests, tags and referrers of the test registry. Source: distribution-spec "Pulling manifests", "Pushing Manifests", "Listing Tags", "Listing Referrers".
import { createHash } from 'node:crypto'
import { type Descriptor, decodeManifestOrIndex, type Index, MEDIA_TYPE, mediaTypeOf } from '../oci/index.js'
import { type Exchange, Refusal } from './exchange.js'
import { isSha256, type Storage } from './storage.js'

const TAG = /^\w[\w.-]{0,127}$/

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

/** `/v2/<name>/manifests/<reference>`. `listsReferrers`: whether the registry says so when a manifest has a subject. */
export async function manifestRoute(
  exchange: Exchange,
  storage: Storage,
  { repository, reference }: { readonly repository: string; readonly reference: string },
  listsReferrers: boolean,
): Promise<void> {
  if (!isSha256(reference) && !TAG.test(reference)) throw new Refusal(400, 'MANIFEST_INVALID', 'neither a tag nor a digest')
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      return getManifest(exchange, storage, repository, reference)
    case 'PUT':
      return putManifest(exchange, storage, repository, reference, listsReferrers)
    case 'DELETE': {
      const isGone = isSha256(reference)
        ? await storage.deleteManifest(repository, reference)
        : await storage.deleteTag(repository, reference)
      if (!isGone) throw unknown(reference)
      return exchange.answer(202)
    }
    default:
      throw new Refusal(405, 'UNSUPPORTED', 'method not allowed')
  }
}

const unknown = (reference: string) => new Refusal(404, 'MANIFEST_UNKNOWN', `no manifest ${reference}`)

async function getManifest(exchange: Exchange, storage: Storage, repository: string, reference: string): Promise<void> {
  const digest = isSha256(reference) ? reference : await storage.tag(repository, reference)
  const manifest = digest === undefined ? undefined : await storage.manifest(repository, digest)
  if (manifest === undefined) throw unknown(reference)
  const headers = { 'content-type': manifest.mediaType, 'docker-content-digest': manifest.digest }
  return exchange.send(200, headers, manifest.bytes.length, once(manifest.bytes))
}

async function putManifest(
  exchange: Exchange,
  storage: Storage,
  repository: string,
  reference: string,
  listsReferrers: boolean,
): Promise<void> {
  const bytes = await exchange.bytes()
  if (exchange.isCut) return
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  if (isSha256(reference) && reference !== digest) throw new Refusal(400, 'DIGEST_INVALID', 'the manifest has another digest')
  const { mediaType, subject } = await checked(exchange, storage, repository, bytes)
  await storage.putManifest(repository, { digest, mediaType, bytes })
  if (!isSha256(reference)) await storage.setTag(repository, reference, digest)
  const said = exchange.fault?.kind === 'wrong-digest' ? `sha256:${'0'.repeat(64)}` : digest
  exchange.answer(201, {
    location: `/v2/${repository}/manifests/${digest}`,
    'docker-content-digest': said,
    ...(subject === undefined || !listsReferrers ? {} : { 'oci-subject': subject }),
  })
}

/** What it names must be there; its subject need not be. */
async function checked(exchange: Exchange, storage: Storage, repository: string, bytes: Uint8Array) {
  const mediaType = exchange.request.headers['content-type']?.split(';')[0]?.trim()
  let document: ReturnType<typeof decodeManifestOrIndex>
  try {
    document = decodeManifestOrIndex(bytes)
  } catch (error) {
    throw new Refusal(400, 'MANIFEST_INVALID', (error as Error).message)
  }
  const own = document.kind === 'index' ? document.index.mediaType : document.manifest.mediaType
  if (mediaType !== undefined && own !== undefined && mediaType !== own)
    throw new Refusal(400, 'MANIFEST_INVALID', 'Content-Type and mediaType differ')
  const absent: string[] = []
  if (document.kind === 'index') {
    for (const { digest } of document.index.manifests) if ((await storage.manifest(repository, digest)) === undefined) absent.push(digest)
  } else {
    for (const { digest } of [document.manifest.config, ...document.manifest.layers])
      if ((await storage.blobSize(repository, digest)) === undefined) absent.push(digest)
  }
  if (absent.length > 0) throw new Refusal(404, 'MANIFEST_BLOB_UNKNOWN', `not there: ${absent.join(' ')}`)
  const { subject } = document.kind === 'index' ? document.index : document.manifest
  return { mediaType: mediaType ?? mediaTypeOf(document), subject: subject?.digest }
}

/** `/v2/<name>/tags/list` and `/v2/_catalog`: `n` names after `last`, and a Link to those that follow. */
export function listRoute(exchange: Exchange, names: readonly string[], document: (page: readonly string[]) => object): Promise<void> {
  const { searchParams, pathname } = exchange.url
  const last = searchParams.get('last')
  const all = [...names].sort().filter((name) => last === null || name > last)
  const n = /^\d{1,9}$/.test(searchParams.get('n') ?? '') ? Number(searchParams.get('n')) : all.length
  const page = all.slice(0, n)
  const next = new URLSearchParams({ n: `${n}`, last: page.at(-1) ?? '' })
  const link: Record<string, string> = page.length > 0 && page.length < all.length ? { link: `<${pathname}?${next}>; rel="next"` } : {}
  const body = json(document(page))
  return exchange.send(200, { 'content-type': 'application/json', ...link }, body.length, once(body))
}

/** `/v2/<name>/referrers/<digest>`. */
export async function referrersRoute(exchange: Exchange, storage: Storage, repository: string, digest: string): Promise<void> {
  if (!isSha256(digest)) throw new Refusal(400, 'DIGEST_INVALID', 'no digest')
  const type = exchange.url.searchParams.get('artifactType')
  const manifests: Descriptor[] = []
  for (const each of await storage.manifests(repository)) {
    const manifest = await storage.manifest(repository, each)
    const descriptor = manifest === undefined ? undefined : referrerOf(manifest.bytes, each, manifest.mediaType, digest)
    if (descriptor !== undefined && (type === null || descriptor.artifactType === type)) manifests.push(descriptor)
  }
  const index: Index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }
  const body = json(index)
  const filtered: Record<string, string> = type === null ? {} : { 'oci-filters-applied': 'artifactType' }
  return exchange.send(200, { 'content-type': MEDIA_TYPE.index, ...filtered }, body.length, once(body))
}

function referrerOf(bytes: Uint8Array, digest: string, mediaType: string, of: string): Descriptor | undefined {
  const document = decodeManifestOrIndex(bytes)
  const { subject, artifactType, annotations } = document.kind === 'index' ? document.index : document.manifest
  if (subject?.digest !== of) return undefined
  const type = artifactType ?? (document.kind === 'manifest' ? document.manifest.config.mediaType : undefined)
  return {
    mediaType,
    digest: digest as Descriptor['digest'],
    size: bytes.length,
    ...(type === undefined ? {} : { artifactType: type }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}
