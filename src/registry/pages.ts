// Lists in pages: tags, repositories. Source: distribution-spec "Listing Tags"; distribution's "Listing Repositories"; RFC 8288 for the Link header.
import { RegistryError } from '../core/index.js'
import { asArray, asString, type JsonObject, parseJson, JsonObject as Reader } from '../oci/index.js'
import type { Connection } from './connection.js'
import { isSameOrigin } from './http/redirect.js'
import type { RegistryCallOptions } from './manifests.js'
import { checkRepository, scopeOf } from './names.js'

const PAGE_MAX_BYTES = 4 * 2 ** 20
const PAGES_MAX = 10_000

/** Options of lists. */
export interface ListOptions extends RegistryCallOptions {
  /** Most names in one answer. Default: the registry's. */
  readonly pageSize?: number | undefined
  /** Begin after this name. */
  readonly last?: string | undefined
}

/** The tags of a repository, in the registry's order. @throws RegistryError `NAME_UNKNOWN` */
export const listTags = (connection: Connection, repository: string, options: ListOptions): AsyncGenerator<string> =>
  listNames(
    connection,
    `/v2/${checkRepository(repository)}/tags/list`,
    'tags',
    `tags of ${repository}`,
    scopeOf(repository, 'pull'),
    options,
  )

/** The repositories of a registry. Many registries do not tell. */
export const listRepositories = (connection: Connection, options: ListOptions): AsyncGenerator<string> =>
  listNames(connection, '/v2/_catalog', 'repositories', 'catalog', 'registry:catalog:*', options)

async function* listNames(
  connection: Connection,
  path: string,
  field: string,
  what: string,
  scope: string,
  options: ListOptions,
): AsyncGenerator<string> {
  const query = new URLSearchParams()
  if (options.pageSize !== undefined) query.set('n', `${options.pageSize}`)
  if (options.last !== undefined) query.set('last', options.last)
  for await (const page of pages(connection, query.size > 0 ? `${path}?${query}` : path, what, scope, options))
    yield* page.optional(field, asArray(asString)) ?? []
}

/** The documents of a list, following `Link: <…>; rel="next"`. Never to another host, and not in circles. */
export async function* pages(
  connection: Connection,
  first: string,
  what: string,
  scope: string,
  options: RegistryCallOptions & { readonly missing?: true },
): AsyncGenerator<JsonObject> {
  let url: string | undefined = first
  const seen = new Set<string>()
  while (url !== undefined) {
    if (seen.has(url) || seen.size >= PAGES_MAX) throw new RegistryError(`${what} at ${connection.host}: the pages never end`, 200)
    seen.add(url)
    const expect = options.missing === true ? [200, 404] : [200]
    const answer = await connection.call({ method: 'GET', url, what, scopes: [scope], expect, signal: options.signal })
    if (answer.status === 404) {
      await answer.discard()
      return
    }
    yield new Reader(parseJson(await answer.bytes(PAGE_MAX_BYTES), what, PAGE_MAX_BYTES), '$')
    url = nextPage(answer.header('link'), answer.url)
    if (url !== undefined && !isSameOrigin(url, await connection.origin(options.signal)))
      throw new RegistryError(`${what} at ${connection.host}: the next page is on another host`, 200)
  }
}

/** The address of the next page; undefined where this is the last. */
export function nextPage(header: string | null, base: string): string | undefined {
  for (const [, target, parameters] of (header ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)/g)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next)(?=$|[\s;,])/i.test(parameters ?? '')) return new URL(target!, base).href
  }
  return undefined
}
