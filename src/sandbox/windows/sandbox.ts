// One running sandbox on Windows: a job, what its commands are started with, and what is undone at its end.
import { Socket } from 'node:net'
import { ClosedError, UnsupportedError } from '../../core/index.js'
import type { Change } from '../../layer/index.js'
import type { Step } from '../../native/index.js'
import type { FileAnswer, FileBase, RawProcess, RunningSandbox, SpawnRequest } from '../backend.js'
import { Events } from '../events.js'
import { type JobObject, KILLED, spawnInJobs } from '../job/index.js'
import type { UserSpec } from '../option-checks.js'
import { pendingCall } from '../pending.js'
import type { IsolationReport, SandboxStats } from '../types.js'
import type { Quarantine } from './files/quarantine.js'
import type { RegistryView } from './registry-view.js'

/** What a started sandbox holds. */
export interface WindowsParts {
  readonly id: string
  readonly job: JobObject
  readonly isolation: IsolationReport
  readonly timings: readonly { readonly phase: string; readonly durationMs: number }[]
  readonly token: number | undefined
  readonly containerSid: Uint8Array | undefined
  readonly desktop: string | undefined
  readonly objects: { readonly handle: number; readonly path: string } | undefined
  readonly registry: RegistryView | undefined
  readonly quarantine: Quarantine
  /** What is asked for and when a limit takes effect, for events. */
  readonly limits: { readonly memoryMaxBytes?: number | undefined; readonly pidsMax?: number | undefined }
  /** Undoes the walls. */
  release(): void
}

// What was killed is gone within milliseconds; the message of the last one is waited for no longer than this.
const END_MAX_MS = 2000

/** A sandbox's life, seen from Node. */
export class WindowsSandbox implements RunningSandbox {
  readonly events = new Events()
  // A job does not end by itself.
  readonly ended = new Promise<Error>(() => undefined)
  readonly #parts: WindowsParts
  #closed: Promise<void> | undefined
  #isFrozen = false

  constructor(parts: WindowsParts) {
    this.#parts = parts
    parts.job.on('limit', ({ limit }) => {
      const max = limit === 'memoryMaxBytes' ? parts.limits.memoryMaxBytes : limit === 'pidsMax' ? parts.limits.pidsMax : undefined
      if (max !== undefined) this.events.emit('limit', { limit, value: max, max })
    })
  }

  get id(): string {
    return this.#parts.id
  }
  get isolation(): IsolationReport {
    return this.#parts.isolation
  }
  get timings(): WindowsParts['timings'] {
    return this.#parts.timings
  }

  async spawn(request: SpawnRequest): Promise<RawProcess> {
    await this.resolveUser(request.user)
    if (request.terminal !== undefined)
      throw new UnsupportedError('pty: terminals are not supported on Windows yet', { remedy: 'use pipes' })
    const { job, token, desktop, containerSid, objects, registry, quarantine } = this.#parts
    const overrides = registry?.overrides ?? []
    const own = { ...quarantine.environment, ...(objects === undefined ? {} : { STRATABOX_OBJECTS: objects.path }) }
    const { commands } = quarantine
    const { PATH } = request.env
    const env = { ...own, ...request.env, ...(PATH === undefined ? {} : { PATH: commands.search(PATH) }) }
    const [program = '', ...rest] = request.argv
    const application = commands.program(program, env)
    return spawnInJobs({
      // A program sees its own name as it was called; one inside by its place on the host, which it can open.
      argv: [/[\\/]/.test(program) ? application : program, ...rest],
      application,
      env,
      cwd: commands.onHost(request.cwd),
      mergeStderr: request.mergeStderr,
      hasStdin: request.hasStdin,
      jobs: [job.handle],
      token,
      desktop,
      containerSid,
      inherited: [...(objects === undefined ? [] : [objects.handle]), ...overrides.map(([, key]) => key)],
      overrides,
      isOutOfMemory: () => job.ranOutOfMemory,
    })
  }

  async resolveUser(user: UserSpec): Promise<{ uid: number; gid: number }> {
    if (typeof user === 'object' && user.uid === 0 && user.gid === 0) return user
    // The accounts of Windows images: here there are no others than this process's.
    if (typeof user === 'string' && /^container(user|administrator)$/i.test(user)) return { uid: 0, gid: 0 }
    throw new UnsupportedError('user: a sandbox on Windows runs as the user of this process', { remedy: 'leave it out' })
  }

  async socket(_isIpv6: boolean, allowHalfOpen: boolean): Promise<Socket> {
    return new Socket({ allowHalfOpen })
  }

  async file(request: Step, base: FileBase | number): Promise<FileAnswer> {
    if (this.#closed !== undefined) throw new ClosedError('the sandbox is closed')
    return this.#parts.quarantine.request(request, base)
  }
  async *changes(mount: string | undefined): AsyncGenerator<Change> {
    yield* this.#parts.quarantine.changes(mount)
  }
  snapshot(directory: string): Promise<() => Promise<void>> {
    return this.#parts.quarantine.snapshot(directory)
  }

  killAll(signal: number): void {
    if (signal !== 0) this.#parts.job.terminate(KILLED)
  }

  stats(): SandboxStats {
    const { job } = this.#parts
    const { userUs, kernelUs, activeProcesses, readBytes, writeBytes, memoryPeakBytes } = job.stats()
    return {
      cpuUsageUs: userUs + kernelUs,
      memoryBytes: 0,
      memoryPeakBytes,
      pids: activeProcesses,
      ioReadBytes: readBytes,
      ioWriteBytes: writeBytes,
    }
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }
  async freeze(): Promise<void> {
    this.#parts.job.freeze(true)
    this.#isFrozen = true
  }
  async thaw(): Promise<void> {
    this.#parts.job.freeze(false)
    this.#isFrozen = false
  }

  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    const { job, registry, quarantine, release } = this.#parts
    if (job.pids().length > 0) {
      const empty = new Promise<void>((resolve) => job.on('empty', resolve))
      job.terminate(KILLED)
      await pendingCall(atMost(empty, END_MAX_MS))
    }
    registry?.close(true)
    job.close()
    await quarantine.close()
    release()
  }
}

async function atMost(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([promise, new Promise((resolve) => (timer = setTimeout(resolve, ms)))])
  clearTimeout(timer)
}
