// Which controllers this process can use, found out by making a child group in each hierarchy and looking what files it has.
import { randomBytes } from 'node:crypto'
import { errorCode, nodeCgroupFs, readIfThere } from './fs.js'
import { type CgroupMembership, type CgroupMount, directoryOf, parseCgroupMemberships, parseCgroupMounts } from './mounts.js'
import type { CgroupFs, CgroupHierarchy, CgroupHost } from './types.js'

/** The leaf that this library moves its own processes to, so that the group above may pass controllers on. */
export const OWN_LEAF = 'stratabox-self'

/** Groups of the probe, gone again at once. */
export const TRY_PREFIX = 'stratabox-try-'

/** The controllers that limits are made of, with `freezer` for pausing on pure v1 and `cpuacct` for v1's processor time. */
const WANTED: readonly string[] = ['memory', 'cpu', 'cpuacct', 'pids', 'blkio', 'freezer']

// A file that a child group has if and only if the controller is at work in it.
const EVIDENCE: Record<1 | 2, readonly (readonly [controller: string, file: string])[]> = {
  1: [
    ['memory', 'memory.limit_in_bytes'],
    ['cpu', 'cpu.shares'],
    ['cpuacct', 'cpuacct.usage'],
    ['pids', 'pids.max'],
    ['blkio', 'blkio.throttle.read_bps_device'],
    ['freezer', 'freezer.state'],
  ],
  2: [
    ['memory', 'memory.max'],
    ['cpu', 'cpu.max'],
    ['pids', 'pids.max'],
    ['io', 'io.max'],
  ],
}

/** Where to look. */
export interface DetectCgroupsOptions {
  /** Text of /proc/self/cgroup. */
  readonly procSelfCgroup: string
  /** Text of /proc/self/mountinfo. */
  readonly mountinfo: string
  /** Put before every mount point. Default ''. */
  readonly root?: string | undefined
  /** Default: the real file system. */
  readonly fs?: CgroupFs | undefined
}

/** The files of a child group, made for the purpose and removed again; or the code of the failure. */
export function tryChild(fs: CgroupFs, directory: string): { files: ReadonlySet<string> } | { code: string } {
  const child = `${directory}/${TRY_PREFIX}${process.pid}-${randomBytes(6).toString('hex')}`
  try {
    fs.mkdir(child)
  } catch (error) {
    return { code: errorCode(error) }
  }
  try {
    return { files: new Set(fs.readdir(child).map((entry) => entry.name)) }
  } finally {
    fs.rmdir(child)
  }
}

/** Which controllers' files are among `files`. */
export const controllersIn = (version: 1 | 2, files: ReadonlySet<string>): string[] =>
  EVIDENCE[version].filter(([, file]) => files.has(file)).map(([controller]) => controller)

// v1 refuses (EINVAL) a quota above that of any group over it.
function cpusCeiling(fs: CgroupFs, mountPoint: string, directory: string): number | undefined {
  let ceiling: number | undefined
  for (let at = directory; at.startsWith(mountPoint); at = at.slice(0, at.lastIndexOf('/'))) {
    const quota = Number(readIfThere(fs, `${at}/cpu.cfs_quota_us`) ?? -1)
    const period = Number(readIfThere(fs, `${at}/cpu.cfs_period_us`) ?? 0)
    if (quota > 0 && period > 0) ceiling = Math.min(ceiling ?? Number.POSITIVE_INFINITY, quota / period)
  }
  return ceiling
}

function inspect(fs: CgroupFs, mount: CgroupMount, own: string): CgroupHierarchy {
  const { version, mountPoint } = mount
  const directory = version === 2 && own.endsWith(`/${OWN_LEAF}`) ? own.slice(0, own.lastIndexOf('/')) : own
  const child = tryChild(fs, directory)
  const files: ReadonlySet<string> = 'files' in child ? child.files : new Set()
  const listed = version === 1 ? mount.controllers : (readIfThere(fs, `${directory}/cgroup.controllers`) ?? '').split(/\s+/)
  const controllers = controllersIn(version, files)
  return {
    version,
    mountPoint,
    directory,
    controllers,
    available: EVIDENCE[version].map(([name]) => name).filter((name) => listed.includes(name)),
    childFiles: files,
    why: 'code' in child ? `no group can be made in ${directory}: ${child.code}` : undefined,
    cpusCeiling: version === 1 && controllers.includes('cpu') ? cpusCeiling(fs, mountPoint, directory) : undefined,
  }
}

/** The hierarchies that this process's group is visible in, and what can be had there. Makes and removes one group in each. */
export function detectCgroups(options: DetectCgroupsOptions): CgroupHost {
  const { procSelfCgroup, mountinfo, root = '', fs = nodeCgroupFs } = options
  const mounts = parseCgroupMounts(mountinfo).map((mount) => ({ ...mount, mountPoint: root + mount.mountPoint }))
  const memberships = parseCgroupMemberships(procSelfCgroup)
  const placeIn = (membership: CgroupMembership): CgroupHierarchy | undefined => {
    const key = (of: { controllers: readonly string[] }) => [...of.controllers].sort().join(',')
    let refused: CgroupHierarchy | undefined
    for (const mount of mounts) {
      if (mount.version !== membership.version || key(mount) !== key(membership)) continue
      const own = directoryOf(membership.path, mount)
      // A mount that another one hides (a container engine's tmpfs over it) has no such file.
      if (own === undefined || readIfThere(fs, `${own}/cgroup.procs`) === undefined) continue
      const hierarchy = inspect(fs, mount, own)
      if (hierarchy.why === undefined) return hierarchy
      refused ??= hierarchy
    }
    return refused
  }
  const hierarchies = memberships
    .filter(({ version, controllers }) => version === 2 || controllers.some((name) => WANTED.includes(name)))
    .flatMap((membership) => placeIn(membership) ?? [])
  const v1 = mounts.some((mount) => mount.version === 1)
  const v2 = mounts.some((mount) => mount.version === 2)
  return { layout: v1 && v2 ? 'hybrid' : v2 ? 'v2' : v1 ? 'v1' : 'none', hierarchies }
}
