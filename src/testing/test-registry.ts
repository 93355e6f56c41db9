// A registry for tests, in this process: real HTTP on loopback, with faults to order. Source: OCI distribution-spec 1.1.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { optionsObject, rejectUnknown } from '../core/index.js'
import { Access, type RegistryAccess } from './access.js'
import { beginRoute, blobRoute, isRepository, uploadRoute } from './blob-routes.js'
import { Exchange, Refusal, type RegistryRequest } from './exchange.js'
import { type Fault, Faults } from './faults.js'
import { DirectoryFiles, MemoryFiles } from './files.js'
import { listRoute, manifestRoute, referrersRoute } from './manifest-routes.js'
import { Storage } from './storage.js'

/** Options of a test registry. */
export interface TestRegistryOptions {
  /** Keep everything in this directory, and begin with what is in it. Default: in memory. */
  readonly directory?: string | undefined
  /** Default: any that is free. */
  readonly port?: number | undefined
  /** Default: open to everybody. */
  readonly auth?: RegistryAccess | undefined
  /** Speak TLS, with this certificate and key (PEM). With `clientCa`, clients need a certificate of that authority. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string | undefined } | undefined
  /** Whether it lists referrers; without, clients use the tag that stands in for the list. Default: true. */
  readonly referrers?: boolean | undefined
  /** Most names or referrers in one answer; a Link leads to the next. Default: no limit. */
  readonly pageSize?: number | undefined
}

const KNOWN = ['directory', 'port', 'auth', 'tls', 'referrers', 'pageSize'] as const

/** One registry, from `start` to `close`. */
export class TestRegistry implements AsyncDisposable {
  /** What was asked, in order. */
  readonly requests: RegistryRequest[] = []
  readonly #server: Server
  readonly #storage: Storage
  readonly #faults = new Faults()
  readonly #access: Access | undefined
  readonly #options: TestRegistryOptions
  #port = 0

  private constructor(options: TestRegistryOptions) {
    this.#options = options
    this.#storage = new Storage(options.directory === undefined ? new MemoryFiles() : new DirectoryFiles(options.directory))
    this.#access = options.auth === undefined ? undefined : new Access(options.auth, () => this.url)
    const handler = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response)
    const { tls } = options
    this.#server =
      tls === undefined
        ? createServer(handler)
        : createTlsServer({ cert: tls.cert, key: tls.key, ca: tls.clientCa, requestCert: tls.clientCa !== undefined }, handler)
  }

  /** Starts one on 127.0.0.1. */
  static async start(options?: TestRegistryOptions): Promise<TestRegistry> {
    const given = optionsObject(options, 'TestRegistry')
    rejectUnknown(given, KNOWN, 'TestRegistry')
    const registry = new TestRegistry(given)
    await new Promise<void>((resolve, reject) => {
      registry.#server.once('error', reject).listen(given.port ?? 0, '127.0.0.1', resolve)
    })
    registry.#port = (registry.#server.address() as AddressInfo).port
    return registry
  }

  /** `127.0.0.1:<port>`: what references begin with. */
  get host(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** `http://` or `https://` and the host. */
  get url(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${this.host}`
  }

  /** Orders a fault; the result takes it back. */
  inject(fault: Fault): () => void {
    return this.#faults.add(fault)
  }

  /** Takes back every fault that has not struck yet. */
  clearFaults(): void {
    this.#faults.clear()
  }

  /** Takes back every token given so far. */
  revokeTokens(): void {
    this.#access?.revoke()
  }

  /** Ends it, with every connection. Twice is fine. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request
    const record: RegistryRequest = { method, url, headers, status: 0, bytesSent: 0, bytesReceived: 0 }
    this.requests.push(record)
    // Without a listener a connection that the client breaks would end the whole process.
    request.on('error', () => response.destroy())
    const fault = this.#faults.take({ method, path: url.split('?')[0]! })
    const exchange = new Exchange(request, response, fault, record)
    try {
      if (await exchange.spoil()) return
      await this.#route(exchange)
    } catch (error) {
      if (error instanceof Refusal) {
        request.resume()
        exchange.refuse(error)
      } else exchange.cut()
    }
  }

  async #route(exchange: Exchange): Promise<void> {
    const { pathname } = exchange.url
    const storage = this.#storage
    const paging = { max: this.#options.pageSize ?? Number.POSITIVE_INFINITY }
    if (pathname === '/token' && this.#access !== undefined) return this.#access.giveToken(exchange)
    const route = parseRoute(pathname)
    this.#access?.check(exchange, scopeOf(exchange.method, route))
    switch (route.kind) {
      case 'base':
        return exchange.answer(200, { 'docker-distribution-api-version': 'registry/2.0' })
      case 'catalog':
        return listRoute(exchange, await storage.repositories(), paging, (repositories) => ({ repositories }))
      case 'tags': {
        const { repository } = route
        if (!(await storage.repositories()).includes(repository)) throw new Refusal(404, 'NAME_UNKNOWN', `no repository ${repository}`)
        return listRoute(exchange, await storage.tags(repository), paging, (tags) => ({ name: repository, tags }))
      }
      case 'manifest':
        return manifestRoute(exchange, storage, route, this.#options.referrers !== false)
      case 'blob':
        return blobRoute(exchange, storage, route.repository, route.reference)
      case 'begin':
        return beginRoute(exchange, storage, route.repository)
      case 'upload':
        return uploadRoute(exchange, storage, route.repository, route.reference)
      case 'referrers':
        if (this.#options.referrers === false) throw new Refusal(404, 'UNSUPPORTED', 'no referrers here')
        return referrersRoute(exchange, storage, route.repository, route.reference, paging)
    }
  }
}

type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags' | 'begin'; readonly repository: string }
  | { readonly kind: 'manifest' | 'blob' | 'upload' | 'referrers'; readonly repository: string; readonly reference: string }

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const NAMED = [
  [/^\/v2\/(.+)\/tags\/list$/, 'tags'],
  [/^\/v2\/(.+)\/blobs\/uploads\/?$/, 'begin'],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, 'upload'],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, 'blob'],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, 'manifest'],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, 'referrers'],
] as const

function parseRoute(path: string): Route {
  if (path === '/v2/' || path === '/v2') return { kind: 'base' }
  if (path === '/v2/_catalog') return { kind: 'catalog' }
  for (const [pattern, kind] of NAMED) {
    const [, repository = '', reference = ''] = pattern.exec(path) ?? []
    if (repository === '') continue
    if (!isRepository(repository)) throw new Refusal(404, 'NAME_INVALID', 'no name of a repository')
    if (kind === 'tags' || kind === 'begin') return { kind, repository }
    if (kind === 'upload' && !UUID.test(reference)) throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload')
    return { kind, repository, reference }
  }
  throw new Refusal(404, 'NAME_UNKNOWN', 'no such place')
}

function scopeOf(method: string, route: Route): string {
  if (route.kind === 'base') return ''
  if (route.kind === 'catalog') return 'registry:catalog:*'
  const isUpload = route.kind === 'begin' || route.kind === 'upload'
  const actions = method === 'DELETE' && !isUpload ? 'delete' : (method === 'GET' || method === 'HEAD') && !isUpload ? 'pull' : 'pull,push'
  return `repository:${route.repository}:${actions}`
}
