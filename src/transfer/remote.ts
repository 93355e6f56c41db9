// A repository somewhere else, with a client that knows how to get there; for pulls also its mirrors.
import { type Reference, RegistryClient, type RetryPolicy } from '../registry/index.js'
import { configuredAuth } from './docker-config.js'
import { HttpTransport } from './http-fetch.js'
import { type RegistriesSettings, type RegistrySettings, settingsFor } from './settings.js'

/** What transfers go through. */
export interface RemoteOptions {
  readonly registries: RegistriesSettings
  readonly retry?: Partial<RetryPolicy> | undefined
}

/** One repository of one registry. */
export interface Remote {
  readonly client: RegistryClient
  readonly repository: string
}

/** The clients of one transfer. */
export class Remotes implements AsyncDisposable {
  readonly #options: RemoteOptions
  readonly #transports: HttpTransport[] = []

  constructor(options: RemoteOptions) {
    this.#options = options
  }

  /** The repository itself. */
  origin({ registry, repository }: Reference): Remote {
    return this.#remote(registry, repository, settingsFor(this.#options.registries, registry))
  }

  /** Where to pull from, in this order: the mirrors, then the registry itself. */
  sources(reference: Reference): readonly Remote[] {
    const { registry, repository } = reference
    const { mirrors = [] } = settingsFor(this.#options.registries, registry)
    return [...mirrors.map((mirror) => this.#mirror(mirror, repository)), this.origin(reference)]
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    for (const transport of this.#transports.splice(0)) await transport.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #mirror(mirror: string, repository: string): Remote {
    const [, scheme, host, path] = /^(?:(https?):\/\/)?([^/]+)(?:\/(.*?))?\/*$/.exec(mirror) ?? []
    if (host === undefined) throw new TypeError(`registries: a mirror must be host[:port], not ${JSON.stringify(mirror)}`)
    const settings = settingsFor(this.#options.registries, host)
    const plain = scheme === 'http' ? { plainHttp: true } : {}
    return this.#remote(host, path === undefined || path === '' ? repository : `${path}/${repository}`, { ...settings, ...plain })
  }

  #remote(registry: string, repository: string, settings: RegistrySettings): Remote {
    const { insecure, plainHttp, auth, tokenHosts } = settings
    const source = auth ?? ((signal: AbortSignal | undefined) => configuredAuth(registry, repository, signal))
    const transport: { own?: HttpTransport } = {}
    const client = new RegistryClient(registry, {
      fetch: (url, init) => transport.own!.fetch(url, init),
      auth: source,
      insecure,
      plainHttp,
      tokenHosts,
      retry: this.#options.retry,
    })
    transport.own = new HttpTransport(client.host, settings)
    this.#transports.push(transport.own)
    return { client, repository }
  }
}
