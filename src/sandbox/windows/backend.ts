// Starting a sandbox on Windows: walls, a job with the limits, a registry; what cannot be enforced is refused before anything runs.
import { randomBytes } from 'node:crypto'
import { UnsupportedError } from '../../core/index.js'
import { nativeWindows } from '../../native/index.js'
import type { Backend, StartInput } from '../backend.js'
import { JobObject, whyNot } from '../job/index.js'
import { normalize, type SandboxSpec } from '../spec.js'
import type { IsolationEntry, IsolationReport } from '../types.js'
import { jobLimits, limitEntries, refuse } from './isolation.js'
import { RegistryView } from './registry-view.js'
import { WindowsSandbox } from './sandbox.js'
import { appContainer, objectDirectory, privateDesktop, restrictedToken } from './walls.js'

const NO_QUARANTINE: IsolationEntry = {
  status: 'refused',
  how: "the host's own files, as far as this user (at low integrity) may write them",
  why: 'writes are not kept apart on Windows yet',
  remedy: 'give the program a directory of its own to work in',
}

function checkSpec(spec: SandboxSpec, input: StartInput): void {
  if (spec.mounts.length > 0) throw new UnsupportedError('mounts are not supported on Windows', { remedy: 'leave them out' })
  if (input.root.kind !== 'host')
    throw new UnsupportedError("root: images and directories cannot be a sandbox's root on Windows yet", { remedy: "use root: 'host'" })
  if (input.snapshots.length > 0) throw new UnsupportedError('fork: not supported on Windows yet')
}

/** Everything made so far, undone in the opposite order. */
class Undo {
  readonly #steps: (() => void)[] = []
  add(step: () => void): void {
    this.#steps.push(step)
  }
  run(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) step()
  }
}

function networkEntry(spec: SandboxSpec, container: IsolationEntry | undefined): IsolationEntry {
  if (spec.network === 'host') return { status: 'off', how: "the host's network, as asked for (network: 'host')" }
  if (container?.status === 'enforced') return { status: 'enforced', how: 'an AppContainer without network capabilities' }
  return {
    status: 'refused',
    how: "the host's network",
    why: `without an AppContainer there is no wall around the network (${container?.why ?? 'none was made'})`,
    remedy: "use network: 'host'",
  }
}

function build(spec: SandboxSpec, input: StartInput, undo: Undo) {
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
  const registry = input.registry === undefined ? undefined : new RegistryView(id, input.registry)
  if (registry !== undefined) undo.add(() => registry.close(false))
  const isolation: IsolationReport = {
    job: { status: 'enforced', how: 'a job object: every process is in it from birth and ends with it, and with this process' },
    container: container?.entry ?? { status: 'off', how: "for network: 'none' alone" },
    token: token?.entry ?? { status: 'enforced', how: "the container's own token" },
    integrity: token?.integrity ?? { status: 'enforced', how: 'low integrity, as all AppContainers' },
    desktop: desktop.entry,
    objects: objects.entry,
    registry: registry?.entry ?? { status: 'off', how: "the host's registry, as far as the token may" },
    rootfs: NO_QUARANTINE,
    net: networkEntry(spec, container?.entry),
    seccomp: { status: 'off', how: 'Windows has no filter of system calls for this' },
    ...limitEntries(spec, job.notEnforced, whyNot(nativeWindows())),
  }
  return { id, job, registry, isolation, container, token, desktop, objects, path }
}

async function start(spec: SandboxSpec, input: StartInput, signal: AbortSignal | undefined): Promise<WindowsSandbox> {
  checkSpec(spec, input)
  signal?.throwIfAborted()
  const startedAt = performance.now()
  const undo = new Undo()
  try {
    const { id, job, registry, isolation, container, token, desktop, objects, path } = build(spec, input, undo)
    const report = refuse(isolation, spec.onUnenforceable)
    return new WindowsSandbox({
      id,
      job,
      registry,
      isolation: report,
      timings: [{ phase: 'start', durationMs: performance.now() - startedAt }],
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
    undo.run()
    throw error
  }
}

async function probe(): Promise<IsolationReport> {
  const limits = { memoryMaxBytes: 2 ** 30, pidsMax: 100, cpusMax: 1, lifetimeMaxMs: 1000 }
  const undo = new Undo()
  try {
    return build(normalize({ limits, onUnenforceable: 'degrade' }), { root: { kind: 'host' }, snapshots: [] } as never, undo).isolation
  } finally {
    undo.run()
  }
}

/** Job objects, restricted tokens, desktops. */
export const windowsBackend: Backend = { idMode: () => 'single', start, probe }
