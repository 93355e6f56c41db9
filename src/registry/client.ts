// The client of one registry. Source: OCI distribution-spec 1.1.
import { type Digest, isDigest, optionsObject, rejectUnknown } from '../core/index.js'
import type { Descriptor } from '../oci/index.js'
import type { AuthSource } from './auth/auth.js'
import { Authenticator } from './auth/authenticator.js'
import { type BlobReadOptions, blobFrom, deleteBlob, headBlob, type RegistryBlob, readBlob } from './blobs.js'
import { Connection } from './connection.js'
import { type Fetch, hostFetch } from './http/fetch.js'
import { RETRY_POLICY, type RetryPolicy } from './http/retry.js'
import {
  deleteManifest,
  getManifest,
  headManifest,
  type ManifestHead,
  type RegistryCallOptions,
  type RegistryManifest,
  sendManifest,
} from './manifests.js'
import { endpointOf, hostnameOf, isLoopback } from './origin.js'
import { type ListOptions, listRepositories, listTags } from './pages.js'
import { editTaggedReferrers, keepsReferrers, listReferrers, type ReferrersOptions } from './referrers.js'
import { referrerIn, subjectOf } from './subject.js'
import { type BlobSource, mountBlob, type UploadOptions, uploadBlob } from './uploads.js'

/** Options of a client. */
export interface RegistryClientOptions {
  /** Default: the host's own `fetch`. */
  readonly fetch?: Fetch | undefined
  /** Credentials, or where to ask for them once the registry wants some. Default: none. */
  readonly auth?: AuthSource | undefined
  /** Plain HTTP only. Default: https, and for loopback plain HTTP where no TLS is spoken. */
  readonly plainHttp?: boolean | undefined
  /** Plain HTTP for any host where no TLS is spoken. (Whether certificates are checked is up to `fetch`.) Default: false. */
  readonly insecure?: boolean | undefined
  /** Token servers on other hosts (`host` or `host:port`) that may see the credentials. */
  readonly tokenHosts?: readonly string[] | undefined
  /** Default: five tries, a quarter of a second and more apart. */
  readonly retry?: Partial<RetryPolicy> | undefined
  /** Silence for so long ends a try. Default: 60 s. */
  readonly idleTimeoutMs?: number | undefined
}

const KNOWN = ['fetch', 'auth', 'plainHttp', 'insecure', 'tokenHosts', 'retry', 'idleTimeoutMs'] as const
const IDLE_TIMEOUT_MS = 60_000

/** Speaks to one registry. Every call takes `{ signal }`, tries again what may pass, and rejects with RegistryError (`status`, `codes`). */
export class RegistryClient {
  readonly #connection: Connection

  /** @param registry `host[:port]`, as in a reference; `docker.io` is Docker Hub */
  constructor(registry: string, options?: RegistryClientOptions) {
    const given = optionsObject(options, 'RegistryClient')
    rejectUnknown(given, KNOWN, 'RegistryClient')
    const host = endpointOf(registry)
    const mayBePlain = given.insecure === true || isLoopback(hostnameOf(host))
    const retry = { ...RETRY_POLICY, ...optionsObject(given.retry, 'RegistryClient: retry') }
    this.#connection = new Connection({
      host,
      schemes: given.plainHttp === true ? ['http'] : mayBePlain ? ['https', 'http'] : ['https'],
      fetch: given.fetch ?? hostFetch,
      authenticator: new Authenticator(given.auth, given.tokenHosts ?? []),
      retry: { ...retry, attempts: Math.max(1, retry.attempts) },
      idleTimeoutMs: given.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    })
  }

  /** `host[:port]` of the registry's API. */
  get host(): string {
    return this.#connection.host
  }

  /** Whether there is a registry, and whether these credentials open it. @throws RegistryError 404 where something else answers, 401 where they do not */
  async ping(options: RegistryCallOptions = {}): Promise<void> {
    const answer = await this.#connection.call({
      method: 'GET',
      url: '/v2/',
      what: '/v2/',
      scopes: [],
      expect: [200],
      signal: options.signal,
    })
    await answer.discard()
  }

  /** The tags of a repository, page by page. */
  tags(repository: string, options: ListOptions = {}): AsyncGenerator<string> {
    return listTags(this.#connection, repository, options)
  }

  /** The repositories of the registry, page by page, where it tells. */
  catalog(options: ListOptions = {}): AsyncGenerator<string> {
    return listRepositories(this.#connection, options)
  }

  /** A manifest (image, index, artifact) by tag or digest: at most 4 MiB, its digest checked. */
  manifest(
    repository: string,
    tagOrDigest: string,
    options: RegistryCallOptions & { readonly accept?: readonly string[] | undefined } = {},
  ): Promise<RegistryManifest> {
    return getManifest(this.#connection, repository, tagOrDigest, options)
  }

  /** What the registry says of a manifest; undefined where there is none. */
  headManifest(repository: string, tagOrDigest: string, options: RegistryCallOptions = {}): Promise<ManifestHead | undefined> {
    return headManifest(this.#connection, repository, tagOrDigest, options)
  }

  /** Stores a manifest under a tag or its digest. Its blobs must be there. One with a `subject` is put on the list of its referrers, if need be by this client. */
  async putManifest(
    repository: string,
    tagOrDigest: string,
    bytes: Uint8Array,
    mediaType: string,
    options: RegistryCallOptions = {},
  ): Promise<{ readonly digest: Digest }> {
    const { digest, subjectSeen } = await sendManifest(this.#connection, repository, tagOrDigest, bytes, mediaType, options)
    const referrer = referrerIn(bytes, mediaType, digest)
    if (referrer !== undefined && !subjectSeen)
      await editTaggedReferrers(this.#connection, repository, referrer.subject, { add: referrer.descriptor }, options)
    return { digest }
  }

  /** Removes a tag, or a manifest by its digest; false where there is none. One with a `subject` is taken off the list of its referrers, if need be by this client. */
  async deleteManifest(repository: string, tagOrDigest: string, options: RegistryCallOptions = {}): Promise<boolean> {
    const subject = isDigest(tagOrDigest) ? await subjectOf(this.#connection, repository, tagOrDigest, options) : undefined
    const wasThere = await deleteManifest(this.#connection, repository, tagOrDigest, options)
    if (subject !== undefined && isDigest(tagOrDigest) && !(await keepsReferrers(this.#connection, repository, subject, options)))
      await editTaggedReferrers(this.#connection, repository, subject, { remove: tagOrDigest }, options)
    return wasThere
  }

  /** The bytes of a blob. Whole ones are verified; from an `offset` on, whoever has the beginning has to. A connection that breaks is made again, and goes on
   *  where it broke. */
  blob(repository: string, blob: RegistryBlob, options: BlobReadOptions = {}): AsyncGenerator<Uint8Array> {
    return (options.offset ?? 0) === 0
      ? readBlob(this.#connection, repository, blob, options)
      : blobFrom(this.#connection, repository, blob, options)
  }

  /** The same, never verified: for those who hash what they write. */
  rawBlob(repository: string, blob: RegistryBlob, options: BlobReadOptions = {}): AsyncGenerator<Uint8Array> {
    return blobFrom(this.#connection, repository, blob, options)
  }

  /** Bytes of a blob (-1 where the registry does not say); undefined where there is none. */
  headBlob(repository: string, digest: Digest, options: RegistryCallOptions = {}): Promise<number | undefined> {
    return headBlob(this.#connection, repository, digest, options)
  }

  /** Takes a blob over from another repository of this registry; false where it has to be sent. */
  mountBlob(repository: string, digest: Digest, from: string, options: RegistryCallOptions = {}): Promise<boolean> {
    return mountBlob(this.#connection, repository, digest, from, options)
  }

  /** Sends a blob, and takes the upload up again where it broke. */
  uploadBlob(repository: string, source: BlobSource, options: UploadOptions = {}): Promise<void> {
    return uploadBlob(this.#connection, repository, source, options)
  }

  /** Removes a blob from a repository; false where there is none. */
  deleteBlob(repository: string, digest: Digest, options: RegistryCallOptions = {}): Promise<boolean> {
    return deleteBlob(this.#connection, repository, digest, options)
  }

  /** What refers to a manifest: by the registry's own list, else by the tag that stands in for it. */
  referrers(repository: string, digest: Digest, options: ReferrersOptions = {}): AsyncGenerator<Descriptor> {
    return listReferrers(this.#connection, repository, digest, options)
  }
}
