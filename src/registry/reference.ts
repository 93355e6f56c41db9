// Image references: `host:port/path/name:tag@digest`. Source: the grammar of distribution/reference; defaults as Docker has them.
import { type Digest, FormatError, parseDigest } from '../core/index.js'

/** A reference with every default filled in but the tag. */
export interface Reference {
  /** Host, with its port if one was given: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string
  /** `library/alpine`. */
  readonly repository: string
  readonly tag?: string
  readonly digest?: Digest
}

const DEFAULT_REGISTRY = 'docker.io'
const NAME_CHARS_MAX = 255

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^\w[\w.-]{0,127}$/
const HOST =
  /^(?:(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/
const BARE_DIGEST = /^[a-f0-9]{64}$/

/** Reads a reference. Without a host it is on `docker.io`, and there a name of one part lies below `library/`. A tag is not made up: see `withDefaultTag`.
 *  @throws FormatError that says which part is wrong */
export function parseReference(text: string): Reference {
  if (typeof text !== 'string') throw new TypeError(`a reference must be a string, not ${typeof text}`)
  const fail = (what: string) => new FormatError(`${what} in the reference ${JSON.stringify(text.slice(0, 300))}`)
  const at = text.indexOf('@')
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1))
  const named = at < 0 ? text : text.slice(0, at)
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1)
  const tag = colon < 0 ? undefined : named.slice(colon + 1)
  if (tag !== undefined && !TAG.test(tag)) throw fail('a malformed tag')
  const name = colon < 0 ? named : named.slice(0, colon)
  if (BARE_DIGEST.test(name)) throw fail('64 hexadecimal digits, which could be an image ID, as the name')
  const { registry, path } = splitHost(name)
  if (!HOST.test(registry)) throw fail('a malformed host')
  const repository = registry === DEFAULT_REGISTRY && !path.includes('/') ? `library/${path}` : path
  if (path === '' || !path.split('/').every((part) => COMPONENT.test(part))) {
    throw fail(path !== path.toLowerCase() ? 'an upper-case letter' : 'a malformed name')
  }
  if (`${registry}/${repository}`.length > NAME_CHARS_MAX) throw fail(`a name of more than ${NAME_CHARS_MAX} characters`)
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}

const isHost = (first: string): boolean => first !== '' && (/[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase())

// The first part is a host when it could not be a path component: it has a dot, a port or an upper-case letter, or is 'localhost'.
function splitHost(name: string): { readonly registry: string; readonly path: string } {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  if (!isHost(first)) return { registry: DEFAULT_REGISTRY, path: name }
  return { registry: first === 'index.docker.io' ? DEFAULT_REGISTRY : first, path: name.slice(slash + 1) }
}

/** Whether a reference says which registry it is on. One that does not (`app:1`, `team/app`) is on Docker Hub only by convention: here it is a local tag. */
export function namesRegistry(text: string): boolean {
  parseReference(text)
  const first = text.slice(0, Math.max(0, text.indexOf('/')))
  return isHost(first)
}

/** The reference in full: `docker.io/library/alpine:3`. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/** The reference with the tag `latest` where it has neither tag nor digest. */
export const withDefaultTag = (reference: Reference): Reference =>
  reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference

/** The reference as people write it: without `docker.io/` and `library/`, unless what is left would be read as another. */
export function familiarReference(reference: Reference): string {
  const full = formatReference(reference)
  if (reference.registry !== DEFAULT_REGISTRY) return full
  const isOfficial = reference.repository.startsWith('library/') && !reference.repository.slice('library/'.length).includes('/')
  const short = full.slice((isOfficial ? `${DEFAULT_REGISTRY}/library/` : `${DEFAULT_REGISTRY}/`).length)
  return splitHost(short).registry === DEFAULT_REGISTRY ? short : full
}
