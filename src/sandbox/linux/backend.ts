// Starting a sandbox on Linux: root, groups and ids become a plan, the supervisor carries it out, PID 1 reports when it is ready.
import { chownSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UnsupportedError } from '../../core/index.js'
import { native } from '../../native/index.js'
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
import { pendingCall } from '../pending.js'
import { normalize, type SandboxSpec } from '../spec.js'
import type { IsolationReport } from '../types.js'
import { type CgroupPlan, planCgroups, prepareCgroups, resolveDevices } from './cgroup/index.js'
import { isMarkedDelegated } from './delegated.js'
import { degradedEntry } from './fallback.js'
import { explained } from './forbidden.js'
import { idMode, type LinuxHost, linuxHost } from './host.js'
import { broken, closeHandOuts, type HandOuts, InitClient } from './init-client.js'
import { isolationReport } from './isolation.js'
import { landlockEntry } from './landlock.js'
import { planSandbox } from './plan.js'
import { probeLinux } from './probe.js'
import { LinuxSandbox } from './sandbox.js'

let serial = 0

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

async function start(spec: SandboxSpec, input: StartInput, signal: AbortSignal | undefined): Promise<LinuxSandbox> {
  const phases = new Phases()
  const host = await linuxHost()
  phases.mark('host')
  signal?.throwIfAborted()
  const id = `${host.runtime.id}-${serial++}`
  const cgroup = groupsFor(host, spec, id)
  const source: TreeSource = { isIdmapped: host.ids.mode === 'range' }
  const mounts = await mountPlan(host, spec, input, source)
  const root = await rootPlan(input, source, mounts.points)
  let scratchDirectory: string | undefined
  try {
    const isolation = refuse(reportOf(host, spec, root, cgroup), spec)
    const below = attachSnapshots(input.snapshots, source)
    scratchDirectory = spec.scratch === 'disk' ? await input.scratchDirectory() : undefined
    if (scratchDirectory !== undefined && host.lease !== undefined) chownSync(scratchDirectory, host.lease.start, host.lease.start)
    signal?.throwIfAborted()
    const parts = {
      spec,
      ids: host.ids,
      cgroup,
      root,
      mounts,
      snapshots: below,
      mountPoint: join(host.runtime.own, 'mount'),
      scratchDirectory,
      procCovers: host.procCovers,
      hasTimeNamespaces: host.hasTimeNamespaces,
      landlockAbi: host.supervisor.landlockAbi,
    }
    phases.mark('plan')
    return await launch(host, id, spec, planSandbox(parts), phases, signal, (started) => ({
      ...started,
      cgroup,
      trees: [...root.trees, ...mounts.trees],
      snapshots: input.snapshots,
      isolation,
      scratchDirectory,
      release: () => root.release(),
    }))
  } catch (error) {
    // Where the supervisor got to know of it, it is gone already.
    if (scratchDirectory !== undefined) await rm(scratchDirectory, { recursive: true, force: true })
    await root.release()
    throw explained(error)
  }
}

type Started = Pick<
  ConstructorParameters<typeof LinuxSandbox>[0],
  'id' | 'number' | 'host' | 'spec' | 'init' | 'handOuts' | 'timings' | 'ended'
>

async function launch(
  host: LinuxHost,
  id: string,
  spec: SandboxSpec,
  steps: ReturnType<typeof planSandbox>,
  phases: Phases,
  signal: AbortSignal | undefined,
  complete: (started: Started) => ConstructorParameters<typeof LinuxSandbox>[0],
): Promise<LinuxSandbox> {
  let end: (error: Error) => void = () => undefined
  const ended = new Promise<Error>((resolve) => {
    end = resolve
  })
  let init: InitClient | undefined
  const lose = (error: Error, how: 'killed' | 'lost') => {
    init?.close(error, how)
    end(error)
  }
  const number = host.supervisor.reserve({
    exited: () => lose(init?.closedBy ?? broken('is gone'), 'killed'),
    failed: (error) => lose(error, 'killed'),
    lost: (error) => lose(error, 'lost'),
  })
  const abort = () => lose(signal?.reason as Error, 'killed')
  let handOuts: HandOuts | undefined
  try {
    const [ours, theirs] = native().socketPair()
    try {
      init = new InitClient(ours, () => host.supervisor.killInit(number))
      host.supervisor.create(number, steps, theirs)
    } finally {
      native().close(theirs)
    }
    signal?.addEventListener('abort', abort, { once: true })
    handOuts = await pendingCall(init.ready)
    signal?.throwIfAborted()
    phases.mark('start')
    return new LinuxSandbox(complete({ id, number, host, spec, init, handOuts, timings: phases.list, ended }))
  } catch (error) {
    init?.close(error as Error)
    if (handOuts !== undefined) await closeHandOuts(handOuts)
    await host.supervisor.close(number)
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
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
