// What one registry gets to see: nothing, until it asks; then what its challenge and the user's credentials make of each scope.
import { RegistryError } from '../../core/index.js'
import { type AuthSource, basicHeader, checkAuth, type RegistryAuth } from './auth.js'
import { type Challenge, parseChallenges } from './challenge.js'
import { isOverheard, mayShowCredentials, tokenServer } from './realm.js'
import { type Ask, requestToken, type Token } from './token.js'

/** Credentials, challenge and tokens of one registry. */
export class Authenticator {
  readonly #source: AuthSource | undefined
  readonly #tokenHosts: readonly string[]
  readonly #tokens = new Map<string, Token>()
  #auth: Promise<RegistryAuth | undefined> | undefined
  #challenge: Challenge | undefined

  constructor(source: AuthSource | undefined, tokenHosts: readonly string[]) {
    this.#source = source
    this.#tokenHosts = tokenHosts
  }

  /** The Authorization header for a request with these scopes; undefined while the registry has not asked for any. */
  async header(registry: string, scopes: readonly string[], ask: Ask, signal: AbortSignal | undefined): Promise<string | undefined> {
    const challenge = this.#challenge
    if (challenge === undefined) return undefined
    const auth = await this.#credentials(signal)
    if (auth !== undefined && isOverheard(registry) && ('token' in auth || challenge.scheme === 'basic')) throw overheard(registry)
    if (auth !== undefined && 'token' in auth) return `Bearer ${auth.token}`
    if (challenge.scheme === 'basic') return auth !== undefined && 'username' in auth ? basicHeader(auth) : undefined
    return `Bearer ${(await this.#token(challenge, registry, scopes, auth, ask)).value}`
  }

  /** Learns from an answer with status 401. Returns the scopes to try again with; undefined: there is nothing more to show. */
  async challenged(
    header: string | null,
    scopes: readonly string[],
    tries: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly string[] | undefined> {
    const challenges = parseChallenges(header)
    const challenge = challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'basic')
    if (challenge === undefined || tries > 1) return undefined
    const isNew = this.#challenge?.scheme !== challenge.scheme || this.#challenge.parameters['realm'] !== challenge.parameters['realm']
    this.#challenge = challenge
    const auth = await this.#credentials(signal)
    if (auth !== undefined && 'token' in auth) return tries === 0 && isNew ? scopes : undefined
    if (challenge.scheme === 'basic') return tries === 0 && isNew && auth !== undefined ? scopes : undefined
    // A token that is refused has ended early, or is for less than what was wanted.
    const wider = [...new Set([...scopes, ...sameResources(challenge.parameters['scope'], scopes)])]
    this.#tokens.delete(keyOf(wider))
    return wider
  }

  async #token(
    challenge: Challenge,
    registry: string,
    scopes: readonly string[],
    auth: RegistryAuth | undefined,
    ask: Ask,
  ): Promise<Token> {
    const key = keyOf(scopes)
    const known = this.#tokens.get(key)
    if (known !== undefined && known.expiresAt > Date.now()) return known
    const server = tokenServer(challenge.parameters['realm'], registry)
    const isShown = auth !== undefined && mayShowCredentials(server, registry, this.#tokenHosts)
    try {
      const token = await requestToken({ server, service: challenge.parameters['service'], scopes, auth: isShown ? auth : undefined }, ask)
      this.#tokens.set(key, token)
      return token
    } catch (error) {
      if (auth === undefined || isShown || !(error instanceof RegistryError) || error.status !== 401) throw error
      if (isOverheard(registry)) throw overheard(registry)
      const { host } = new URL(registry)
      throw new RegistryError(
        `${host} sends for tokens to ${server.host}, which is not shown the credentials for ${host}`,
        401,
        error.codes,
        {
          remedy: `if that is its token server, name it: tokenHosts: ['${server.host}']`,
          cause: error,
        },
      )
    }
  }

  #credentials(signal: AbortSignal | undefined): Promise<RegistryAuth | undefined> {
    const source = this.#source
    this.#auth ??= (async () => {
      const auth = typeof source === 'function' ? await source(signal) : source
      return auth === undefined ? undefined : checkAuth(auth, 'auth')
    })().catch((error: unknown) => {
      this.#auth = undefined
      throw error
    })
    return this.#auth
  }
}

const overheard = (registry: string) =>
  new RegistryError(`${new URL(registry).host} is reached by plain http, so it is not shown the credentials`, 401, ['UNAUTHORIZED'], {
    remedy: 'let it speak TLS (with an authority of your own, see `ca`), or pull without credentials',
  })

const keyOf = (scopes: readonly string[]): string => [...scopes].sort().join(' ')

/** The scopes of a challenge that are about what was asked for; others would only make a token that can do more. */
function sameResources(scope: string | undefined, scopes: readonly string[]): readonly string[] {
  const resource = (text: string) => text.slice(0, text.lastIndexOf(':'))
  const wanted = new Set(scopes.map(resource))
  return (scope ?? '').split(' ').filter((each) => wanted.has(resource(each)))
}
