// Where a request goes next. Source: RFC 9110 "Redirection 3xx"; distribution-spec "API"; CVE-2019-10214, CVE-2020-15157 for what must not go along.
import { RegistryError } from '../../core/index.js'

/** Most redirects of one request. */
export const REDIRECTS_MAX = 10

/** Whether the answer sends a request of that method elsewhere. 303 turns anything into GET, so only GET and HEAD follow it. */
export function isRedirect(status: number, method: string): boolean {
  if (status === 307 || status === 308) return true
  return (method === 'GET' || method === 'HEAD') && (status === 301 || status === 302 || status === 303)
}

/** A `Location` as an absolute address. @throws RegistryError where it is missing, not http(s), names a user, or leads from https to http */
export function follow(location: string | null, from: string, what: string, status: number): string {
  const fail = (why: string) => new RegistryError(`${what}: ${why}`, status)
  if (location === null) throw fail('the answer has no Location')
  let target: URL
  try {
    target = new URL(location, from)
  } catch {
    throw fail('the Location of the answer is no address')
  }
  if (target.protocol !== 'https:' && target.protocol !== 'http:') throw fail(`refuses to go to ${target.protocol}`)
  if (target.protocol === 'http:' && new URL(from).protocol === 'https:') throw fail(`refuses to go from https to http://${target.host}`)
  if (target.username !== '' || target.password !== '') throw fail('refuses a Location with a user name in it')
  return target.href
}

/** Whether two addresses have scheme, host and port in common: only then do credentials go along. */
export const isSameOrigin = (a: string, b: string): boolean => new URL(a).origin === new URL(b).origin
