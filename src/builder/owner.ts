// Whose a file becomes: ids, or names that the image itself explains (passwd(5), group(5) of the tree so far).
import { resolveUser } from '../oci/index.js'

/** Owner of what a step makes. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** An owner that may still have to be looked up: `user`, `user:group`, with a number in one of the places. */
export type OwnerSpec = Owner | { readonly names: string }

/** The ids. `read` gives a file of the image as text, '' where there is none. A user without a group has that of its entry.
 *  @throws StrataError `ERR_UNKNOWN_USER`, `ERR_UNKNOWN_GROUP` @throws FormatError for files of more than 1 MiB and for what is no file */
export async function resolveOwner(spec: OwnerSpec, read: (path: string) => Promise<string>): Promise<Owner> {
  if ('uid' in spec) return spec
  const { uid, gid } = resolveUser(spec.names, await read('/etc/passwd'), await read('/etc/group'))
  return { uid, gid }
}
