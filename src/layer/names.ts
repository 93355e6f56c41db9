// Names of members and what the `.wh.` ones mean. Sources: image-spec layer.md "Whiteouts"; aufs(5) for the leftovers.
import { baseName, encodePath, FormatError, memberPath, parentPath } from '../core/index.js'
import type { OpaqueEntry, WhiteoutEntry } from './entry.js'

/** What a whiteout's name begins with. */
export const WHITEOUT_PREFIX = '.wh.'
/** The name that makes its directory opaque. */
export const OPAQUE_NAME = '.wh..wh..opq'

const AUFS_PREFIX = '.wh..wh.'
/** PATH_MAX of Linux, its NUL aside. */
const PATH_BYTES_MAX = 4095

/** The image path of a member. @throws FormatError for `..`, NUL, and more than 4,095 bytes */
export function memberName(name: string, offset: number): string {
  const path = memberPath(name, offset)
  if (path.length > PATH_BYTES_MAX / 4 && encodePath(path).length > PATH_BYTES_MAX) {
    throw new FormatError(`a path of more than ${PATH_BYTES_MAX} bytes`, { offset })
  }
  return path
}

/** The whiteout or opaque marker that a path stands for, `leftover` for what AUFS kept there for itself, undefined for an ordinary path.
 *  @throws FormatError for whiteouts of `.`, `..` and nothing, and for what lies below a whiteout */
export function markerOf(path: string, offset: number): WhiteoutEntry | OpaqueEntry | 'leftover' | undefined {
  if (!path.includes(`/${WHITEOUT_PREFIX}`)) return undefined
  const parts = path.split('/')
  if (parts.some((part, index) => part.startsWith(AUFS_PREFIX) && !(part === OPAQUE_NAME && index === parts.length - 1))) return 'leftover'
  const base = baseName(path)
  const directory = parentPath(path)
  if (parts.slice(0, -1).some((part) => part.startsWith(WHITEOUT_PREFIX))) throw new FormatError('an entry below a whiteout', { offset })
  if (base === OPAQUE_NAME) return { type: 'opaque', path: directory }
  const hidden = base.slice(WHITEOUT_PREFIX.length)
  if (hidden === '' || hidden === '.' || hidden === '..') throw new FormatError(`a whiteout of ${JSON.stringify(hidden)}`, { offset })
  return { type: 'whiteout', path: directory === '/' ? `/${hidden}` : `${directory}/${hidden}` }
}

/** The image path that a hard link names. @throws FormatError for one that leads out, is the link itself, or names no file a layer can hold */
export function linkTarget(linkName: string, path: string, offset: number): string {
  if (linkName === '') throw new FormatError('a hard link without a target', { offset })
  const target = memberName(linkName, offset)
  if (target === path || target === '/' || markerOf(target, offset) !== undefined) {
    throw new FormatError(`a hard link to ${JSON.stringify(target.slice(0, 200))}`, { offset })
  }
  return target
}
