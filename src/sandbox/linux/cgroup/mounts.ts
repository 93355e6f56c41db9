// Where the hierarchies are mounted and where this process is in them. Source: cgroups(7), proc_pid_mountinfo(5).

/** A mount of a hierarchy. */
export interface CgroupMount {
  readonly version: 1 | 2
  /** v1: the controllers, or `name=systemd`; v2: empty. */
  readonly controllers: readonly string[]
  /** The group that the mount shows at its root, as seen from the reader's cgroup namespace. */
  readonly root: string
  readonly mountPoint: string
}

/** A line of /proc/self/cgroup. */
export interface CgroupMembership {
  readonly version: 1 | 2
  readonly controllers: readonly string[]
  readonly path: string
}

// Not among the controllers: what else stands in a v1 mount's super options.
const OPTIONS = new Set(['rw', 'ro', 'xattr', 'noprefix', 'clone_children', 'cpuset_v2_mode'])

const unescapeOctal = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

/** The cgroup mounts in the text of /proc/self/mountinfo; of several at one place only the last, which hides the others. */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts = new Map<string, CgroupMount>()
  for (const line of mountinfo.split('\n')) {
    const [fields = '', tail = ''] = line.split(' - ', 2)
    const [, , , root, at] = fields.split(' ')
    const [type, , options = ''] = tail.split(' ')
    if (root === undefined || at === undefined) continue
    const mountPoint = unescapeOctal(at)
    mounts.delete(mountPoint)
    if (type !== 'cgroup' && type !== 'cgroup2') continue
    const controllers =
      type === 'cgroup2' ? [] : options.split(',').filter((option) => !OPTIONS.has(option) && !option.startsWith('release_agent='))
    mounts.set(mountPoint, { version: type === 'cgroup2' ? 2 : 1, controllers, root: unescapeOctal(root), mountPoint })
  }
  return [...mounts.values()]
}

/** The lines of /proc/self/cgroup. */
export function parseCgroupMemberships(text: string): CgroupMembership[] {
  const memberships: CgroupMembership[] = []
  for (const line of text.split('\n')) {
    const match = /^(\d+):([^:]*):(\/.*)$/.exec(line)
    if (match === null) continue
    const [, id, controllers = '', path = '/'] = match
    memberships.push(
      id === '0' && controllers === ''
        ? { version: 2, controllers: [], path }
        : { version: 1, controllers: controllers.split(',').filter((name) => name !== ''), path },
    )
  }
  return memberships
}

/** The directory of group `path` beneath a mount, or undefined when the mount does not show it. In a container that shares the host's cgroup
 *  namespace the mount's root is the container's group, not `/`. */
export function directoryOf(path: string, mount: CgroupMount): string | undefined {
  // A leading '/..' names a group above the namespace's root: nothing here can say where that is mounted.
  if (path.startsWith('/..') || mount.root.startsWith('/..')) return undefined
  const root = mount.root === '/' ? '' : mount.root
  if (path !== root && !`${path}/`.startsWith(`${root}/`)) return undefined
  const below = path.slice(root.length)
  return below === '/' || below === '' ? mount.mountPoint : mount.mountPoint + below
}
