// Who may use the test registry: everybody, who has a password, or who has a token for it. Source: RFC 7617; distribution's token specification.
import { randomUUID, timingSafeEqual } from 'node:crypto'
import { type Exchange, Refusal } from './exchange.js'

/** What the test registry wants to see. */
export interface RegistryAccess {
  readonly username: string
  readonly password: string
  /** Tokens from the registry's own `/token`, by user name and password, instead of these themselves. Default: false. */
  readonly useTokens?: boolean | undefined
  /** Seconds that a token lasts. Default: 300. */
  readonly tokenLifetimeS?: number | undefined
  /** Where it says that tokens are to be had. Default: its own `/token`. */
  readonly realm?: string | undefined
}

/** Checks requests, and gives tokens. */
export class Access {
  readonly #tokens = new Map<string, { readonly scopes: readonly string[]; readonly expiresAt: number }>()

  constructor(
    readonly options: RegistryAccess,
    readonly origin: () => string,
  ) {}

  /** Takes back every token given so far. */
  revoke(): void {
    this.#tokens.clear()
  }

  /** @throws Refusal 401 with the challenge */
  check(exchange: Exchange, scope: string): void {
    const { authorization = '' } = exchange.request.headers
    if (this.options.useTokens !== true) {
      if (!this.#isPassword(authorization)) throw refused({ 'www-authenticate': 'Basic realm="test registry"' })
      return
    }
    const token = this.#tokens.get(/^Bearer (\S+)$/.exec(authorization)?.[1] ?? '')
    const isGood = token !== undefined && token.expiresAt > Date.now() && allows(token.scopes, scope)
    if (!isGood) {
      const realm = this.options.realm ?? `${this.origin()}/token`
      const wanted = scope === '' ? '' : `,scope="${scope}"`
      throw refused({ 'www-authenticate': `Bearer realm="${realm}",service="test registry"${wanted}` })
    }
  }

  /** GET `/token`. */
  giveToken(exchange: Exchange): Promise<void> {
    if (!this.#isPassword(exchange.request.headers.authorization ?? '')) throw refused({ 'www-authenticate': 'Basic realm="tokens"' })
    const token = randomUUID()
    const lifetimeS = this.options.tokenLifetimeS ?? 300
    this.#tokens.set(token, { scopes: exchange.url.searchParams.getAll('scope'), expiresAt: Date.now() + lifetimeS * 1000 })
    const body = Buffer.from(JSON.stringify({ token, expires_in: lifetimeS }))
    return exchange.send(200, { 'content-type': 'application/json' }, body.length, once(body))
  }

  #isPassword(authorization: string): boolean {
    const [, encoded = ''] = /^Basic (\S+)$/.exec(authorization) ?? []
    const given = Buffer.from(encoded, 'base64')
    const expected = Buffer.from(`${this.options.username}:${this.options.password}`)
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
}

const refused = (headers: Record<string, string>) => new Refusal(401, 'UNAUTHORIZED', 'authentication required', headers)

/** Whether the scopes of a token allow all actions of a scope. */
function allows(scopes: readonly string[], wanted: string): boolean {
  if (wanted === '') return true
  const [resource, actions] = split(wanted)
  const allowed = scopes.map(split).flatMap(([other, some]) => (other === resource ? some : []))
  return actions.every((action) => allowed.includes(action))
}

function split(scope: string): readonly [string, readonly string[]] {
  const at = scope.lastIndexOf(':')
  return [scope.slice(0, at), scope.slice(at + 1).split(',')]
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
