// What no mount may show a sandbox: the store, the runtime directory of the supervisor, the host's /proc. Places are compared by what the kernel has
// mounted (device and directory of the file system) and by inode, so that neither a link nor a bind mount is another name for them.
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { encodePath, isWithin, UnsupportedError } from '../core/index.js'
import { type MountedAt, mountsBelow } from './mountinfo.js'

const O_PATH = 0o10000000

/** A directory of the host that sandboxes must not see. */
export interface HiddenPlace {
  /** Absolute, without links; it exists. */
  readonly path: string
  /** As errors name it: 'the store'. */
  readonly what: string
  /** What a user can do about it. */
  readonly remedy: string
}

/** Where a file is, whatever its name: a path in a file system. */
interface Location {
  readonly device: string
  readonly path: string
  readonly type: string
}

const join = (directory: string, rest: string): string => (rest === '' ? directory : `${directory === '/' ? '' : directory}${rest}`)

/** @throws what open(2) gives, as Node's error */
function locate(path: string, mounts: readonly MountedAt[]): Location {
  // No second name for a directory there but links, which the path is without.
  if (process.platform === 'win32') return { device: '', path, type: '' }
  const fd = openSync(Buffer.from(encodePath(path)), O_PATH)
  try {
    const id = Number(/^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1])
    const mount = mounts.find((one) => one.id === id)
    // Mounted since the list was read: then only the inodes tell.
    if (mount === undefined) return { device: '', path, type: '' }
    return { device: mount.device, path: join(mount.root, mount.point === '/' ? path : path.slice(mount.point.length)), type: mount.type }
  } finally {
    closeSync(fd)
  }
}

const shows = (tree: Location, place: Location): boolean =>
  tree.device !== '' && tree.device === place.device && isWithin(place.path, tree.path)

const identity = (path: string): string => {
  const { dev, ino } = statSync(Buffer.from(encodePath(path)), { bigint: true })
  return `${dev}:${ino}`
}

/** Of a path and every directory above it. */
function identities(path: string): string[] {
  const parent = dirname(path)
  return [identity(path), ...(parent === path ? [] : identities(parent))]
}

/** Checks the source of a mount: absolute, without links. What is mounted below it is shown too.
 *  @throws UnsupportedError `ERR_EXPOSED` when it would show, or lies in, a hidden place */
export function refuseExposure(source: string, of: string, hidden: readonly HiddenPlace[], mounts: readonly MountedAt[]): void {
  const own = locate(source, mounts)
  const trees = [own, ...mountsBelow(source, mounts).map(({ device, root, type }) => ({ device, path: root, type }))]
  if (trees.some(({ type }) => type === 'proc'))
    throw exposed(`${of}: ${source} shows the /proc of the host`, 'the sandbox has a /proc of its own: mount another directory')
  const above = identities(source)
  for (const { path, what, remedy } of hidden) {
    const place = locate(path, mounts)
    const liesIn = trees.some((tree) => shows(place, tree)) || above.includes(identity(path))
    if (liesIn) throw exposed(`${of}: ${source} lies in ${what}`, remedy)
    const isShown = trees.some((tree) => shows(tree, place)) || identities(path).includes(above[0] as string)
    if (isShown) throw exposed(`${of}: ${source} shows ${what} (${path})`, remedy)
  }
}

const exposed = (message: string, remedy: string): UnsupportedError => new UnsupportedError(message, { code: 'ERR_EXPOSED', remedy })
