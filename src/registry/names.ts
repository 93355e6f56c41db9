// What may stand in an address of the API: repository names, tags, digests. Source: distribution-spec "Pulling manifests".
import { isDigest } from '../core/index.js'

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const TAG = /^\w[\w.-]{0,127}$/

/** @throws TypeError unless it is a repository's name, such as `team/app` */
export function checkRepository(name: unknown): string {
  if (typeof name === 'string' && name.length <= 255 && NAME.test(name)) return name
  throw new TypeError(`not the name of a repository: ${JSON.stringify(name)?.slice(0, 300)}`)
}

/** @throws TypeError unless it is a tag or a sha256 digest */
export function checkTagOrDigest(reference: unknown): string {
  if (typeof reference === 'string' && (TAG.test(reference) || isDigest(reference))) return reference
  throw new TypeError(`neither a tag nor a digest: ${JSON.stringify(reference)?.slice(0, 300)}`)
}

/** The scope of a token for a repository, such as `repository:team/app:pull,push`. */
export const scopeOf = (repository: string, actions: 'pull' | 'pull,push' | 'pull,delete'): string => `repository:${repository}:${actions}`
