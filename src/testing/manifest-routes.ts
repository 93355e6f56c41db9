// Manifests, tags and referrers of the test registry. Source: distribution-spec "Pulling manifests", "Pushing Manifests", "Listing Tags", "Listing Referrers".
import { MEDIA_TYPE } from '../oci/index.js'
import { type Document, readDocument } from './document.js'
import { type Exchange, Refusal } from './exchange.js'
import { algorithmOf, digestBy, isKnownDigest, type Storage, type StoredManifest } from './storage.js'

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
  if (!isKnownDigest(reference) && !TAG.test(reference)) throw new Refusal(400, 'MANIFEST_INVALID', 'neither a tag nor a digest')
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      return getManifest(exchange, storage, repository, reference)
    case 'PUT':
      return putManifest(exchange, storage, repository, reference, listsReferrers)
    case 'DELETE': {
      const isGone = isKnownDigest(reference)
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
  const digest = isKnownDigest(reference) ? reference : await storage.tag(repository, reference)
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
  const isByDigest = isKnownDigest(reference)
  const digest = await digestBy(isByDigest ? algorithmOf(reference) : 'sha256', once(bytes))
  if (isByDigest && reference !== digest) throw new Refusal(400, 'DIGEST_INVALID', 'the manifest has another digest')
  const tags = isByDigest ? exchange.url.searchParams.getAll('tag') : [reference]
  if (!tags.every((tag) => TAG.test(tag))) throw new Refusal(400, 'MANIFEST_INVALID', 'no tag')
  const { mediaType, subject } = await checked(exchange, storage, repository, bytes)
  await storage.putManifest(repository, { digest, mediaType, bytes })
  for (const tag of tags) await storage.setTag(repository, tag, digest)
  const said = exchange.fault?.kind === 'wrong-digest' ? `sha256:${'0'.repeat(64)}` : digest
  exchange.answer(201, {
    location: `/v2/${repository}/manifests/${digest}`,
    'docker-content-digest': said,
    ...(isByDigest && tags.length > 0 ? { 'oci-tag': tags.join(', ') } : {}),
    ...(subject === undefined || !listsReferrers ? {} : { 'oci-subject': subject }),
  })
}

/** What it names must be there; its subject need not be. */
async function checked(exchange: Exchange, storage: Storage, repository: string, bytes: Uint8Array) {
  const said = exchange.request.headers['content-type']?.split(';')[0]?.trim()
  let document: Document
  try {
    document = readDocument(bytes)
  } catch (error) {
    throw new Refusal(400, 'MANIFEST_INVALID', (error as Error).message)
  }
  const { isIndex, mediaType, saysType, subject, needs } = document
  if (said !== undefined && saysType && said !== mediaType) throw new Refusal(400, 'MANIFEST_INVALID', 'Content-Type and mediaType differ')
  const absent: string[] = []
  for (const digest of needs) {
    const found = isIndex ? await storage.manifest(repository, digest) : await storage.blobSize(repository, digest)
    if (found === undefined) absent.push(digest)
  }
  if (absent.length > 0) throw new Refusal(404, 'MANIFEST_BLOB_UNKNOWN', `not there: ${absent.join(' ')}`)
  return { mediaType: said ?? mediaType, subject }
}

/** How much of a list one answer has. */
export interface Paging {
  /** At most, whatever is asked for. */
  readonly max: number
}

/** `/v2/<name>/tags/list` and `/v2/_catalog`: `n` names after `last`, and a Link to those that follow. */
export function listRoute(
  exchange: Exchange,
  names: readonly string[],
  { max }: Paging,
  document: (page: readonly string[]) => object,
): Promise<void> {
  const { searchParams, pathname } = exchange.url
  const last = searchParams.get('last')
  const all = [...names].sort(inOrder).filter((name) => last === null || inOrder(name, last) > 0)
  const n = Math.min(max, /^\d{1,9}$/.test(searchParams.get('n') ?? '') ? Number(searchParams.get('n')) : max)
  const page = all.slice(0, n)
  const next = new URLSearchParams({ n: `${n}`, last: page.at(-1) ?? '' })
  const link = page.length > 0 && page.length < all.length ? linkTo(pathname, next) : {}
  const body = json(document(page))
  return exchange.send(200, { 'content-type': 'application/json', ...link }, body.length, once(body))
}

/** "Lexical order (i.e. case-insensitive alphanumeric order)". */
function inOrder(a: string, b: string): number {
  const [one, other] = a.toLowerCase() === b.toLowerCase() ? [a, b] : [a.toLowerCase(), b.toLowerCase()]
  return one < other ? -1 : one > other ? 1 : 0
}

const linkTo = (pathname: string, query: URLSearchParams): Record<string, string> => ({ link: `<${pathname}?${query}>; rel="next"` })

/** `/v2/<name>/referrers/<digest>`: those of an `artifactType`, if one is said, and a Link to those that follow. */
export async function referrersRoute(
  exchange: Exchange,
  storage: Storage,
  repository: string,
  digest: string,
  { max }: Paging,
): Promise<void> {
  if (exchange.method !== 'GET') throw new Refusal(405, 'UNSUPPORTED', 'method not allowed')
  if (!isKnownDigest(digest)) throw new Refusal(400, 'DIGEST_INVALID', 'no digest')
  const type = exchange.url.searchParams.get('artifactType')
  const last = exchange.url.searchParams.get('last') ?? ''
  const all: Referrer[] = []
  for (const each of [...(await storage.manifests(repository))].sort()) {
    const manifest = each > last ? await storage.manifest(repository, each) : undefined
    const referrer = manifest === undefined ? undefined : referrerOf(manifest, digest)
    if (referrer !== undefined && (type === null || referrer.artifactType === type)) all.push(referrer)
  }
  const manifests = all.slice(0, max)
  const next = new URLSearchParams({ ...(type === null ? {} : { artifactType: type }), last: manifests.at(-1)?.digest ?? '' })
  const body = json({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests })
  const headers = {
    'content-type': MEDIA_TYPE.index,
    ...(type === null ? {} : { 'oci-filters-applied': 'artifactType' }),
    ...(manifests.length < all.length ? linkTo(exchange.url.pathname, next) : {}),
  }
  return exchange.send(200, headers, body.length, once(body))
}

interface Referrer {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

function referrerOf({ bytes, digest, mediaType }: StoredManifest, of: string): Referrer | undefined {
  const { subject, artifactType, annotations } = readDocument(bytes)
  if (subject !== of) return undefined
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}
