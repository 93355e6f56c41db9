// User mounts as steps: host trees, tmpfs, caches, secrets. What is mounted is opened before the pivot, and put in its place after it.
import { isWithin, UnsupportedError } from '../core/index.js'
import { OP, type Step, step } from '../native/index.js'
import { type HiddenPlace, refuseExposure } from './exposure.js'
import { type CopyTree, copyMount, copyTrees } from './mount-copy.js'
import { type MountSource, mountSource } from './mount-source.js'
import { readMountinfo } from './mountinfo.js'
import { ATTR, HOW, type OverlayTree, openTree, SLOT, type TreeSource } from './plan.js'
import type { MountPoint } from './skeleton.js'

/** A mount as the public options have it, the path inside first: absolute and normal. */
export type MountSpec = readonly [
  path: string,
  mount:
    | { readonly source: string; readonly access?: 'read' | 'copy' | 'write' | undefined }
    | { readonly tmpfs: true; readonly sizeMaxBytes?: number | undefined }
    | { readonly cache: string }
    | { readonly secret: string | Uint8Array },
]

/** What mounts are planned with. */
export interface MountInput {
  readonly mounts: readonly MountSpec[]
  readonly source: TreeSource
  /** What a fork stands on. */
  readonly snapshots: readonly string[]
  /** What no source may show. */
  readonly hidden: readonly HiddenPlace[]
  /** Directories of the named caches. */
  readonly caches: ReadonlyMap<string, string>
  /** Whether the scratch directory is a tmpfs, bounded as such. */
  readonly isScratchMemory: boolean
  /** For a tmpfs whose size the caller left open. */
  readonly tmpfsMaxBytes: number
}

/** Steps of all mounts, by when they are done. */
export interface MountPlan {
  readonly prepare: readonly Step[]
  readonly build: readonly Step[]
  readonly attach: readonly Step[]
  readonly trees: readonly OverlayTree[]
  readonly points: readonly MountPoint[]
}

/** One thing to be mounted; a source of a 'copy' is one for each file system in it. */
type Placed =
  | { readonly path: string; readonly kind: 'tree'; readonly from: MountSource; readonly attributes: number }
  | { readonly path: string; readonly kind: 'copy'; readonly copy: CopyTree }
  | { readonly path: string; readonly kind: 'tmpfs'; readonly sizeMaxBytes: number | undefined }
  | { readonly path: string; readonly kind: 'secret'; readonly secret: string | Uint8Array }

const MOUNTS_MAX = SLOT.hostTrees - SLOT.mounts
const SECRETS = 'c/secrets'
const PAGE = 4096

function placed([path, mount]: MountSpec, { source, hidden, caches }: MountInput): Placed[] {
  if ('tmpfs' in mount) return [{ path, kind: 'tmpfs', sizeMaxBytes: mount.sizeMaxBytes }]
  if ('secret' in mount) return [{ path, kind: 'secret', secret: mount.secret }]
  const attributes = ATTR.noSuid | ATTR.noDev
  if ('cache' in mount) return [{ path, kind: 'tree', from: { path: caches.get(mount.cache) as string, kind: 'directory' }, attributes }]
  const from = mountSource(mount.source)
  const mounted = readMountinfo()
  refuseExposure(from.path, `mounts[${JSON.stringify(path)}]`, hidden, mounted)
  if (mount.access === 'write') return [{ path, kind: 'tree', from, attributes }]
  if (mount.access === 'copy') return copyTrees(path, from, source, mounted).map((copy) => ({ path: copy.path, kind: 'copy', copy }))
  return [{ path, kind: 'tree', from, attributes: attributes | ATTR.readOnly }]
}

/** A tmpfs for secrets where the scratch directory is on disk: they are never written to one. */
function secretsTmpfs(all: readonly Placed[], slot: number): Step[] {
  const pages = all.map((one) => (one.kind === 'secret' ? Math.ceil((one.secret.length * 3) / PAGE) + 1 : 0)).reduce((a, b) => a + b, 0)
  if (pages === 0) return []
  return [
    step(OP.newMount, [slot, ATTR.noSuid | ATTR.noDev], 'tmpfs', `mode=700,size=${(pages + 4) * PAGE}`),
    step(OP.mkdir, [0o700], SECRETS),
    step(OP.attach, [slot, 2], SECRETS),
  ]
}

/** The plan of all mounts; a parent inside comes before what is mounted below it.
 *  @throws SyscallError for a source that is not there; UnsupportedError for one that sandboxes must not see */
export function planMounts(input: MountInput): MountPlan {
  const { source, snapshots, isScratchMemory, tmpfsMaxBytes } = input
  const depth = (path: string) => path.split('/').length
  const all = input.mounts.flatMap((spec) => placed(spec, input)).sort((a, b) => depth(a.path) - depth(b.path))
  if (all.length > MOUNTS_MAX) throw new UnsupportedError(`more than ${MOUNTS_MAX} mounts`, { remedy: 'mount their common parent' })
  if (all.length === 0) return { prepare: [], build: [], attach: [], trees: [], points: [] }
  const points = all.map((one): MountPoint => ({ path: one.path, kind: isFile(one) ? 'file' : 'directory' }))
  const prepare: Step[] = []
  const build: Step[] = [step(OP.mkdir, [0o755], 'c'), ...(isScratchMemory ? [] : secretsTmpfs(all, SLOT.secrets))]
  const trees: OverlayTree[] = []
  all.forEach((one, k) => {
    const slot = SLOT.mounts + k
    switch (one.kind) {
      case 'tree': {
        const tree = openTree(source, slot, one.from.path, { how: HOW.recursive | HOW.noLinks, attributes: one.attributes })
        prepare.push(...tree.prepare)
        build.push(...tree.build)
        break
      }
      case 'copy': {
        const below = points.filter(({ path }) => path !== one.path && isWithin(path, one.path))
        const within = below.map(({ path, kind }) => ({ path: path.slice(one.path.length), kind }))
        const made = copyMount(one.copy, { slot, source, snapshots, points: within })
        prepare.push(...made.prepare)
        build.push(...made.build)
        trees.push(made.tree)
        break
      }
      case 'tmpfs': {
        const { sizeMaxBytes } = one
        // Bounded with the rest of the sandbox's writes it needs no file system of its own: a directory costs a fraction of one.
        if (sizeMaxBytes === undefined && isScratchMemory)
          build.push(step(OP.mkdir, [0o1777], `c/t${k}`), step(OP.tree, [slot, 0, ATTR.noSuid | ATTR.noDev], `c/t${k}`))
        else build.push(step(OP.newMount, [slot, ATTR.noSuid | ATTR.noDev], 'tmpfs', `mode=1777,size=${sizeMaxBytes ?? tmpfsMaxBytes}`))
        break
      }
      case 'secret': {
        const file = `${isScratchMemory ? 'c' : SECRETS}/s${k}`
        build.push(step(OP.file, [0o400], file, one.secret), step(OP.tree, [slot, 0, SECRET_ATTRIBUTES], file))
      }
    }
  })
  const attach = all.map((one, k) => step(OP.attach, [SLOT.mounts + k, isFile(one) ? 1 : 0], one.path))
  return { prepare, build, attach, trees, points }
}

const SECRET_ATTRIBUTES = ATTR.noSuid | ATTR.noDev | ATTR.noExec | ATTR.readOnly

function isFile(one: Placed): boolean {
  switch (one.kind) {
    case 'tree':
      return one.from.kind === 'file'
    case 'copy':
      return one.copy.file !== undefined
    case 'tmpfs':
      return false
    case 'secret':
      return true
  }
}
