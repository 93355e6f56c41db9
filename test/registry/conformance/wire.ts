// Requests as the distribution-spec writes them, without a client in between.
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { encodeJson, MEDIA_TYPE } from '../../../src/oci/index.js'

/** A row of the table: what the specification asks of a registry. */
export interface Requirement {
  /** Endpoint of the specification's table, and a word for the case. */
  readonly id: string
  /** The requirement, as a sentence about the registry. */
  readonly what: string
  /** Why Debian's docker-registry (distribution 2.8) does not meet it, where that is so: it is older than 1.1. */
  readonly debian?: string
  run(wire: Wire, repository: string): Promise<void>
}

/** A descriptor whose digest may be of any algorithm. */
export interface Named {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/** What a request may have besides its address. */
export interface Sent {
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

export const digestBy = (algorithm: string, bytes: string | Uint8Array): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
export const sha256 = (bytes: string | Uint8Array): string => digestBy('sha256', bytes)
/** Digest of nothing that is there. */
export const NOTHING = sha256('nothing of this kind')
export const OCTETS = { 'content-type': 'application/octet-stream' }

/** One registry, by address. */
export class Wire {
  constructor(readonly origin: string) {}

  /** One request; the status must be (one of) the expected. */
  async ask(method: string, path: string, status: number | readonly number[], sent: Sent = {}): Promise<Response> {
    const url = new URL(path, this.origin)
    const response = await fetch(url, { method, redirect: 'manual', ...sent })
    expect([status].flat(), `${method} ${path}: ${response.status}`).toContain(response.status)
    return response
  }

  /** The error codes of a refused request, which are in a document of the specified form. */
  async codes(method: string, path: string, status: number | readonly number[], sent: Sent = {}): Promise<readonly string[]> {
    const response = await this.ask(method, path, status, sent)
    const { errors } = (await response.json()) as { errors: { code: unknown; message?: unknown }[] }
    for (const { code, message } of errors) {
      expect(code).toMatch(/^[A-Z_]+$/)
      expect(['string', 'undefined']).toContain(typeof message)
    }
    return errors.map(({ code }) => String(code))
  }

  /** An upload begun; its address. */
  async begin(repository: string, query = ''): Promise<string> {
    return this.location(await this.ask('POST', `/v2/${repository}/blobs/uploads/${query}`, 202, { headers: { 'content-length': '0' } }))
  }

  /** Where the answer leads, with a query added. */
  location(response: Response, query: Record<string, string> = {}): string {
    const url = new URL(response.headers.get('location') ?? 'none:', response.url)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url.href
  }

  /** `url` with the digest that ends an upload. */
  ending(url: string, digest: string): string {
    const target = new URL(url)
    target.searchParams.set('digest', digest)
    return target.href
  }

  /** A blob put there, by POST and PUT. */
  async blob(repository: string, content: string | Uint8Array<ArrayBuffer>, algorithm = 'sha256'): Promise<Named> {
    const digest = digestBy(algorithm, content)
    await this.ask('PUT', this.ending(await this.begin(repository), digest), 201, { headers: OCTETS, body: content })
    return { mediaType: 'application/octet-stream', digest, size: content.length }
  }

  /** The bytes of an image manifest over one blob that is put there first. */
  async manifest(
    repository: string,
    content: string,
    more: object = {},
  ): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly named: Named }> {
    const config = { ...(await this.blob(repository, content)), mediaType: 'application/vnd.example.config' }
    const bytes = new Uint8Array(encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers: [], ...more }))
    return { bytes, named: { mediaType: MEDIA_TYPE.manifest, digest: sha256(bytes), size: bytes.length } }
  }

  /** Such a manifest, put there. */
  async put(repository: string, reference: string | undefined, content: string, more: object = {}): Promise<Named> {
    const { bytes, named } = await this.manifest(repository, content, more)
    await this.send(repository, reference ?? named.digest, bytes)
    return named
  }

  /** A manifest's bytes, put there. */
  send(repository: string, reference: string, body: Uint8Array<ArrayBuffer>, mediaType: string = MEDIA_TYPE.manifest): Promise<Response> {
    return this.ask('PUT', `/v2/${repository}/manifests/${reference}`, 201, { headers: { 'content-type': mediaType }, body })
  }

  async json(path: string): Promise<Record<string, unknown>> {
    return (await (await this.ask('GET', path, 200)).json()) as Record<string, unknown>
  }

  /** The next page that an answer names; undefined where it is the last. */
  next(response: Response): string | undefined {
    const [, target] = /^<([^>]+)>; ?rel="next"$/.exec(response.headers.get('link') ?? '') ?? []
    return target === undefined ? undefined : new URL(target, response.url).href
  }
}
