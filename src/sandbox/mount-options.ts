// The option `mounts`, checked: paths inside, kinds, names of caches.
import { integerOption, optionsObject, rejectUnknown, stringOption } from '../core/index.js'
import type { BaseSandboxOptions, Mount } from './types.js'

const SECRET_MAX_BYTES = 2 ** 20
// A file name of its own in the store, and none that is hidden or leads elsewhere.
const CACHE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')

/** A path inside as mounts are known by: one slash between its parts, none at the end. */
export const normalMountPath = (path: string): string => `/${partsOf(path).join('/')}`

/** The path in its normal form. */
function checkMountPath(path: string, of: string): string {
  if (!path.startsWith('/') || path.includes('\0')) throw new TypeError(`${of}: the path inside must be absolute`)
  const parts = partsOf(path)
  if (parts.includes('..')) throw new TypeError(`${of}: the path inside must not hold '..'`)
  if (parts.length === 0) throw new TypeError(`${of}: nothing can be mounted over '/'; use root`)
  const inside = normalMountPath(path)
  if (parts[0] === 'proc' || ['/dev', '/dev/pts'].includes(inside))
    throw new TypeError(`${of}: /proc, /dev and /dev/pts are the sandbox's own, and nothing can be mounted over them`)
  return inside
}

function checkMount(path: string, mount: Mount): readonly [string, Mount] {
  const of = `mounts[${JSON.stringify(path)}]`
  const inside = checkMountPath(path, of)
  if (typeof mount !== 'object' || mount === null) throw new TypeError(`${of} must be an object`)
  if ('source' in mount) {
    rejectUnknown(mount, ['source', 'access'], of)
    if (stringOption(mount.source, `${of}.source`) === undefined || mount.source === '')
      throw new TypeError(`${of}.source must be a path on the host`)
    if (!['read', 'copy', 'write', undefined].includes(mount.access))
      throw new TypeError(`${of}.access must be one of 'read', 'copy', 'write', not ${JSON.stringify(mount.access)}`)
  } else if ('tmpfs' in mount) {
    rejectUnknown(mount, ['tmpfs', 'sizeMaxBytes'], of)
    if (mount.tmpfs !== true) throw new TypeError(`${of}.tmpfs must be true`)
    integerOption(mount.sizeMaxBytes, `${of}.sizeMaxBytes`, 4096)
  } else if ('secret' in mount) {
    rejectUnknown(mount, ['secret'], of)
    if (typeof mount.secret !== 'string' && !(mount.secret instanceof Uint8Array))
      throw new TypeError(`${of}.secret must be a string or bytes`)
    if (mount.secret.length > SECRET_MAX_BYTES) throw new RangeError(`${of}.secret must be at most 1 MiB`)
  } else if ('cache' in mount) {
    rejectUnknown(mount, ['cache'], of)
    if (typeof mount.cache !== 'string' || !CACHE_NAME.test(mount.cache))
      throw new TypeError(
        `${of}.cache must be a name of letters, digits, '.', '_' and '-', at most 128, that begins with a letter or digit`,
      )
  } else throw new TypeError(`${of} must have source, tmpfs, cache or secret`)
  return [inside, mount]
}

/** What is to be mounted: each path inside in its normal form, and none twice. @throws TypeError | RangeError that names the mount */
export function checkMounts(mounts: BaseSandboxOptions['mounts']): (readonly [string, Mount])[] {
  const checked = Object.entries(optionsObject(mounts, 'mounts')).map(([path, mount]) => checkMount(path, mount))
  const twice = checked.find(([path], k) => checked.findIndex(([other]) => other === path) !== k)
  if (twice !== undefined) throw new TypeError(`mounts: two are at ${JSON.stringify(twice[0])}`)
  return checked
}
