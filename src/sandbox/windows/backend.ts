// Starting a sandbox on Windows: walls, a job with the limits, a registry; what cannot be enforced is refused before anything runs.
import { randomBytes } from 'node:crypto'
import { nativeWindows } from '../../native/index.js'
import { mountSource, refuseExposure } from '../../rootfs/index.js'
import { sidText } from '../../windows-layer/index.js'
import type { Backend, RootInput, StartInput } from '../backend.js'
import { JobObject, whyNot } from '../job/index.js'
import { normalize, type SandboxSpec } from '../spec.js'
import type { IsolationEntry, IsolationReport } from '../types.js'
import { type PlacedMount, placeMounts } from './files/mounts.js'
import { Quarantine } from './files/quarantine.js'
import { jobLimits, limitEntries, refuse } from './isolation.js'
import { RegistryView } from './registry-view.js'
import { WindowsSandbox } from './sandbox.js'
import { appContainer, objectDirectory, privateDesktop, restrictedToken } from './walls.js'

/** What is decided before anything is made. */
function checkInput(spec: SandboxSpec, { root, hiddenPlaces }: StartInput): PlacedMount[] {
  if (root.kind === 'lowers') throw new TypeError('unpacked layers are a root on Linux')
  const mounts = placeMounts(spec.mounts)
  const shown = mounts.flatMap(({ path, source }) =>
    source === undefined ? [] : [{ of: `mounts[${JSON.stringify(path)}]`, path: source.path }],
  )
  if (root.kind === 'directory') shown.push({ of: 'root', path: mountSource(root.path).path })
  for (const { of, path } of shown) refuseExposure(path, of, hiddenPlaces(), [])
  return mounts
}

/** Everything made so far, undone in the opposite order. */
class Undo {
  readonly #steps: (() => void | Promise<void>)[] = []
  add(step: () => void | Promise<void>): void {
    this.#steps.push(step)
  }
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step()
  }
}

function networkEntry(spec: SandboxSpec, container: IsolationEntry | undefined): IsolationEntry {
  if (spec.network === 'host') return { status: 'off', how: "the host's network, as asked for (network: 'host')" }
  if (container?.status === 'enforced') return { status: 'enforced', how: 'an AppContainer without network capabilities' }
  return {
    status: container?.status === 'degraded' ? 'degraded' : 'refused',
    how: "the host's network",
    why: `without an AppContainer there is no wall around the network (${container?.why ?? 'none was made'})`,
    remedy: "use network: 'host'",
  }
}

/** What the files are, said plainly. */
function rootEntry({ isLabelled, links }: Quarantine, root: RootInput, container: IsolationEntry | undefined): IsolationEntry {
  const isHost = root.kind === 'host' || (root.kind === 'tree' && root.isHost)
  const left = links === 0 ? '' : `; ${links} links of the root are left out, which only a privilege can make`
  const how = isHost ? "the host's own files, and a directory for what is written" : 'a copy of the root in a directory of its own'
  const reads = container?.status === 'enforced' ? 'what all packages may read' : 'what this user may read'
  const writes = isLabelled
    ? 'writes elsewhere are refused by integrity level'
    : `nothing keeps programs from writing elsewhere: ${systemName()} takes ACLs and labels and does not keep them`
  return { status: 'degraded', how: `quarantine: ${how}`, why: `the rest of the host is in view: ${reads}; ${writes}${left}` }
}

/** Walls, job and registry: all but the files. */
function build(spec: SandboxSpec, registryViews: StartInput['registry'], undo: Undo) {
  const id = randomBytes(8).toString('hex')
  const name = `stratabox-${id}`
  const container = spec.network === 'none' ? appContainer(name) : undefined
  if (container !== undefined) undo.add(() => container.release())
  // A container's token is one of its own; restricting it as well is not proven to work.
  const token = container?.value === undefined ? restrictedToken() : undefined
  if (token !== undefined) undo.add(() => token.release())
  const desktop = privateDesktop(name)
  undo.add(() => desktop.release())
  const path = `\\BaseNamedObjects\\${name}`
  const objects = objectDirectory(path)
  undo.add(() => objects.release())
  const job = JobObject.create({ limits: jobLimits(spec.limits), restrictUi: true, onUnenforceable: 'degrade' })
  undo.add(() => job.close())
  const registry = registryViews === undefined ? undefined : new RegistryView(id, registryViews)
  if (registry !== undefined) undo.add(() => registry.close(false))
  // On Wine nothing is a wall: whoever did not ask for this one is told, and not refused for it.
  const isTold = container?.entry.status === 'refused' && !spec.isNetworkAsked && nativeWindows().wineVersion() !== undefined
  const containerEntry = container === undefined || !isTold ? container?.entry : { ...container.entry, status: 'degraded' as const }
  const isolation: IsolationReport = {
    job: { status: 'enforced', how: 'a job object: every process is in it from birth and ends with it, and with this process' },
    net: networkEntry(spec, containerEntry),
    container: containerEntry ?? { status: 'off', how: "for network: 'none' alone" },
    token: token?.entry ?? { status: 'enforced', how: "the container's own token" },
    integrity: token?.integrity ?? { status: 'enforced', how: 'low integrity, as all AppContainers' },
    desktop: desktop.entry,
    objects: objects.entry,
    registry: registry?.entry ?? { status: 'off', how: "the host's registry, as far as the token may" },
    seccomp: { status: 'off', how: 'Windows has no filter of system calls for this' },
    ...limitEntries(spec, job.notEnforced, whyNot(nativeWindows())),
  }
  return { id, job, registry, isolation, container, token, desktop, objects, path }
}

async function start(spec: SandboxSpec, input: StartInput, signal: AbortSignal | undefined): Promise<WindowsSandbox> {
  const mounts = checkInput(spec, input)
  signal?.throwIfAborted()
  const startedAt = performance.now()
  const undo = new Undo()
  try {
    const { id, job, registry, isolation, container, token, desktop, objects, path } = build(spec, input.registry, undo)
    // Before any file is copied.
    const walls = refuse(isolation, spec.onUnenforceable)
    const builtAt = performance.now()
    const scratch = await input.scratchDirectory()
    const sid = container?.value === undefined ? undefined : sidText(container.value)
    const quarantine = await Quarantine.make({ scratch, root: input.root, mounts, snapshots: input.snapshots, container: sid }, signal)
    undo.add(() => quarantine.close())
    const entries = { rootfs: rootEntry(quarantine, input.root, container?.entry), mounts: mountEntry(mounts, quarantine.isLabelled) }
    return new WindowsSandbox({
      id,
      job,
      registry,
      quarantine,
      isolation: { ...walls, ...entries },
      timings: [
        { phase: 'walls', durationMs: builtAt - startedAt },
        { phase: 'files', durationMs: performance.now() - builtAt },
      ],
      token: token?.value,
      containerSid: container?.value,
      desktop: desktop.value,
      objects: objects.value === undefined ? undefined : { handle: objects.value, path },
      limits: spec.limits,
      release: () => {
        container?.release()
        token?.release()
        desktop.release()
        objects.release()
      },
    })
  } catch (error) {
    await undo.run()
    throw error
  }
}

function mountEntry(mounts: readonly PlacedMount[], isLabelled: boolean): IsolationEntry {
  if (mounts.length === 0) return { status: 'off', how: 'none asked for' }
  const bound = isLabelled ? "; what is 'read' is of medium integrity, and cannot be written" : ''
  const unbound =
    mounts.some(({ kind }) => kind === 'read') && !isLabelled
      ? `; ${systemName()} keeps nobody from writing to the copy of a 'read' mount`
      : ''
  return { status: 'degraded', how: `copies made at the start${bound}`, why: `Windows shows no directory at a second place${unbound}` }
}

const systemName = (): string => {
  const wine = nativeWindows().wineVersion()
  return wine === undefined ? 'this Windows' : `Wine ${wine}`
}

async function probe(): Promise<IsolationReport> {
  const limits = { memoryMaxBytes: 2 ** 30, pidsMax: 100, cpusMax: 1, lifetimeMaxMs: 1000 }
  const undo = new Undo()
  try {
    const { isolation } = build(normalize({ network: 'none', limits, onUnenforceable: 'degrade' }), undefined, undo)
    const rootfs: IsolationEntry = {
      status: 'degraded',
      how: 'quarantine: a directory for what is written',
      why: 'the rest of the host is in view',
    }
    return { ...isolation, rootfs }
  } finally {
    await undo.run()
  }
}

/** Job objects, restricted tokens, desktops, a quarantine for files. */
export const windowsBackend: Backend = { idMode: () => 'single', start, probe }
