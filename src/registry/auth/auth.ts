// What a user has to show to a registry.

/** User name and password (or an access token in the place of one); a bearer token that the registry takes as it is; or an identity token, which the
 *  registry's token server exchanges (OAuth 2 refresh token: what `docker login` leaves with some registries). */
export type RegistryAuth =
  | { readonly username: string; readonly password: string }
  | { readonly token: string }
  | { readonly identityToken: string }

/** Where credentials come from: asked once, when a registry first wants some. undefined: there are none. */
export type AuthSource = RegistryAuth | ((signal: AbortSignal | undefined) => Promise<RegistryAuth | undefined>)

/** `Basic …` of RFC 7617, in UTF-8. */
export function basicHeader({ username, password }: { readonly username: string; readonly password: string }): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`)
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`
}

/** @throws TypeError for what is none of the three forms, without saying what was given */
export function checkAuth(auth: unknown, of: string): RegistryAuth {
  if (typeof auth === 'object' && auth !== null) {
    const { username, password, token, identityToken } = auth as Record<string, unknown>
    const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
    if (isText(username) && typeof password === 'string' && !username.includes(':')) return { username, password }
    if (isText(token)) return { token }
    if (isText(identityToken)) return { identityToken }
  }
  throw new TypeError(`${of} must be { username, password }, { token } or { identityToken }`)
}
