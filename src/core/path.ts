// Paths inside an image: absolute, '/'-separated, without '.', '..' or empty parts; the root is '/'.
import { FormatError } from './errors.js'

/** `path` (absolute or relative to the root) in normal form, `..` clamped at the root. @throws TypeError for NUL or an empty string */
export function imagePath(path: string): string {
  if (path === '' || path.includes('\0')) throw new TypeError(`not a path: ${JSON.stringify(path)}`)
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** The name of an archive member in normal form. @throws FormatError for `..` (nothing honest writes it) and NUL */
export function memberPath(name: string, offset?: number): string {
  const at = offset === undefined ? {} : { offset }
  if (name.includes('\0')) throw new FormatError('a name holds NUL', at)
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw new FormatError(`a name leads out of the root: ${JSON.stringify(name.slice(0, 200))}`, at)
  return `/${parts.join('/')}`
}

/** The directory a path is in; the root's is the root. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

/** The last part of a path; the root's is ''. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** `name` in directory `directory`. */
export const joinPath = (directory: string, name: string): string => (directory === '/' ? `/${name}` : `${directory}/${name}`)

/** Whether `path` is `directory` or lies below it. */
export const isWithin = (path: string, directory: string): boolean =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`)
