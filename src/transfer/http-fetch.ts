// `fetch` for registries by node:http and node:https: TLS settings of one host, streams without copies. See docs/decisions/0005-registry-transport.md.
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { type Fetch, type FetchBody, type FetchInit, type FetchResponse, isLoopback } from '../registry/index.js'
import { shakeHands } from './probe.js'
import { type TlsSettings, tlsOptions } from './tls.js'

const SOCKETS_MAX = 16

/** Connections to registries, kept alive until `close`. */
export class HttpTransport implements AsyncDisposable {
  readonly #host: string
  readonly #settings: TlsSettings
  readonly #plain = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX })
  readonly #tls = new Map<boolean, Promise<TlsAgent>>()

  /** @param host whose the settings are; whatever other host a redirect leads to sees no client certificate, and has to show a good one of its own */
  constructor(host: string, settings: TlsSettings) {
    // As an address has it: without the port that goes without saying.
    this.#host = new URL(`https://${host}`).host
    this.#settings = settings
  }

  readonly fetch: Fetch = async (url, init) => {
    const target = new URL(url)
    const isTls = target.protocol === 'https:'
    if (isTls && isLoopback(target.hostname) && !this.#tls.has(true)) await shakeHands(target, init.signal)
    const agent = isTls ? await this.#tlsAgent(target.host === this.#host) : this.#plain
    init.signal.throwIfAborted()
    return send(target, isTls ? tlsRequest : request, { agent, method: init.method, headers: init.headers, signal: init.signal }, init)
  }

  /** Ends every connection. Twice is fine. */
  async close(): Promise<void> {
    this.#plain.destroy()
    for (const agent of this.#tls.values()) (await agent).destroy()
    this.#tls.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #tlsAgent(isOwn: boolean): Promise<TlsAgent> {
    const known = this.#tls.get(isOwn)
    if (known !== undefined) return known
    const agent = tlsOptions(this.#settings, isOwn).then(
      (options) => new TlsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, ...options }),
    )
    // A setting that cannot be read is an error of the request; the next one may find it mended.
    agent.catch(() => this.#tls.delete(isOwn))
    this.#tls.set(isOwn, agent)
    return agent
  }
}

function send(url: URL, start: typeof request, options: RequestOptions, init: FetchInit): Promise<FetchResponse> {
  return new Promise((resolve, reject) => {
    const sent = start(url, options)
    sent.once('response', (response) => resolve(responseOf(response)))
    // Not once: after an answer a connection may break as well, and what reads the answer sees that.
    sent.on('error', reject)
    void sendBody(sent, init.body).catch((error: Error) => sent.destroy(error))
  })
}

async function sendBody(sent: ReturnType<typeof request>, body: FetchBody | undefined): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) {
    sent.end(body)
    return
  }
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      // An answer before the end (a refusal), or a broken connection: nobody reads on.
      if (sent.destroyed) return
      if (!sent.write(value)) await drained(sent)
    }
    sent.end()
  } finally {
    await reader.cancel()
  }
}

const drained = (sent: ReturnType<typeof request>): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      sent.off('drain', done).off('close', done)
      resolve()
    }
    sent.on('drain', done).on('close', done)
  })

function responseOf(response: IncomingMessage): FetchResponse {
  return {
    status: response.statusCode ?? 0,
    headers: {
      get(name) {
        const value = response.headers[name.toLowerCase()]
        return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value
      },
    },
    body: response,
  }
}
