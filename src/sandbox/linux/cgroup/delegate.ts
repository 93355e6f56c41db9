// cgroup v2: lets the own group pass controllers on to its children. Source: cgroup-v2.rst, "No Internal Process Constraint", "Delegation".
import { controllersIn, OWN_LEAF, tryChild } from './detect.js'
import { errorCode, nodeCgroupFs, readIfThere } from './fs.js'
import { neededControllers } from './plan.js'
import type { CgroupFs, CgroupHierarchy, CgroupHost, CgroupLimits } from './types.js'

// A group whose processes keep forking is not emptied in one pass.
const MOVES_MAX = 5

/** Who asks, and where to look. */
export interface PrepareCgroupsOptions {
  readonly pid?: number | undefined
  readonly uid?: number | undefined
  /** Default '/proc'. */
  readonly proc?: string | undefined
  readonly fs?: CgroupFs | undefined
  /** Whether a service manager marked the group as delegated, though it is root's. Default: no. */
  readonly isDelegated?: ((directory: string) => boolean) | undefined
}

interface Context {
  readonly pid: number
  readonly uid: number
  readonly proc: string
  readonly fs: CgroupFs
  readonly isDelegated: (directory: string) => boolean
}

function ancestorsOf(pid: number, { fs, proc }: Context): Set<number> {
  const ancestors = new Set<number>()
  for (let at = pid; at > 1; ) {
    const stat = readIfThere(fs, `${proc}/${at}/stat`)
    if (stat === undefined) break
    // The name in parentheses may hold anything, parentheses too.
    at = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    if (!(at > 0) || ancestors.has(at)) break
    ancestors.add(at)
  }
  return ancestors
}

/** Whether moving everything in the group disturbs nobody else: its processes are this one and its descendants; or also its ancestors and theirs (the
 *  shell, the workers beside), where the group was given to this user, or is the root of a container's cgroup namespace. 0 stands for a process of
 *  another PID namespace. */
function isOurs(pids: readonly number[], hierarchy: CgroupHierarchy, context: Context): boolean {
  const { fs, pid, uid, isDelegated } = context
  const { directory, mountPoint } = hierarchy
  const ancestors = ancestorsOf(pid, context)
  const isGiven = (uid !== 0 && fs.owner(directory) === uid) || directory === mountPoint || isDelegated(directory)
  const heads = new Set([pid, ...(isGiven ? pids.filter((other) => ancestors.has(other)) : [])])
  return pids.every((other) => heads.has(other) || (other > 0 && [...ancestorsOf(other, context)].some((above) => heads.has(above))))
}

const pidsIn = (fs: CgroupFs, directory: string): number[] => {
  const text = fs.readFile(`${directory}/cgroup.procs`)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
}

function moveAll(fs: CgroupFs, from: string, to: string): void {
  for (let pass = 0; pass < MOVES_MAX; pass++) {
    const pids = pidsIn(fs, from)
    if (pids.length === 0) return
    for (const pid of pids) {
      try {
        fs.writeFile(`${to}/cgroup.procs`, String(pid))
      } catch (error) {
        // It has exited since.
        if (errorCode(error) !== 'ESRCH') throw error
      }
    }
  }
}

/** Undefined when done, else why not. */
function enable(hierarchy: CgroupHierarchy, controllers: readonly string[], context: Context): string | undefined {
  const { fs } = context
  const { directory } = hierarchy
  const what = `passing ${controllers.join(', ')} on from ${directory}`
  const leaf = `${directory}/${OWN_LEAF}`
  let hasMoved = false
  try {
    // Only the root of the hierarchy, which has no type, may have both processes and children with controllers. Elsewhere the kernel refuses some
    // controllers (EBUSY) and takes others (cpu, pids), but then no child can have a process: the group has become one for threads.
    if (readIfThere(fs, `${directory}/cgroup.type`) !== undefined) {
      const inside = pidsIn(fs, directory)
      if (inside.length > 0) {
        if (!isOurs(inside, hierarchy, context)) return `${what}: EBUSY, the group holds processes of others`
        if (readIfThere(fs, `${leaf}/cgroup.procs`) === undefined) fs.mkdir(leaf)
        hasMoved = true
        moveAll(fs, directory, leaf)
      }
    }
    fs.writeFile(`${directory}/cgroup.subtree_control`, controllers.map((name) => `+${name}`).join(' '))
    return undefined
  } catch (error) {
    const code = errorCode(error)
    if (hasMoved) moveBack(fs, leaf, directory)
    return `${what}: ${code}`
  }
}

function moveBack(fs: CgroupFs, leaf: string, directory: string): void {
  try {
    moveAll(fs, leaf, directory)
    fs.rmdir(leaf)
  } catch (error) {
    // Another process of this user passes controllers on already, and has the leaf in use: there they are well.
    errorCode(error)
  }
}

/** The host after enabling, in this process's own v2 group, the controllers that `limits` need. Where the group has processes (v2 forbids that
 *  beside children with controllers) and all are ours, they move to a leaf in it. Does nothing where nothing is missing, and never fails: what
 *  could not be enabled says `why`, and planCgroups refuses it. Keep the result: a second call with it is free. */
export function prepareCgroups(limits: CgroupLimits, host: CgroupHost, options: PrepareCgroupsOptions = {}): CgroupHost {
  const { pid = process.pid, uid = process.getuid?.() ?? 0, proc = '/proc', fs = nodeCgroupFs, isDelegated = () => false } = options
  const prepare = (hierarchy: CgroupHierarchy): CgroupHierarchy => {
    // childFiles is empty where not even a group can be made.
    if (hierarchy.version !== 2 || hierarchy.childFiles.size === 0) return hierarchy
    const missing = neededControllers(limits).filter((name) => hierarchy.available.includes(name) && !hierarchy.controllers.includes(name))
    if (missing.length === 0) return hierarchy
    const why = enable(hierarchy, missing, { pid, uid, proc, fs, isDelegated })
    if (why !== undefined) return { ...hierarchy, why }
    const child = tryChild(fs, hierarchy.directory)
    if (!('files' in child)) return { ...hierarchy, why: `no group can be made in ${hierarchy.directory}: ${child.code}` }
    return { ...hierarchy, why: undefined, controllers: controllersIn(2, child.files), childFiles: child.files }
  }
  return { ...host, hierarchies: host.hierarchies.map(prepare) }
}
