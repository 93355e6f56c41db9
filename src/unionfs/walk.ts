// From a path to an inode, as Linux walks: path_resolution(7), fs/namei.c. Cost depends on the parts of the path alone: layers were merged before.
import { decodePath, encodePath } from '../core/index.js'
import { demand, EXECUTE } from './access.js'
import { type Call, fail } from './fail.js'
import { type Dentry, type DirectoryInode, type Inode, parentOf } from './inode.js'
import type { Volume } from './volume.js'

/** NAME_MAX of every Linux file system that matters. In bytes. */
const NAME_MAX = 255
/** PATH_MAX counts the final NUL. In bytes. */
const PATH_MAX = 4096
/** MAXSYMLINKS of the kernel: the 41st link in one walk fails. */
const SYMLINKS_MAX = 40

/** Where a walk ended. */
export interface Spot {
  readonly directory: DirectoryInode
  /** The last part; '' for the root, and for a path of slashes. */
  readonly name: string
  /** `dots`: the last part is `.`, `..` or nothing, so that it names no entry of a directory. */
  readonly last: 'name' | 'dots'
  /** What is there now. */
  readonly inode: Inode | undefined
  /** undefined for dots. */
  readonly dentry: Dentry | undefined
  /** Whether something after the last part (a slash, or a link's) demands a directory. */
  readonly slash: boolean
  /** Whether the last part is longer than a name can be. Only `later` lets such a spot out. */
  readonly tooLong: boolean
}

/** How the last part is treated when it is a symbolic link. A slash after it follows too, but for `parent`, which is what mkdir and unlink do; and for
 *  `later`, which does not complain of the last name yet: rename walks both parents before it looks at either name. `create` is `always`, but never
 *  where a slash follows the last part: open(2) with O_CREAT. */
export type Follow = 'always' | 'slash' | 'parent' | 'later' | 'create'

/** Walks `path`; the last part need not exist. @throws FsError ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EACCES; TypeError for what is no path */
export function walk(volume: Volume, path: string, follow: Follow, call: Call): Spot {
  let rest = checkedPath(path, call)
  let directory = volume.tree.root
  let links = 0
  for (;;) {
    if (rest.startsWith('/')) directory = volume.tree.root
    const step = nextStep(directory, rest, volume, call)
    directory = step.directory
    const { spot, after } = step
    if (follow === 'create' && spot.last === 'name' && spot.slash && after === '') throw fail('EISDIR', call)
    if (spot.tooLong && follow !== 'later') throw fail('ENAMETOOLONG', call)
    const link = spot.inode
    const follows =
      link?.type === 'symlink' && (after !== '' || follow === 'always' || follow === 'create' || (follow === 'slash' && spot.slash))
    if (!follows || link?.type !== 'symlink') return spot
    if (++links > SYMLINKS_MAX) throw fail('ELOOP', call)
    if (byteLength(link.target) >= PATH_MAX) throw fail('ENAMETOOLONG', call)
    // A link to nothing stays where it is: a "pure jump" of the kernel.
    rest = `${link.target === '' ? '.' : link.target}${after !== '' ? `/${after}` : spot.slash ? '/' : ''}`
  }
}

/** Walks to the last part, or to the first symbolic link on the way (`after` is what follows it). */
function nextStep(
  directory: DirectoryInode,
  rest: string,
  volume: Volume,
  call: Call,
): { directory: DirectoryInode; spot: Spot; after: string } {
  for (let at = 0; ; ) {
    while (rest[at] === '/') at++
    const slash = rest.indexOf('/', at)
    const name = slash < 0 ? rest.slice(at) : rest.slice(at, slash)
    let end = slash < 0 ? rest.length : slash
    while (rest[end] === '/') end++
    const final = end === rest.length
    demand(volume, directory, EXECUTE, call)
    if (name === '' || name === '.' || name === '..') {
      if (name === '..') directory = parentOf(directory)
      if (final)
        return {
          directory,
          spot: { directory, name, last: 'dots', inode: directory, dentry: undefined, slash: true, tooLong: false },
          after: '',
        }
    } else {
      const spot = lookUp(directory, name, slash >= 0)
      const { inode } = spot
      if (final) return { directory, spot, after: '' }
      if (inode === undefined) throw fail(spot.tooLong ? 'ENAMETOOLONG' : 'ENOENT', call)
      if (inode.type === 'symlink') return { directory, spot, after: rest.slice(end) }
      if (inode.type !== 'directory') throw fail('ENOTDIR', call)
      directory = inode
    }
    at = end
  }
}

function lookUp(directory: DirectoryInode, given: string, slash: boolean): Spot {
  const name = canonical(given)
  const tooLong = byteLength(name) > NAME_MAX
  const dentry = tooLong ? undefined : directory.children.get(name)
  return { directory, name, last: 'name', inode: dentry?.inode, dentry, slash, tooLong }
}

/** The one spelling of a name: lone surrogates may spell bytes that are UTF-8 after all. */
const canonical = (name: string): string => (/[\ud800-\udfff]/.test(name) ? decodePath(encodePath(name)) : name)

function byteLength(text: string): number {
  return text.length * 3 <= NAME_MAX ? text.length : encodePath(text).length
}

function checkedPath(path: string, call: Call): string {
  if (typeof path !== 'string') throw new TypeError(`${call.syscall}: a path must be a string, not ${typeof path}`)
  if (path.includes('\0')) throw new TypeError(`${call.syscall}: a path must not hold NUL: ${JSON.stringify(path)}`)
  if (path === '') throw fail('ENOENT', call)
  if (byteLength(path) >= PATH_MAX) throw fail('ENAMETOOLONG', call)
  return path
}

/** What is at `path`. @throws FsError ENOENT, and ENOTDIR where a slash follows what is no directory */
export function find(volume: Volume, path: string, follow: boolean, call: Call): Inode {
  return existing(walk(volume, path, follow ? 'always' : 'slash', call), call)
}

/** The inode of a spot. @throws FsError ENOENT, ENOTDIR */
export function existing(spot: Spot, call: Call): Inode {
  if (spot.inode === undefined) throw fail('ENOENT', call)
  if (spot.slash && spot.inode.type !== 'directory') throw fail('ENOTDIR', call)
  return spot.inode
}
