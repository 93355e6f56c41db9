// A Windows job object: processes that are limited, counted and ended together. Source: Win32 "Job Objects".
import { ClosedError, optionsObject, rejectUnknown, type StrataError, stringOption, UnsupportedError } from '../../core/index.js'
import { nativeWindows, type WindowsBinding } from '../../native/index.js'
import { commandArguments, normalizeRun } from '../command-spec.js'
import { Events } from '../events.js'
import { SandboxProcess } from '../process.js'
import type { Command, SpawnOptions } from '../types.js'
import { baseEnvironment } from './environment.js'
import {
  decodeAccounting,
  decodeExtendedLimits,
  decodeProcessIds,
  encodeCpuRate,
  encodeExtendedLimits,
  encodeFreeze,
  encodeUiRestrictions,
  JOB_INFO,
  JOB_LIMIT,
  type JobAccounting,
} from './layouts.js'
import { checkJobLimits, cpuRate, extendedLimits, type JobLimits, limitsNotKept } from './limits.js'
import { JOB_MESSAGE, watchJob } from './messages.js'
import { spawnInJobs } from './spawn.js'

/** Options of `JobObject.create`. */
export interface JobObjectOptions {
  /** In the session's namespace of objects; default: none. A name that is taken is an error (`EEXIST`). */
  readonly name?: string | undefined
  readonly limits?: JobLimits | undefined
  /** Ends every process when the last handle is closed: also when this process dies. Default: true. */
  readonly killOnClose?: boolean | undefined
  /** 'allow': processes may start others outside, if they ask to. Default: 'deny'. */
  readonly breakaway?: 'deny' | 'allow' | undefined
  /** No clipboard, no windows, hooks and handles of others, no logging off. Default: false. */
  readonly restrictUi?: boolean | undefined
  /** 'degrade': limits that this system does not keep (Wine keeps none) are listed in `notEnforced`. Default: 'refuse', UnsupportedError. */
  readonly onUnenforceable?: 'refuse' | 'degrade' | undefined
}

/** What a job has used so far. Of a Wine without accounting, zeros. */
export interface JobStats extends JobAccounting {
  /** Most committed memory at any time. */
  readonly memoryPeakBytes: number
}

/** Events of a job with their listeners' arguments. */
export interface JobEvents {
  /** A process joined. */
  start: [event: { readonly pid: number }]
  /** A process ended; `abnormal`: by an unhandled exception. */
  exit: [event: { readonly pid: number; readonly abnormal: boolean }]
  /** The last one ended. */
  empty: []
  /** A limit took effect. `pid`: whose request was refused; 0 where the system does not say. */
  limit: [event: { readonly limit: keyof JobLimits; readonly pid: number }]
}

const LIMIT_OF: ReadonlyMap<number, keyof JobLimits> = new Map([
  [JOB_MESSAGE.endOfJobTime, 'cpuTimeMaxMs'],
  [JOB_MESSAGE.endOfProcessTime, 'processCpuTimeMaxMs'],
  [JOB_MESSAGE.processLimit, 'pidsMax'],
  [JOB_MESSAGE.processMemoryLimit, 'processMemoryMaxBytes'],
  [JOB_MESSAGE.jobMemoryLimit, 'memoryMaxBytes'],
])
const UI_ALL = 0xff
const PIDS_MAX = 4096

/** Processes that are limited, counted and ended together. Windows 8 and later; jobs nest. */
export class JobObject implements AsyncDisposable {
  /** Limits that were asked for and that this system does not keep. */
  readonly notEnforced: readonly string[]
  readonly #events = new Events<JobEvents>()
  readonly #binding: WindowsBinding
  readonly #unwatch: () => void
  #handle: number | undefined
  #memoryLimitHits = 0

  private constructor(binding: WindowsBinding, handle: number, notEnforced: readonly string[]) {
    this.#binding = binding
    this.#handle = handle
    this.notEnforced = notEnforced
    this.#unwatch = watchJob(handle, (message, pid) => this.#receive(message, pid))
  }

  /** @throws UnsupportedError on other systems, and for limits that cannot be enforced; SyscallError */
  static create(options?: JobObjectOptions): JobObject {
    const given = optionsObject(options, 'JobObject')
    rejectUnknown(given, ['name', 'limits', 'killOnClose', 'breakaway', 'restrictUi', 'onUnenforceable'], 'JobObject')
    const name = stringOption(given.name, 'name')
    const limits = checkJobLimits(given.limits)
    const binding = nativeWindows()
    const handle = binding.createJob(name ?? null)
    try {
      const flags = (given.killOnClose === false ? 0 : JOB_LIMIT.killOnClose) | (given.breakaway === 'allow' ? JOB_LIMIT.breakawayOk : 0)
      if (given.restrictUi === true) attempt(() => binding.setJob(handle, JOB_INFO.uiRestrictions, encodeUiRestrictions(UI_ALL)))
      const missing = applyLimits(binding, handle, limits, flags)
      if (missing.length > 0 && given.onUnenforceable !== 'degrade')
        throw new UnsupportedError(`limits.${missing[0]} cannot be enforced here: ${whyNot(binding)}`, {
          remedy: "leave the limit out, or pass onUnenforceable: 'degrade'",
        })
      return new JobObject(binding, handle, missing)
    } catch (error) {
      binding.closeHandle(handle)
      throw error
    }
  }

  /** The job's handle, for calls of this library. @throws ClosedError */
  get handle(): number {
    if (this.#handle === undefined) throw new ClosedError('the job is closed', { remedy: 'create a new one' })
    return this.#handle
  }

  /** Whether a limit of memory took effect so far. */
  get ranOutOfMemory(): boolean {
    return this.#memoryLimitHits > 0
  }

  /** Puts a running process, and what it starts from now on, into the job. @throws SyscallError */
  assign(pid: number): void {
    this.#binding.assignProcess(this.handle, pid)
  }

  /** Starts a program in the job: it is never outside of it. Its environment is this process's, with `env` on top. @throws SyscallError */
  async spawn(command: Command, options?: Omit<SpawnOptions, 'user' | 'entrypoint'>): Promise<SandboxProcess> {
    const spec = normalizeRun(options)
    spec.signal?.throwIfAborted()
    const argv = commandArguments(command)
    const startedAt = performance.now()
    const raw = await spawnInJobs({
      argv,
      env: { ...baseEnvironment(), ...process.env, ...spec.env },
      cwd: spec.cwd,
      mergeStderr: spec.mergeStderr,
      hasStdin: true,
      jobs: [this.handle],
      isOutOfMemory: () => this.ranOutOfMemory,
    })
    return new SandboxProcess({ raw, command: argv, spec, startedAt })
  }

  /** Processes in the job now. */
  pids(): readonly number[] {
    for (let room = PIDS_MAX; ; room *= 4) {
      const { count, pids } = decodeProcessIds(this.#binding.queryJob(this.handle, JOB_INFO.processIds, 8 + 8 * room))
      if (pids.length >= count || room > 2 ** 24) return pids
    }
  }

  /** What the job has used. */
  stats(): JobStats {
    const both = attempt(() => this.#binding.queryJob(this.handle, JOB_INFO.accounting, 96))
    const bytes = both ?? this.#binding.queryJob(this.handle, JOB_INFO.basicAccounting, 48)
    const { peakJobMemory } = decodeExtendedLimits(this.#binding.queryJob(this.handle, JOB_INFO.extendedLimits, 144))
    return { ...decodeAccounting(bytes), memoryPeakBytes: Number(peakJobMemory) }
  }

  /** Stops every process where it is, or lets them go on. One that starts meanwhile is stopped with the others. */
  freeze(isFrozen: boolean): void {
    // Undocumented, and the one way that leaves nobody out; elsewhere process by process, until there is none that was not.
    if (succeeds(() => this.#binding.setJob(this.handle, JOB_INFO.freeze, encodeFreeze(isFrozen)))) return
    const done = new Set<number>()
    for (;;) {
      const left = this.pids().filter((pid) => !done.has(pid))
      if (left.length === 0) return
      for (const pid of left) {
        attempt(() => this.#binding.freezeProcess(pid, isFrozen))
        done.add(pid)
      }
    }
  }

  /** Ends every process with this exit code. */
  terminate(exitCode = 1): void {
    this.#binding.terminateJob(this.handle, exitCode)
  }

  on<K extends keyof JobEvents>(event: K, listener: (...args: JobEvents[K]) => void): this {
    this.#events.on(event, listener)
    return this
  }
  off<K extends keyof JobEvents>(event: K, listener: (...args: JobEvents[K]) => void): this {
    this.#events.off(event, listener)
    return this
  }

  /** Lets go of the job: with killOnClose, every process ends. Twice is fine. */
  close(): void {
    if (this.#handle === undefined) return
    this.#unwatch()
    this.#binding.closeHandle(this.#handle)
    this.#handle = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #receive(message: number, pid: number): void {
    const limit = LIMIT_OF.get(message)
    if (limit === 'memoryMaxBytes' || limit === 'processMemoryMaxBytes') this.#memoryLimitHits++
    if (limit !== undefined) this.#events.emit('limit', { limit, pid })
    else if (message === JOB_MESSAGE.newProcess) this.#events.emit('start', { pid })
    else if (message === JOB_MESSAGE.exitProcess) this.#events.emit('exit', { pid, abnormal: false })
    else if (message === JOB_MESSAGE.abnormalExit) this.#events.emit('exit', { pid, abnormal: true })
    else if (message === JOB_MESSAGE.empty) this.#events.emit('empty')
  }
}

/** Sets the limits, asks the system what it has of them, and gives the names of those that it has not. */
function applyLimits(binding: WindowsBinding, handle: number, limits: JobLimits, flags: number): readonly string[] {
  const asked = extendedLimits(limits, flags)
  binding.setJob(handle, JOB_INFO.extendedLimits, encodeExtendedLimits(asked))
  const missing = [...limitsNotKept(limits, asked, binding.queryJob(handle, JOB_INFO.extendedLimits, 144))]
  const rate = cpuRate(limits)
  if (rate !== undefined && !succeeds(() => binding.setJob(handle, JOB_INFO.cpuRate, encodeCpuRate(rate))))
    missing.push('weight' in rate ? 'cpuWeight' : 'cpusMax')
  const { ioMaxBytesPerSecond = 0, ioMaxOperationsPerSecond = 0 } = limits
  if (ioMaxBytesPerSecond + ioMaxOperationsPerSecond > 0) {
    if (!succeeds(() => binding.setIoRate(handle, ioMaxOperationsPerSecond, ioMaxBytesPerSecond, null)))
      missing.push(ioMaxBytesPerSecond > 0 ? 'ioMaxBytesPerSecond' : 'ioMaxOperationsPerSecond')
  }
  return missing
}

/** Why a limit is not kept, in words. */
export const whyNot = (binding: WindowsBinding): string => {
  const wine = binding.wineVersion()
  return wine === undefined ? 'this Windows refused it' : `Wine ${wine} does not enforce limits of jobs`
}

/** The result; undefined where the system refuses the call. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (typeof (error as StrataError & { errno?: number }).errno !== 'number') throw error
    return undefined
  }
}

/** Whether the system takes the call. */
function succeeds(call: () => void): boolean {
  const isDone = attempt(() => {
    call()
    return true
  })
  return isDone === true
}
