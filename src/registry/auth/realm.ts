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
  const isNear = hostname === url.hostname || (isLoopback(hostname) && isLoopback(url.hostname))
  if (protocol !== 'http:' || !isNear) throw fail('would be asked by plain http')
  return url
}

/** Whether others can read what is sent to an address: plain http, but for this machine itself. */
export function isOverheard(address: URL | string): boolean {
  const { protocol, hostname } = new URL(address)
  return protocol === 'http:' && !isLoopback(hostname)
}

/** Whether credentials for the registry go to its token server: at the registry's own host and port; at the https port that has no number of the same host, of one below it or
 *  right above it; where everybody knows it to be (Docker Hub); or where the user says (`host`, or `host:port`). Never where others can read along. */
export function mayShowCredentials(server: URL, registry: string, trusted: readonly string[]): boolean {
  if (isOverheard(server) || isOverheard(registry)) return false
  const own = new URL(registry)
  if (server.host === own.host || trusted.includes(server.host)) return true
  // Another port may be another user's program; the one that goes without saying is that of whoever has the name.
  if (server.protocol !== 'https:' || server.port !== '') return false
  const [hostname, other] = [own.hostname, server.hostname]
  if (other === hostname || KNOWN[hostname]?.includes(other) === true) return true
  if (isAddress(hostname) || isAddress(other)) return false
  const above = hostname.slice(hostname.indexOf('.') + 1)
  // `gitlab.com` for `registry.gitlab.com`; but not a whole top-level domain.
  return other.endsWith(`.${hostname}`) || (hostname.includes('.') && other === above && above.includes('.'))
}

const isAddress = (hostname: string): boolean => hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
