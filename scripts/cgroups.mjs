// Delegation as a service manager would do it: one child group in each cgroup hierarchy that belongs to an ordinary user. Source: cgroups(7), "Delegation".
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The folders of this process's own groups, one for each hierarchy that has controllers (v1) or is the unified one. */
export function ownGroups() {
  const own = new Map()
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    own.set(controllers, path)
  }
  const groups = []
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')) {
    const [before, after] = line.split(' - ').map((half) => half.split(' '))
    const [mountRoot, mountPoint] = [unescapeMount(before[3]), unescapeMount(before[4])]
    const [type, , options] = after
    if (type !== 'cgroup' && type !== 'cgroup2') continue
    const controllers =
      type === 'cgroup2'
        ? ''
        : [...own.keys()].find((names) => names !== '' && names.split(',').every((name) => options.split(',').includes(name)))
    if (controllers === undefined || controllers.startsWith('name=') || !own.has(controllers)) continue
    const inside = relative(mountRoot, own.get(controllers))
    if (!inside.startsWith('..')) groups.push({ version: type === 'cgroup2' ? 2 : 1, folder: join(mountPoint, inside) })
  }
  return groups
}

/** Makes a group `name` below each of our own and gives it to `uid`: the group and the files that a delegatee writes, not the limits on itself. */
export function delegate(name, uid) {
  const made = []
  for (const { version, folder } of ownGroups()) {
    const group = join(folder, name)
    try {
      mkdirSync(group, { recursive: true })
    } catch (error) {
      // A hierarchy that is mounted read-only, or that is not ours, gives no limits: the tests find that out themselves.
      if (['EROFS', 'EACCES', 'EPERM'].includes(error.code)) continue
      throw error
    }
    // A v1 cpuset takes no process before these two are set.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (version === 1 && existsSync(join(group, file))) writeFileSync(join(group, file), readFileSync(join(folder, file)))
    }
    const files = version === 2 ? ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'] : ['cgroup.procs', 'tasks']
    for (const path of [group, ...files.map((file) => join(group, file))]) if (existsSync(path)) chownSync(path, uid, uid)
    made.push(group)
  }
  return made
}

/** Moves this process, and so what it starts, into the groups. */
export function enter(groups) {
  for (const group of groups) writeFileSync(join(group, 'cgroup.procs'), String(process.pid))
}

/** Removes the groups. Returns what somebody left in them: one line for each group below, or process within. */
export function remove(groups) {
  const left = []
  for (const group of groups) {
    for (const child of groupsBelow(group)) {
      left.push(`cgroup ${child}`)
      removeGroup(child, left)
    }
    removeGroup(group, left)
  }
  return left
}

/** The deepest first, as rmdir(2) wants them. */
function groupsBelow(group) {
  const children = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return children.flatMap(({ name }) => [...groupsBelow(join(group, name)), join(group, name)])
}

function removeGroup(group, left) {
  try {
    rmdirSync(group)
  } catch (error) {
    if (error.code !== 'EBUSY') throw error
    left.push(`${group} holds processes ${readFileSync(join(group, 'cgroup.procs'), 'utf8').trim().split('\n').join(', ')}`)
  }
}

/** Blanks and backslashes stand as octal escapes in mountinfo: proc_pid_mountinfo(5). */
const unescapeMount = (text) => text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
