// root: 'host': the operating system's own directories as read-only lowers, one overlay each. Nothing of the user is shown: not /home, /root, /var,
// /run, /tmp, /srv, /mnt, /media, nor the secrets in /etc.
import { existsSync, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import { OP, type Step, step } from '../native/index.js'
import type { Lowers } from './image-root.js'
import { ATTR, HOW, type OverlayTree, openTree, overlay, type RootPlan, SLOT, type TreeSource } from './plan.js'
import { type MountPoint, pointSteps } from './skeleton.js'

const EXPOSED = /^(usr|bin|sbin|lib[a-z0-9]*|etc|opt)$/
/** What a root inside gets to see as empty directories. */
const EMPTY: readonly (readonly [name: string, mode: number])[] = [
  ['proc', 0o555],
  ['dev', 0o755],
  ['tmp', 0o1777],
  ['root', 0o700],
  ['home', 0o755],
  ['run', 0o755],
  ['sys', 0o555],
  ['var', 0o755],
  ['var/tmp', 0o1777],
  ['var/lib', 0o755],
  ['var/log', 0o755],
  ['var/cache', 0o755],
]

/** Names below /etc that are secret on any distribution, as far as they exist. */
export function etcSecrets(etc = '/etc'): string[] {
  const known = [
    'shadow',
    'shadow-',
    'gshadow',
    'gshadow-',
    'sudoers',
    'sudoers.d',
    'ssl/private',
    'pki/tls/private',
    'krb5.keytab',
    'crypttab',
    'machine-id',
    'security/opasswd',
    'ppp/chap-secrets',
    'ppp/pap-secrets',
    'NetworkManager/system-connections',
    'wpa_supplicant',
    'wireguard',
    'docker/key.json',
    'kubernetes',
  ]
  const keys = existsSync(`${etc}/ssh`)
    ? readdirSync(`${etc}/ssh`)
        .filter((name) => /^ssh_host_.*_key$/.test(name))
        .map((name) => `ssh/${name}`)
    : []
  return [...known, ...keys].filter((name) => lstatSync(`${etc}/${name}`, { throwIfNoEntry: false }) !== undefined)
}

interface HostEntry {
  readonly name: string
  readonly stat: Stats
}

const entries = (): HostEntry[] =>
  readdirSync('/')
    .filter((name) => EXPOSED.test(name))
    .sort()
    .map((name) => ({ name, stat: lstatSync(`/${name}`) }))

const topOf = ({ path }: MountPoint): string => path.split('/')[1] as string

/** The mount points below /`name`, by their paths in there. */
const pointsIn = (name: string, points: readonly MountPoint[]): MountPoint[] =>
  points.filter((point) => topOf(point) === name).map(({ path, kind }) => ({ path: path.slice(name.length + 1), kind }))

/** The skeleton that the overlays are mounted in: empty directories, the links of a merged /usr, and what else will be mounted on. */
function skeleton(found: readonly HostEntry[], mountPoints: readonly MountPoint[]): Step[] {
  const parts = found.map(({ name, stat }) =>
    stat.isSymbolicLink() ? step(OP.symlink, [], readlinkSync(`/${name}`), `k/${name}`) : step(OP.mkdir, [stat.mode & 0o7777], `k/${name}`),
  )
  // Not below the links: before the pivot an absolute one leads to the host's own files.
  const outside = mountPoints.filter((point) => ![...found.map(({ name }) => name), 'proc', 'dev', 'tmp'].includes(topOf(point)))
  const empty = EMPTY.map(([name, mode]) => step(OP.mkdir, [mode], `k/${name}`))
  return [step(OP.mkdir, [0o755], 'k'), ...parts, ...empty, ...pointSteps('k', outside)]
}

/** What a host root is made of. */
export interface HostRootParts {
  readonly source: TreeSource
  /** A private copy of /etc, the sandbox user's own on disk, used where the live one cannot be an overlay's lower. */
  readonly etcCopy: string | undefined
  readonly snapshots: readonly string[]
  /** Layers of an image whose base is the host: they lie on the host's own files. */
  readonly layers: Lowers | undefined
  /** Paths inside that something will be mounted on. */
  readonly mountPoints: readonly MountPoint[]
}

/** The layers that have `directory`, topmost first, as overlay lowers relative to the scratch directory, and as host paths, lowest first. */
function layersWith(directory: string, layers: Lowers | undefined): { names: string[]; paths: string[] } {
  const having = (layers?.names ?? []).filter(
    (name) => lstatSync(`${layers?.root}/${name}/${directory}`, { throwIfNoEntry: false })?.isDirectory() === true,
  )
  const below = directory === '' ? '' : `/${directory}`
  return { names: having.map((name) => `L/${name}${below}`).reverse(), paths: having.map((name) => `${layers?.root}/${name}${below}`) }
}

/** The plan for the host's own system, perhaps with an image's layers on it. */
export function hostRoot({ source, etcCopy, snapshots, layers, mountPoints }: HostRootParts): RootPlan {
  const found = entries()
  const directories = found.filter(({ stat }) => stat.isDirectory())
  const prepare: Step[] = []
  const build: Step[] = [...skeleton(found, mountPoints), step(OP.mkdir, [0o755], 'root')]
  if (layers !== undefined && layers.names.length > 0) {
    const tree = openTree(source, SLOT.layers, layers.root, { how: 0 })
    prepare.push(...tree.prepare)
    build.push(...tree.build, step(OP.mkdir, [0o755], 'L'), step(OP.attach, [SLOT.layers, 2], 'L'))
  }
  const top = layersWith('', layers)
  build.push(...overlay('root', [...top.names, 'k'], { name: '0', mode: 0o755, scratch: '', snapshots: snapshots.length }))
  const trees: OverlayTree[] = [{ path: '/', upper: '0', lowers: top.paths, masked: [] }]
  directories.forEach(({ name, stat }, k) => {
    const slot = SLOT.hostTrees + k
    const isCopy = name === 'etc' && etcCopy !== undefined
    const path = isCopy ? etcCopy : `/${name}`
    const onTop = layersWith(name, layers)
    const isOverlay = source.isIdmapped || isCopy || onTop.names.length > 0
    // Without an id mapping the host's files have no owner inside, and an overlay could not copy them up.
    const tree = openTree(source, slot, path, isOverlay ? { how: 0 } : { how: HOW.recursive, attributes: ATTR.readOnly | ATTR.noSuid })
    prepare.push(...tree.prepare)
    build.push(...tree.build)
    if (!isOverlay) {
      build.push(step(OP.attach, [slot, 2], `root/${name}`))
      return
    }
    const upper = String(k + 1)
    const masked = name === 'etc' && !isCopy ? etcSecrets() : []
    const mode = stat.mode & 0o7777
    build.push(step(OP.mkdir, [0o755], `l${upper}`), step(OP.attach, [slot, 2], `l${upper}`))
    if (masked.length > 0)
      build.push(step(OP.mkdir, [0o755], `m${upper}`), ...masked.map((secret) => step(OP.whiteout, [], `m${upper}/${secret}`)))
    const points = pointsIn(name, mountPoints).filter(({ path }) => path !== '')
    if (points.length > 0) build.push(step(OP.mkdir, [0o755], `k${upper}`), ...pointSteps(`k${upper}`, points))
    const lowers = [...onTop.names, ...(masked.length > 0 ? [`m${upper}`] : []), `l${upper}`, ...(points.length > 0 ? [`k${upper}`] : [])]
    build.push(...overlay(`root/${name}`, lowers, { name: upper, mode, scratch: '', snapshots: snapshots.length }))
    trees.push({ path: `/${name}`, upper, lowers: [path, ...onTop.paths], masked })
  })
  const readOnly = directories.filter(({ name }) => !source.isIdmapped && name !== 'etc').map(({ name }) => `/${name}`)
  const degraded = {
    how: `${readOnly.join(', ')} are read-only; / and /etc take writes`,
    why: 'files of the host have no owner in the user namespace of an ordinary user, so the kernel cannot copy them up',
    remedy: 'run from an image, or start the host process as root',
  }
  return {
    prepare,
    build,
    trees,
    isWritable: true,
    ...(readOnly.length > 0 ? { degraded } : {}),
    release: () => layers?.release() ?? Promise.resolve(),
  }
}
