// Bearer tokens from a token server. Source: distribution's "Token Authentication Specification" (GET) and "Oauth2 Token Authentication" (POST, for identity tokens).
import { FormatError, RegistryError } from '../../core/index.js'
import { asInteger, asString, JsonObject, parseJson } from '../../oci/index.js'
import { basicHeader, type RegistryAuth } from './auth.js'

/** A token and how long it holds. */
export interface Token {
  readonly value: string
  /** On the clock of `Date.now()`. */
  readonly expiresAt: number
}

/** What a token is asked for. */
export interface TokenRequest {
  readonly server: URL
  readonly service: string | undefined
  readonly scopes: readonly string[]
  /** What may be shown to this server; undefined: ask as nobody. */
  readonly auth: RegistryAuth | undefined
}

/** Sends one request and gives the bounded answer; the connection does it. */
export type Ask = (request: {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Record<string, string>
  readonly body?: Uint8Array<ArrayBuffer>
}) => Promise<{ readonly status: number; readonly bytes: Uint8Array }>

const CLIENT_ID = 'stratabox'
const ANSWER_MAX_BYTES = 1024 * 1024
/** The specification's, where the answer names none. */
const LIFETIME_S = 60
/** Off the end of every lifetime: clocks differ, and requests take time. */
const MARGIN_MS = 5000

/** Asks for a token. @throws RegistryError 401 where the server gives none */
export async function requestToken(request: TokenRequest, ask: Ask): Promise<Token> {
  const { auth } = request
  const { status, bytes } = await ask(auth !== undefined && 'identityToken' in auth ? byPost(request, auth.identityToken) : byGet(request))
  if (status !== 200) {
    const who = auth === undefined ? 'without credentials' : 'to these credentials'
    throw new RegistryError(`the token server ${request.server.host} gives no token ${who} (status ${status})`, 401, ['UNAUTHORIZED'], {
      remedy: auth === undefined ? 'pass auth, or log in with docker, podman or skopeo' : 'check user name and password, or log in again',
    })
  }
  return decodeToken(bytes, request.server.host)
}

function byGet({ server, service, scopes, auth }: TokenRequest): Parameters<Ask>[0] {
  const url = new URL(server)
  if (service !== undefined) url.searchParams.set('service', service)
  for (const scope of scopes) url.searchParams.append('scope', scope)
  const hasPassword = auth !== undefined && 'username' in auth
  if (hasPassword) url.searchParams.set('account', auth.username)
  return { url: url.href, method: 'GET', headers: hasPassword ? { authorization: basicHeader(auth) } : {} }
}

function byPost({ server, service, scopes }: TokenRequest, identityToken: string): Parameters<Ask>[0] {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: identityToken, client_id: CLIENT_ID })
  if (service !== undefined) form.set('service', service)
  if (scopes.length > 0) form.set('scope', scopes.join(' '))
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return { url: server.href, method: 'POST', headers, body: new TextEncoder().encode(form.toString()) }
}

function decodeToken(bytes: Uint8Array, host: string): Token {
  try {
    const object = new JsonObject(parseJson(bytes, 'token', ANSWER_MAX_BYTES), '$')
    const value = object.optional('token', asString) ?? object.required('access_token', asString)
    const lifetimeS = object.optional('expires_in', asInteger) ?? LIFETIME_S
    // It becomes a header: no line breaks, nothing but what a header holds.
    if (!/^[\x21-\x7e]+$/.test(value)) throw new FormatError('is no token', { jsonPath: '$.token' })
    return { value, expiresAt: Date.now() + Math.max(0, lifetimeS * 1000 - MARGIN_MS) }
  } catch {
    // Not as the cause: what a JSON parser says quotes the text, and the text is a secret.
    throw new RegistryError(`the token server ${host} gives no token that can be read`, 401, ['UNAUTHORIZED'])
  }
}
