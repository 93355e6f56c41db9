// Starting a sandbox on Linux: root, groups and ids become a plan, the supervisor carries it out, PID 1 reports when it is ready.
import { chownSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { UnsupportedError } from '../../core/index.js'
import {
  attachSnapshots,
  type HiddenPlace,
  hasMounts,
  hostRoot,
  imageRoot,
  type Lowers,
  type MountPlan,
  mountSource,
  planMounts,
  type RootPlan,
  readMountinfo,
  refuseExposure,
  type TreeSource,
} from '../../rootfs/index.js'
import type { Backend, StartInput } from '../backend.js'
import { normalize, type SandboxSpec } from '../spec.js'
import type { IsolationReport } from '../types.js'
import type { Blank } from './blanks.js'
import { type CgroupPlan, planCgroups, prepareCgroups, resolveDevices } from './cgroup/index.js'
import { isMarkedDelegated } from './delegated.js'
import { degradedEntry } from './fallback.js'
import { explained } from './forbidden.js'
import { idMode, type LinuxHost, linuxHost } from './host.js'
import { isolationReport } from './isolation.js'
import { landlockEntry } from './landlock.js'
import { type Launch, launch, openSeat } from './launch.js'
import { mayResume, type PlanParts, planRest, planSandbox } from './plan.js'
import { probeLinux } from './probe.js'
import { LinuxSandbox } from './sandbox.js'

/** Passes times of phases on. */
class Phases {
  readonly list: { phase: string; durationMs: number }[] = []
  #since = performance.now()
  mark(phase: string): void {
    const now = performance.now()
    this.list.push({ phase, durationMs: now - this.#since })
    this.#since = now
  }
}

async function rootPlan({ root, snapshots, etcCopy }: StartInput, source: TreeSource, mountPoints: MountPlan['points']): Promise<RootPlan> {
  if (root.kind === 'tree') throw new TypeError('a tree is a root on Windows')
  if (root.kind === 'lowers') return imageRoot({ lowers: root.lowers, source, snapshots, mountPoints })
  if (root.kind === 'directory') {
    // A directory is one lower: never written, never released.
    const slash = root.path.lastIndexOf('/')
    const lowers: Lowers = { root: root.path.slice(0, slash) || '/', names: [root.path.slice(slash + 1)], release: () => Promise.resolve() }
    return imageRoot({ lowers, source, snapshots, mountPoints })
  }
  const needsCopy = !source.isIdmapped || hasMounts('/etc')
  return hostRoot({ source, etcCopy: needsCopy ? await etcCopy() : undefined, snapshots, layers: root.layers, mountPoints })
}

function hiddenPlaces({ runtime }: LinuxHost, { hiddenPlaces }: StartInput): HiddenPlace[] {
  const path = mountSource(runtime.path).path
  return [...hiddenPlaces(), { path, what: "stratabox's runtime directory", remedy: 'mount a directory in which it is not' }]
}

async function mountPlan(host: LinuxHost, spec: SandboxSpec, input: StartInput, source: TreeSource): Promise<MountPlan> {
  const { mounts, scratch, scratchMaxBytes } = spec
  const hidden = mounts.some(([, mount]) => 'source' in mount) || input.root.kind === 'directory' ? hiddenPlaces(host, input) : []
  if (input.root.kind === 'directory') refuseExposure(mountSource(input.root.path).path, 'root', hidden, readMountinfo())
  const caches = new Map<string, string>()
  for (const [, mount] of mounts)
    if ('cache' in mount) caches.set(mount.cache, await input.cacheDirectory(mount.cache, MAPS[host.ids.mode]))
  const [isScratchMemory, tmpfsMaxBytes] = [scratch === 'memory', scratchMaxBytes]
  return planMounts({ mounts, source, snapshots: input.snapshots, hidden, caches, isScratchMemory, tmpfsMaxBytes })
}

/** @throws UnsupportedError naming every limit that cannot be enforced, unless the caller said 'degrade' */
function refuse(report: IsolationReport, spec: SandboxSpec): IsolationReport {
  const refused = Object.entries(report).filter(([, { status }]) => status === 'refused')
  if (refused.length === 0) return report
  if (spec.onUnenforceable === 'degrade')
    return {
      ...report,
      ...Object.fromEntries(refused.map(([name, entry]) => [name, degradedEntry(name, entry)])),
    }
  const [[name, first]] = refused as [[string, IsolationReport[string]]]
  throw new UnsupportedError(`limits.${name} cannot be enforced here: ${first.why ?? first.how}`, {
    remedy: `${first.remedy ?? 'leave the limit out'}, or pass onUnenforceable: 'degrade'`,
  })
}

const reportOf = (host: LinuxHost, spec: SandboxSpec, root: RootPlan | undefined, cgroup: CgroupPlan): IsolationReport => ({
  ...isolationReport({ spec, host, root, cgroup }),
  landlock: landlockEntry(host.supervisor.landlockAbi, spec),
})

function groupsFor(host: LinuxHost, spec: SandboxSpec, id: string): CgroupPlan {
  const { memoryMaxBytes, swapMaxBytes, cpusMax, cpuWeight, pidsMax, ioMax } = spec.limits
  const limits = { memoryMaxBytes, swapMaxBytes, cpusMax, cpuWeight, pidsMax, ioMax: ioMax && resolveDevices(ioMax) }
  host.cgroups = prepareCgroups(limits, host.cgroups, { isDelegated: isMarkedDelegated })
  return planCgroups(limits, host.cgroups, id)
}

/** Steps, name and groups of a sandbox; from a child made ahead where one waits that can become it. */
function planned(host: LinuxHost, parts: Omit<PlanParts, 'cgroup'>): Pick<Launch, 'id' | 'steps' | 'blank'> & { cgroup: CgroupPlan } {
  const blank = mayResume(parts.spec) ? host.blanks.take() : undefined
  if (blank !== undefined) {
    const { id } = blank
    const cgroup = groupsFor(host, parts.spec, id)
    const steps = planRest({ ...parts, cgroup }, new Set(blank.cgroup.groups.map(({ directory }) => directory)))
    if (steps !== undefined) return { id, cgroup, steps, blank }
    host.blanks.close(blank)
  }
  const id = host.nextId()
  const cgroup = groupsFor(host, parts.spec, id)
  return { id, cgroup, steps: planSandbox({ ...parts, cgroup }), blank: undefined }
}

async function start(spec: SandboxSpec, input: StartInput, signal: AbortSignal | undefined): Promise<LinuxSandbox> {
  const phases = new Phases()
  const host = await linuxHost()
  phases.mark('host')
  signal?.throwIfAborted()
  const source: TreeSource = { isIdmapped: host.ids.mode === 'range' }
  const mounts = await mountPlan(host, spec, input, source)
  const root = await rootPlan(input, source, mounts.points)
  let scratchDirectory: string | undefined
  let taken: Blank | undefined
  try {
    const snapshots = attachSnapshots(input.snapshots, source)
    scratchDirectory = spec.scratch === 'disk' ? await input.scratchDirectory() : undefined
    if (scratchDirectory !== undefined && host.lease !== undefined) chownSync(scratchDirectory, host.lease.start, host.lease.start)
    signal?.throwIfAborted()
    const plan = planned(host, { ...host.plan, spec, root, mounts, snapshots, scratchDirectory })
    taken = plan.blank
    const isolation = refuse(reportOf(host, spec, root, plan.cgroup), spec)
    phases.mark('plan')
    const seat = openSeat(host, plan)
    taken = undefined
    const started = await launch(seat, host, signal)
    phases.mark('start')
    return new LinuxSandbox({
      ...started,
      id: plan.id,
      host,
      spec,
      cgroup: plan.cgroup,
      trees: [...root.trees, ...mounts.trees],
      snapshots: input.snapshots,
      isolation,
      timings: phases.list,
      scratchDirectory,
      release: () => root.release(),
    })
  } catch (error) {
    if (taken !== undefined) host.blanks.close(taken)
    // Where the supervisor got to know of it, it is gone already.
    if (scratchDirectory !== undefined) await rm(scratchDirectory, { recursive: true, force: true })
    await root.release()
    throw explained(error)
  }
}

// Layers for sub-ids would have to be unpacked inside the user namespace; until then they are the user's own files.
// How ids stand on disk in what sandboxes write to it.
const MAPS = { range: 'root', sub: 'sub', single: 'single' } as const
const IDMODES = { range: 'root', sub: 'single', single: 'single' } as const

/** Makes a sandbox with nothing in it, and closes it: whether that works is known only then. */
async function tryOne(): Promise<void> {
  const nothing = { root: '/', names: [], release: () => Promise.resolve() }
  const unused = () => Promise.reject(new TypeError('a sandbox with nothing in it needs no store'))
  const input: StartInput = {
    root: { kind: 'lowers', lowers: nothing },
    snapshots: [],
    scratchDirectory: unused,
    etcCopy: unused,
    cacheDirectory: unused,
    hiddenPlaces: () => [],
  }
  await (await start(normalize({}), input, undefined)).close()
}

/** Namespaces, control groups and overlays. */
export const linuxBackend: Backend = {
  idMode: () => IDMODES[idMode().mode],
  start,
  probe: () =>
    probeLinux(
      async (spec) => {
        const host = await linuxHost()
        return reportOf(host, spec, undefined, groupsFor(host, spec, 'probe'))
      },
      tryOne,
      normalize,
    ),
}
