// Requests to one registry: retried, redirected and authorized as they need. Source: distribution-spec "API"; RFC 9110.
import { RegistryError, type StrataError } from '../core/index.js'
import { type Answer, answerOf, errorOf } from './answer.js'
import type { Authenticator } from './auth/authenticator.js'
import type { Ask } from './auth/token.js'
import { Attempt } from './http/attempt.js'
import { isWorthAnother, noAnswer, unbroken } from './http/failure.js'
import type { Fetch, FetchBody, FetchResponse } from './http/fetch.js'
import { follow, isRedirect, isSameOrigin, REDIRECTS_MAX } from './http/redirect.js'
import { delayMs, isPassing, pause, type RetryPolicy, retryAfterMs } from './http/retry.js'

/** One request. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Beginning with `/v2/`, or an address that the registry gave. */
  readonly url: string
  /** What it is about, for messages: `manifest team/app:1`. */
  readonly what: string
  /** What a token must allow: `repository:team/app:pull`. */
  readonly scopes: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  /** Made anew for each try. `touch` says that bytes move. */
  readonly body?: (touch: () => void) => FetchBody
  /** Statuses that are answers; any other is an error. */
  readonly expect: readonly number[]
  readonly signal?: AbortSignal | undefined
  /** Tries in all. Default: the policy's. */
  readonly attempts?: number
}

/** How a connection behaves. */
export interface ConnectionOptions {
  readonly host: string
  /** Tried in this order until one speaks HTTP. */
  readonly schemes: readonly ('https' | 'http')[]
  readonly fetch: Fetch
  readonly authenticator: Authenticator
  readonly retry: RetryPolicy
  readonly idleTimeoutMs: number
}

const TOKEN_ANSWER_MAX_BYTES = 1024 * 1024

/** The way to one registry. */
export class Connection {
  readonly #options: ConnectionOptions
  #origin: Promise<string> | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  get host(): string {
    return this.#options.host
  }

  get retry(): RetryPolicy {
    return this.#options.retry
  }

  /** Sends a request until there is an answer that lasts. @throws RegistryError for any status but those expected, and (status 0) where there is no answer */
  async call(call: Call): Promise<Answer> {
    const { retry } = this.#options
    const attempts = call.attempts ?? retry.attempts
    const what = `${call.method} ${call.what} at ${this.host}`
    for (let attempt = 1; ; attempt++) {
      call.signal?.throwIfAborted()
      let askedMs: number | undefined
      let failure: StrataError
      try {
        const answer = await this.#authorized(call, what)
        if (call.expect.includes(answer.status)) return answer
        failure = await errorOf(answer, what)
        if (!isPassing(answer.status)) throw failure
        askedMs = retryAfterMs(answer.header('retry-after'))
      } catch (error) {
        call.signal?.throwIfAborted()
        if (!isWorthAnother(error)) throw error
        failure = error
      }
      if (attempt >= attempts) throw failure
      await pause(delayMs(retry, attempt, askedMs), call.signal)
    }
  }

  /** `scheme://host:port` of the registry. Found out at the first request. */
  origin(signal: AbortSignal | undefined): Promise<string> {
    this.#origin ??= this.#findOrigin(signal).catch((error: unknown) => {
      this.#origin = undefined
      throw error
    })
    return this.#origin
  }

  /** Asks `/v2/` over each scheme in turn, and hears on the way what the registry wants to see. */
  async #findOrigin(signal: AbortSignal | undefined): Promise<string> {
    const { host, schemes, authenticator } = this.#options
    let failure: unknown
    for (const scheme of schemes) {
      const origin = `${scheme}://${host}`
      try {
        const answer = await this.#exchange(
          { method: 'GET', url: `${origin}/v2/`, what: '/v2/', scopes: [], expect: [], signal },
          `GET /v2/ at ${host}`,
          undefined,
        )
        await answer.discard()
        // What a TLS server says to those who do not speak it.
        if (failure !== undefined && answer.status === 400) continue
        if (answer.status === 401) await authenticator.challenged(answer.header('www-authenticate'), [], 0, signal)
        return origin
      } catch (error) {
        signal?.throwIfAborted()
        failure ??= error
      }
    }
    throw failure
  }

  /** One try, with whatever the registry wants to see. */
  async #authorized(call: Call, what: string): Promise<Answer> {
    const { authenticator } = this.#options
    const origin = await this.origin(call.signal)
    const url = new URL(call.url, origin).href
    let { scopes } = call
    for (let tries = 0; ; tries++) {
      const header = isSameOrigin(url, origin) ? await authenticator.header(origin, scopes, this.#ask(call.signal), call.signal) : undefined
      const answer = await this.#exchange({ ...call, url }, what, header)
      // Only the registry itself is answered: a 401 from where it sent us is none of its own (CVE-2020-15157).
      if (answer.status !== 401 || !isSameOrigin(answer.url, origin)) return answer
      const again = await authenticator.challenged(answer.header('www-authenticate'), scopes, tries, call.signal)
      if (again === undefined) return answer
      await answer.discard()
      scopes = again
    }
  }

  /** One request and the redirects of its answer. */
  async #exchange(call: Call, what: string, authorization: string | undefined): Promise<Answer> {
    const first = call.url
    let url = first
    for (let redirects = 0; ; redirects++) {
      const attempt = new Attempt(call.signal, this.#options.idleTimeoutMs)
      let response: FetchResponse
      try {
        response = await this.#send(call, url, isSameOrigin(url, first) ? authorization : undefined, attempt)
      } catch (error) {
        attempt.end()
        throw noAnswer(error, attempt.signal, what)
      }
      attempt.touch()
      const answer = answerOf(response, url, what, (chunks) => unbroken(attempt.watch(chunks), attempt.signal, what))
      if (!isRedirect(response.status, call.method)) return answer
      await answer.discard()
      if (redirects >= REDIRECTS_MAX) throw new RegistryError(`${what}: more than ${REDIRECTS_MAX} redirects`, response.status)
      url = follow(response.headers.get('location'), url, what, response.status)
    }
  }

  async #send(call: Call, url: string, authorization: string | undefined, attempt: Attempt): Promise<FetchResponse> {
    const { fetch } = this.#options
    const body = call.body?.(() => attempt.touch())
    const init = {
      method: call.method,
      headers: { ...call.headers, ...(authorization === undefined ? {} : { authorization }) },
      signal: attempt.signal,
      redirect: 'manual' as const,
      ...(body === undefined ? {} : { body }),
      ...(body === undefined || body instanceof Uint8Array ? {} : { duplex: 'half' as const }),
    }
    const response = await fetch(url, init)
    if (response.type !== 'opaqueredirect') return response
    // A browser shows no redirect; it follows by itself, and takes Authorization off on the way to another origin (Fetch, "HTTP-redirect fetch").
    return fetch(url, { ...init, redirect: 'follow' })
  }

  /** How the authenticator reaches a token server: no redirects, no credentials but those in the request. */
  #ask(signal: AbortSignal | undefined): Ask {
    return async ({ url, method, headers, body }) => {
      const { host } = new URL(url)
      const what = `token for ${this.host} at ${host}`
      for (let attempt = 1; ; attempt++) {
        const one = new Attempt(signal, this.#options.idleTimeoutMs)
        let status = 0
        let retryAfter: string | null = null
        try {
          const init = { method, headers, signal: one.signal, redirect: 'manual' as const, ...(body === undefined ? {} : { body }) }
          const response = await this.#options.fetch(url, init)
          status = response.status
          retryAfter = response.headers.get('retry-after')
          const bytes = await answerOf(response, url, what, (chunks) => unbroken(one.watch(chunks), one.signal, what)).bytes(
            TOKEN_ANSWER_MAX_BYTES,
          )
          if (!isPassing(status) || attempt >= this.retry.attempts) return { status, bytes }
        } catch (error) {
          one.end()
          signal?.throwIfAborted()
          const failure = noAnswer(error, one.signal, what)
          if (!isWorthAnother(failure) || attempt >= this.retry.attempts) throw failure
        }
        await pause(delayMs(this.retry, attempt, retryAfterMs(retryAfter)), signal)
      }
    }
  }
}
