// The plan of one sandbox: a flat list of steps in the order the kernel demands. Data only, so a test can hold it as a snapshot.
import { encodeMessage, INLINE_MAX, OP, type Step, step } from '../../native/index.js'
import { ATTR, attachSystemDirectories, buildSystemDirectories, type MountPlan, type RootPlan, SLOT } from '../../rootfs/index.js'
import { capabilityMask } from '../capabilities.js'
import { defaultProfile } from '../seccomp/index.js'
import type { SandboxSpec } from '../spec.js'
import type { CgroupPlan } from './cgroup/index.js'
import type { IdMode } from './ids.js'
import { confinement, confineSteps } from './landlock.js'

/** Namespaces by clone(2) flag. */
const CLONE = {
  mnt: 0x0002_0000,
  cgroup: 0x0200_0000,
  uts: 0x0400_0000,
  ipc: 0x0800_0000,
  pid: 0x2000_0000,
  net: 0x4000_0000,
  time: 0x80,
} as const

// What PID 1 needs to start commands as other users, drop what they may not have, and signal them. Commands cannot get these back: their bounding
// set has only what the sandbox keeps.
const INIT_CAPABILITIES = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_KILL']

// What most sandboxes have; a child made ahead has it at first.
const BLANK_SCRATCH_MAX_BYTES = 2 ** 30
// What one message carries (kMaxFds), but for PID 1's socket.
const DESCRIPTORS_MAX = 16

/** What is the same for all sandboxes of a host. */
export interface PlanHost {
  readonly ids: IdMode
  /** An empty host directory that the scratch is mounted over. */
  readonly mountPoint: string
  readonly hasTimeNamespaces: boolean
  /** 0: no Landlock. */
  readonly landlockAbi: number
  /** Of `coverProc`: what of /proc is hidden or read-only. */
  readonly procCovers: readonly Step[]
}

/** What a plan is made of. */
export interface PlanParts extends PlanHost {
  readonly spec: SandboxSpec
  readonly cgroup: CgroupPlan
  readonly root: RootPlan
  readonly mounts: MountPlan
  readonly snapshots: { readonly prepare: readonly Step[]; readonly build: readonly Step[] }
  /** A directory on disk for the scratch, owned by root inside; undefined: a tmpfs. */
  readonly scratchDirectory: string | undefined
}

/** Steps that make, fill and enter the groups; not those that there are already. */
function groupSteps(cgroup: CgroupPlan, made: ReadonlySet<string> = new Set()): Step[] {
  const isNew = (directory: string | undefined): directory is string => directory !== undefined && !made.has(directory)
  return [
    ...cgroup.groups.filter(({ directory }) => isNew(directory)).map(({ directory }) => step(OP.makeGroup, [], directory)),
    ...cgroup.writes.map(({ path, text }) => step(OP.writeFile, [], path, text)),
    ...cgroup.tasksFiles.filter((path) => isNew(path.slice(0, path.lastIndexOf('/')))).map((path) => step(OP.attachGroup, [], path)),
    ...(isNew(cgroup.unifiedDirectory) ? [step(OP.intoGroup, [], cgroup.unifiedDirectory)] : []),
  ]
}

type Scratch = { readonly prepare: readonly Step[]; readonly build: readonly Step[] }

const memoryScratch = (maxBytes: number): Scratch => ({
  prepare: [],
  build: [step(OP.newMount, [SLOT.scratch, ATTR.noSuid | ATTR.noDev], 'tmpfs', `size=${maxBytes},mode=755`)],
})

function scratchSteps({ spec, ids, scratchDirectory }: PlanParts): Scratch {
  if (scratchDirectory === undefined) return memoryScratch(spec.scratchMaxBytes)
  const attributes = ATTR.noSuid | ATTR.noDev
  const remove = step(OP.removeAtEnd, [], scratchDirectory)
  // It is root's inside already, so it needs no mapping; but on a root host only the supervisor may walk the host's private directories.
  return ids.mode === 'range'
    ? { prepare: [remove, step(OP.openTree, [SLOT.scratch, 0, 0, attributes], scratchDirectory)], build: [] }
    : { prepare: [remove], build: [step(OP.tree, [SLOT.scratch, 0, attributes], scratchDirectory)] }
}

const namespacesStep = (network: SandboxSpec['network'], { hasTimeNamespaces }: PlanHost): Step =>
  step(OP.namespaces, [
    CLONE.mnt |
      CLONE.pid |
      CLONE.uts |
      CLONE.ipc |
      CLONE.cgroup |
      (network === 'none' ? CLONE.net : 0) |
      (hasTimeNamespaces ? CLONE.time : 0),
  ])

/** The child, up to a scratch directory with all in it that is the same for every sandbox. */
const begin = ({ ids, mountPoint, procCovers }: PlanHost, network: SandboxSpec['network'], scratch: Scratch): Step[] => [
  // Opened as the host's user, who alone may walk there; everything after it as root inside, or what is made would belong to nobody.
  step(OP.openHere, [SLOT.base], mountPoint),
  step(OP.setIds, [ids.mode === 'single' ? 0 : 1]),
  step(OP.privateMounts),
  ...(network === 'none'
    ? [
        step(OP.loopback),
        step(OP.sysctl, [], '/proc/sys/net/ipv4/ip_unprivileged_port_start', '0'),
        step(OP.sysctl, [], '/proc/sys/net/ipv4/ping_group_range', pingRange(ids)),
      ]
    : []),
  ...scratch.build,
  step(OP.attachAt, [SLOT.scratch, SLOT.base]),
  step(OP.enter, [SLOT.scratch]),
  step(OP.mkdir, [0o755], 'u'),
  step(OP.mkdir, [0o755], 'w'),
  ...buildSystemDirectories(procCovers, ids.mode !== 'single'),
]

/** The child, from there to its root. */
function finish({ spec, root, mounts, snapshots, landlockAbi }: PlanParts): Step[] {
  const bounding = capabilityMask(spec.capabilities)
  return [
    step(OP.hostname, [], spec.hostname),
    // The default profile refuses every call about keys; with another, the session keyring that sandboxes share would be a way between them.
    ...(spec.seccomp === defaultProfile ? [] : [step(OP.leaveKeyring)]),
    ...snapshots.build,
    ...root.build,
    ...mounts.build,
    step(OP.openUpper, [], 'u'),
    step(OP.chdir, [], 'root'),
    step(OP.pivot),
    ...attachSystemDirectories,
    ...mounts.attach,
    step(OP.handOutRoot),
    // Whoever is confined may not mount any more.
    ...confineSteps(confinement(landlockAbi, spec)),
    step(OP.dropCaps, [bounding, capabilityMask([...spec.capabilities, ...INIT_CAPABILITIES])]),
  ]
}

/** All steps. The supervisor does its own and passes over the others, and so does the child. */
export function planSandbox(parts: PlanParts): Step[] {
  const { spec, root, mounts, snapshots } = parts
  const scratch = scratchSteps(parts)
  return [
    ...groupSteps(parts.cgroup),
    namespacesStep(spec.network, parts),
    ...scratch.prepare,
    ...root.prepare,
    ...snapshots.prepare,
    ...mounts.prepare,
    ...begin(parts, spec.network, scratch),
    ...finish(parts),
  ]
}

/** The first part of every plan that `mayResume`, for a child that is made before its sandbox is asked for. */
export function planBlank(host: PlanHost): (cgroup: CgroupPlan) => Step[] {
  const same = [namespacesStep('none', host), ...begin(host, 'none', memoryScratch(BLANK_SCRATCH_MAX_BYTES))]
  return (cgroup) => [...groupSteps(cgroup), ...same]
}

/** Whether a child made ahead can become this sandbox. */
export const mayResume = ({ network, scratch }: SandboxSpec): boolean => network === 'none' && scratch === 'memory'

/** The rest, for such a child whose groups are `made`. Undefined where it needs more descriptors or bytes than one message carries. */
export function planRest(parts: PlanParts, made: ReadonlySet<string>): Step[] | undefined {
  const { spec, cgroup, root, mounts, snapshots } = parts
  const groups = groupSteps(cgroup, made)
  const steps = [
    ...groups,
    ...root.prepare,
    ...snapshots.prepare,
    ...mounts.prepare,
    ...(spec.scratchMaxBytes === BLANK_SCRATCH_MAX_BYTES ? [] : [step(OP.reconfigure, [], '.', `size=${spec.scratchMaxBytes}`)]),
    ...finish(parts),
  ]
  const descriptors = steps.filter(({ op }) => op === OP.openTree || op === OP.attachGroup).length
  const fits = descriptors < DESCRIPTORS_MAX && encodeMessage(0, steps).length < INLINE_MAX / 2
  return fits && !groups.some(({ op }) => op === OP.intoGroup) ? steps : undefined
}

// ping(1) without a capability, for every group that exists inside.
const pingRange = (ids: IdMode): string => (ids.mode === 'single' ? '0 0' : '0 65535')
