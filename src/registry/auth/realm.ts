// Which token server may see the credentials for a registry. A registry names its token server itself, so what it names is not simply believed:
// CVE-2019-10214 and CVE-2026-33540 are about clients that did.
import { RegistryError } from '../../core/index.js'
import { isLoopback } from '../origin.js'

/** Token servers on hosts of their own that everybody knows. */
const KNOWN: Readonly<Record<string, readonly string[]>> = { 'registry-1.docker.io': ['auth.docker.io'] }

/** The address of a token server. @throws RegistryError for one that is none, or is reached by plain http although the registry is not (or is elsewhere) */
export function tokenServer(realm: string | undefined, registry: string): URL {
  const fail = (why: string) => new RegistryError(`the token server that ${new URL(registry).host} names ${why}`, 401, ['UNAUTHORIZED'])
  let url: URL
  try {
    url = new URL(realm ?? '')
  } catch {
    throw fail('is no address')
  }
  if (url.username !== '' || url.password !== '') throw fail('has a user name in its address')
  if (url.protocol === 'https:') return url
  if (url.protocol !== 'http:') throw fail(`is at ${url.protocol}`)
  const { protocol, hostname } = new URL(registry)
  if (protocol !== 'http:' || (hostname !== url.hostname && !isLoopback(url.hostname))) throw fail('would be asked by plain http')
  return url
}

/** Whether credentials for the registry go to its token server: on the same host, on a host below or right above the registry's, where everybody knows
 *  it to be (Docker Hub), or where the user says. */
export function mayShowCredentials(server: URL, registry: string, trusted: readonly string[]): boolean {
  const { hostname } = new URL(registry)
  const other = server.hostname
  if (other === hostname || trusted.includes(other) || trusted.includes(server.host)) return true
  if (KNOWN[hostname]?.includes(other) === true) return true
  if (isAddress(hostname) || isAddress(other)) return false
  const above = hostname.slice(hostname.indexOf('.') + 1)
  // `gitlab.com` for `registry.gitlab.com`; but not a whole top-level domain.
  return other.endsWith(`.${hostname}`) || (hostname.includes('.') && other === above && above.includes('.'))
}

const isAddress = (hostname: string): boolean => hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
