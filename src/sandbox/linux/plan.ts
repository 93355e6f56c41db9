// The plan of one sandbox: a flat list of steps in the order the kernel demands. Data only, so a test can hold it as a snapshot.
import { OP, type Step, step } from '../../native/index.js'
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

/** What a plan is made of. */
export interface PlanParts {
  readonly spec: SandboxSpec
  readonly ids: IdMode
  readonly cgroup: CgroupPlan
  readonly root: RootPlan
  readonly mounts: MountPlan
  readonly snapshots: { readonly prepare: readonly Step[]; readonly build: readonly Step[] }
  /** An empty host directory that the scratch is mounted over. */
  readonly mountPoint: string
  readonly hasTimeNamespaces: boolean
  /** 0: no Landlock. */
  readonly landlockAbi: number
  /** Of `coverProc`: what of /proc is hidden or read-only. */
  readonly procCovers: readonly Step[]
  /** A directory on disk for the scratch, owned by root inside; undefined: a tmpfs. */
  readonly scratchDirectory: string | undefined
}

function groupSteps(cgroup: CgroupPlan): Step[] {
  return [
    ...cgroup.groups.map(({ directory }) => step(OP.makeGroup, [], directory)),
    ...cgroup.writes.map(({ path, text }) => step(OP.writeFile, [], path, text)),
    ...cgroup.procsFiles.map((path) => step(OP.attachGroup, [], path)),
    ...(cgroup.unifiedDirectory === undefined ? [] : [step(OP.intoGroup, [], cgroup.unifiedDirectory)]),
  ]
}

function scratchSteps({ spec, ids, scratchDirectory }: PlanParts): { prepare: Step[]; build: Step[] } {
  if (scratchDirectory === undefined)
    return {
      prepare: [],
      build: [step(OP.newMount, [SLOT.scratch, ATTR.noSuid | ATTR.noDev], 'tmpfs', `size=${spec.scratchMaxBytes},mode=755`)],
    }
  const attributes = ATTR.noSuid | ATTR.noDev
  const remove = step(OP.removeAtEnd, [], scratchDirectory)
  // It is root's inside already, so it needs no mapping; but on a root host only the supervisor may walk the host's private directories.
  return ids.mode === 'range'
    ? { prepare: [remove, step(OP.openTree, [SLOT.scratch, 0, 0, attributes], scratchDirectory)], build: [] }
    : { prepare: [remove], build: [step(OP.tree, [SLOT.scratch, 0, attributes], scratchDirectory)] }
}

/** All steps. The supervisor does its own and passes over the others, and so does the child. */
export function planSandbox(parts: PlanParts): Step[] {
  const { spec, ids, root, mounts, mountPoint, hasTimeNamespaces: hasTime } = parts
  const scratch = scratchSteps(parts)
  const bounding = capabilityMask(spec.capabilities)
  const namespaces =
    CLONE.mnt | CLONE.pid | CLONE.uts | CLONE.ipc | CLONE.cgroup | (spec.network === 'none' ? CLONE.net : 0) | (hasTime ? CLONE.time : 0)
  return [
    ...groupSteps(parts.cgroup),
    step(OP.namespaces, [namespaces]),
    ...scratch.prepare,
    ...root.prepare,
    ...parts.snapshots.prepare,
    ...mounts.prepare,

    // Opened as the host's user, who alone may walk there; everything after it as root inside, or what is made would belong to nobody.
    step(OP.openHere, [SLOT.base], mountPoint),
    step(OP.setIds, [ids.mode === 'single' ? 0 : 1]),
    step(OP.privateMounts),
    step(OP.hostname, [], spec.hostname),
    // The default profile refuses every call about keys; with another, the session keyring that sandboxes share would be a way between them.
    ...(spec.seccomp === defaultProfile ? [] : [step(OP.leaveKeyring)]),
    ...(spec.network === 'none'
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
    ...parts.snapshots.build,
    ...root.build,
    ...mounts.build,
    ...buildSystemDirectories(parts.procCovers, ids.mode !== 'single'),
    step(OP.openUpper, [], 'u'),
    step(OP.chdir, [], 'root'),
    step(OP.pivot),
    ...attachSystemDirectories,
    ...mounts.attach,
    step(OP.handOutRoot),
    // Whoever is confined may not mount any more.
    ...confineSteps(confinement(parts.landlockAbi, spec)),
    step(OP.dropCaps, [bounding, capabilityMask([...spec.capabilities, ...INIT_CAPABILITIES])]),
  ]
}

// ping(1) without a capability, for every group that exists inside.
const pingRange = (ids: IdMode): string => (ids.mode === 'single' ? '0 0' : '0 65535')
