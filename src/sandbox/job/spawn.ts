// A process in jobs, from birth: pipes, token, desktop, another registry, and only then its first instruction.
import type { Readable } from 'node:stream'
import { nativeWindows } from '../../native/index.js'
import type { ProcessExit, RawProcess } from '../backend.js'
import { pendingCall } from '../pending.js'
import { commandLine, environmentBlock } from './command-line.js'
import { decodeExtendedLimits, encodeExtendedLimits, JOB_INFO, JOB_LIMIT } from './layouts.js'
import { extendedLimits } from './limits.js'
import { exitOf } from './messages.js'
import { type StdioPipe, stdioPipe } from './stdio.js'

/** Exit code of what was killed, as Task Manager gives it. */
export const KILLED = 1

/** What a command is started with. */
export interface JobSpawn {
  readonly argv: readonly string[]
  /** The program's file. Undefined: looked for as CreateProcess does. */
  readonly application?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Undefined: this process's own. */
  readonly cwd: string | undefined
  readonly mergeStderr: boolean
  readonly hasStdin: boolean
  /** Jobs that it is in, the outermost first. */
  readonly jobs: readonly number[]
  readonly token?: number | undefined
  readonly desktop?: string | undefined
  readonly containerSid?: Uint8Array | undefined
  /** Handles that it inherits besides its stdio. */
  readonly inherited?: readonly number[] | undefined
  /** Predefined registry keys that it sees as others: handles among `inherited`. */
  readonly overrides?: readonly (readonly [predefined: number, key: number])[] | undefined
  /** Whether a message of the jobs says that memory ran out. */
  readonly isOutOfMemory?: (() => boolean) | undefined
}

/** Starts it. @throws SyscallError when it cannot be */
export async function spawnInJobs(spawn: JobSpawn): Promise<RawProcess> {
  const binding = nativeWindows()
  const line = commandLine(spawn.argv)
  const block = environmentBlock(spawn.env)
  const pipes: StdioPipe[] = []
  const opened: number[] = []
  const pipe = async (direction: 'read' | 'write'): Promise<StdioPipe> => {
    const made = await pendingCall(stdioPipe(direction))
    pipes.push(made)
    opened.push(made.theirs)
    return made
  }
  // A job of its own for the command: what descends from it ends with it.
  const own = binding.createJob(null)
  let process: number | undefined
  let thread: number | undefined
  try {
    binding.setJob(own, JOB_INFO.extendedLimits, encodeExtendedLimits(extendedLimits({}, JOB_LIMIT.killOnClose)))
    const stdin = spawn.hasStdin ? await pipe('write') : undefined
    const stdout = await pipe('read')
    const stderr = spawn.mergeStderr ? undefined : await pipe('read')
    const input = stdin?.theirs ?? binding.openStdio('NUL', false)
    if (stdin === undefined) opened.push(input)
    const stdio = [input, stdout.theirs, (stderr ?? stdout).theirs]
    const { application = null, inherited = [], token = 0, desktop = null, containerSid = null } = spawn
    const jobs = [...spawn.jobs, own]
    const started = binding.createProcess(
      application,
      line,
      block,
      spawn.cwd ?? null,
      stdio,
      jobs,
      inherited,
      token,
      desktop,
      containerSid,
      0,
    )
    process = started.process
    thread = started.thread
    for (const [predefined, key] of spawn.overrides ?? []) binding.overrideKey(process, thread, predefined, key)
    const exit = exitOf(process)
    binding.resumeThread(thread)
    return new JobProcess(started.pid, process, own, exit, { stdin, stdout, stderr }, spawn.isOutOfMemory ?? (() => false))
  } catch (error) {
    for (const { socket } of pipes) socket.destroy()
    if (process !== undefined) {
      binding.terminateProcess(process, KILLED)
      binding.closeHandle(process)
    }
    binding.closeHandle(own)
    throw error
  } finally {
    for (const handle of opened) binding.closeHandle(handle)
    if (thread !== undefined) binding.closeHandle(thread)
  }
}

interface Stdio {
  readonly stdin: StdioPipe | undefined
  readonly stdout: StdioPipe
  readonly stderr: StdioPipe | undefined
}

/** A command that runs, with the job it has for itself. */
class JobProcess implements RawProcess {
  readonly pid: number
  readonly stdin: RawProcess['stdin']
  readonly stdout: Readable
  readonly stderr: Readable | undefined
  readonly resize = undefined
  readonly exit: Promise<ProcessExit>
  readonly #process: number
  readonly #job: number
  #isOver = false
  #killedBy: number | undefined

  constructor(pid: number, process: number, job: number, exit: Promise<number>, stdio: Stdio, isOutOfMemory: () => boolean) {
    this.pid = pid
    this.#process = process
    this.#job = job
    this.stdin = stdio.stdin?.socket
    this.stdout = stdio.stdout.socket
    this.stderr = stdio.stderr?.socket
    this.exit = exit.then((exitCode) => this.#end(exitCode, isOutOfMemory()))
  }

  #end(exitCode: number, isOutOfMemory: boolean): ProcessExit {
    const binding = nativeWindows()
    const [cpuUserUs, cpuSystemUs] = binding.processTimes(this.#process)
    const { peakJobMemory } = decodeExtendedLimits(binding.queryJob(this.#job, JOB_INFO.extendedLimits, 144))
    this.#isOver = true
    binding.closeHandle(this.#process)
    const signal = this.#killedBy === undefined ? null : this.#killedBy === 9 ? 'SIGKILL' : 'SIGTERM'
    // Descendants live on as they would without us: the job is no longer to kill them.
    binding.setJob(this.#job, JOB_INFO.extendedLimits, encodeExtendedLimits(extendedLimits({}, 0)))
    binding.closeHandle(this.#job)
    const oomKilled = isOutOfMemory && exitCode !== 0
    return {
      exitCode: signal === null ? exitCode : null,
      signal,
      oomKilled,
      cpuUserUs,
      cpuSystemUs,
      memoryPeakBytes: Number(peakJobMemory),
    }
  }

  kill(signal: number): boolean {
    if (this.#isOver) return false
    // Windows has no signals: 0 asks, all others end it.
    if (signal === 0) return true
    this.#killedBy = signal
    nativeWindows().terminateProcess(this.#process, KILLED)
    return true
  }

  killTree(): void {
    if (this.#isOver) return
    this.#killedBy = 9
    nativeWindows().terminateJob(this.#job, KILLED)
  }
}
