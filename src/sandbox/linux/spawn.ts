// Starting a command: its pipes, its ids, its filter, and the request to PID 1.
import { Socket } from 'node:net'
import { errnoName, SyscallError } from '../../core/index.js'
import { native, OP, type Step } from '../../native/index.js'
import type { ProcessExit, RawProcess, SpawnRequest } from '../backend.js'
import { capabilityMask } from '../capabilities.js'
import { pendingCall } from '../pending.js'
import { compileSeccomp, filterFlags, notifiedErrno } from '../seccomp/index.js'
import { exitOf } from '../signals.js'
import type { SandboxSpec } from '../spec.js'
import type { FallbackLimits } from './fallback.js'
import type { ResolvedUser } from './ids.js'
import type { EndWatcher, InitClient } from './init-client.js'
import type { ProcessEnd } from './init-messages.js'
import { largestFile } from './limit-watch.js'

const FLAG = { nullStdin: 1, inUserns: 2, setGroups: 4, terminal: 8 } as const
const UMASK = 0o022
// Linux's own bound on one argument (MAX_ARG_STRLEN is 32 pages); all together are bounded by the stack limit, which execve(2) checks itself.
const ARGUMENTS_MAX_BYTES = 64 * 2 ** 20

/** What a spawn needs from its sandbox. */
export interface SpawnContext {
  readonly init: InitClient
  readonly spec: SandboxSpec
  readonly idKind: 'range' | 'sub' | 'single'
  /** Start of a root host's range of ids. */
  readonly idBase: number | undefined
  /** What stands in for control groups that there are not. */
  readonly fallback: FallbackLimits
  /** A namespace in which only this user exists, under a single-id map. */
  userNamespace(uid: number, gid: number): Promise<number>
  oomKills(): number
  /** Called before the program starts. */
  starting(): void
  /** Called before anybody else hears of a command's end. */
  ended(exit: ProcessExit): void
}

const nulTerminated = (texts: readonly string[]): string => texts.map((text) => `${text}\0`).join('')

function groupBytes(groups: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(new Uint32Array(groups.slice(0, 64)).buffer)
  return bytes
}

/** The filter's program; its flags, and what answers the calls that it hands over. */
function filterOf({ seccomp, capabilities }: SandboxSpec): { program: Uint8Array; flags: readonly [flags: number, errno: number] } {
  if (seccomp === undefined) return { program: new Uint8Array(), flags: [0, 0] }
  const program = compileSeccomp(seccomp, { arch: process.arch === 'arm64' ? 'arm64' : 'x64', capabilities })
  return { program, flags: [filterFlags(seccomp), notifiedErrno(seccomp)] }
}

function requestStep(request: SpawnRequest, user: ResolvedUser, { spec, fallback }: SpawnContext, flags: number): Step {
  const env: SpawnRequest['env'] = { HOME: user.home, ...request.env }
  const variables = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  const filter = filterOf(spec)
  const { columns, rows } = request.terminal ?? { columns: 0, rows: 0 }
  const limits = [spec.limits.openFilesMax ?? -1, largestFile(spec)?.bytes ?? -1, 0]
  const strings = [
    request.cwd,
    nulTerminated(request.argv),
    nulTerminated(variables),
    env['PATH'] ?? '',
    groupBytes(user.groups),
    filter.program,
  ]
  if ((strings[1] as string).length > ARGUMENTS_MAX_BYTES)
    throw new SyscallError(
      { errno: 7, code: errnoName(7), syscall: 'execve', step: 'exec' },
      { remedy: 'pass long input through stdin or a file' },
    )
  const ids = [user.uid, user.gid, capabilityMask(spec.capabilities)]
  const more = [fallback.dataMaxBytes ?? -1, fallback.processesMax ?? -1]
  return {
    op: OP.spawn,
    ints: [...ids, flags, request.argv.length, ...limits, UMASK, columns, rows, ...filter.flags, ...more],
    strings,
  }
}

/** SIGKILL, or a failure: a shell's whose child was killed. Another signal is somebody else's. Source: wait(2), the status' low bits are the signal. */
const mayBeOomKill = (waitStatus: number): boolean => waitStatus !== 0 && [0, 9].includes(waitStatus & 0x7f)

/** Pipes of one command: our ends, and those that PID 1 gets. */
class Pipes {
  readonly ours: number[] = []
  readonly theirs: number[] = []
  readonly #fds = new Set<number>()
  readonly #sockets: Socket[] = []

  add(direction: 'read' | 'write', owner: { uid: number; gid: number } | undefined): void {
    const [read, write] = native().pipe(direction)
    const [our, their] = direction === 'read' ? [read, write] : [write, read]
    this.#fds.add(our).add(their)
    this.ours.push(our)
    this.theirs.push(their)
    // Opening /dev/stdout again inside checks the pipe's owner.
    if (owner !== undefined) native().fchown(their, owner.uid, owner.gid)
  }

  closeTheirs(): void {
    for (const fd of this.theirs) if (this.#fds.delete(fd)) native().close(fd)
  }

  closeAll(): void {
    for (const fd of this.#fds) native().close(fd)
    this.#fds.clear()
    for (const socket of this.#sockets) socket.destroy()
  }

  socket(k: number, direction: 'read' | 'write'): Socket {
    const fd = this.ours[k] as number
    const socket = new Socket({ fd, readable: direction === 'read', writable: direction === 'write' })
    this.#fds.delete(fd)
    this.#sockets.push(socket)
    // Until somebody has it: calls keep the loop alive, pipes do not, and a pipe that breaks has ended.
    socket.unref().on('error', () => undefined)
    return socket
  }
}

/** A command's end as a promise. */
class ExitWatcher implements EndWatcher {
  readonly exit: Promise<ProcessExit>
  #settle: { resolve(exit: ProcessExit): void; reject(error: Error): void } | undefined
  readonly #isOomKilled: (end: ProcessEnd) => boolean
  readonly #tell: (exit: ProcessExit) => void

  /** `isOomKilled`: the shell whose child was killed for memory fails with a code, not with the signal. */
  constructor(isOomKilled: (end: ProcessEnd) => boolean, tell: (exit: ProcessExit) => void) {
    this.#isOomKilled = isOomKilled
    this.#tell = tell
    this.exit = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // A command that could not be started has nobody who waits for its end.
    this.exit.catch(() => undefined)
  }

  ended(end: ProcessEnd): void {
    const { waitStatus, ...usage } = end
    const exit = { ...exitOf(waitStatus), oomKilled: this.#isOomKilled(end), ...usage }
    this.#tell(exit)
    this.#settle?.resolve(exit)
  }

  lost(error: Error): void {
    this.#settle?.reject(error)
  }
}

/** Makes the pipes of a command, and says which of their ends PID 1 gets, in its order. A terminal is PID 1's: two pipes lead to it. */
function openPipes(pipes: Pipes, request: SpawnRequest, owner: { uid: number; gid: number } | undefined): readonly number[] {
  if (request.hasStdin) pipes.add('write', owner)
  pipes.add('read', owner)
  if (!request.mergeStderr) pipes.add('read', owner)
  const isDoubled = request.mergeStderr && request.terminal === undefined
  return isDoubled ? [...pipes.theirs, pipes.theirs[request.hasStdin ? 1 : 0] as number] : pipes.theirs
}

/** Starts one command; resolves when the program runs. @throws SyscallError when it cannot */
export async function spawnCommand(context: SpawnContext, request: SpawnRequest, user: ResolvedUser): Promise<RawProcess> {
  const { init } = context
  const hasTerminal = request.terminal !== undefined
  const isNested = context.idKind === 'single' && (user.uid !== 0 || user.gid !== 0)
  const owner = context.idBase === undefined ? undefined : { uid: context.idBase + user.uid, gid: context.idBase + user.gid }
  const flags =
    (hasTerminal ? FLAG.terminal : 0) |
    (request.hasStdin ? 0 : FLAG.nullStdin) |
    (isNested ? FLAG.inUserns : 0) |
    (context.idKind === 'single' ? 0 : FLAG.setGroups)
  const message = requestStep(request, user, context, flags)
  const namespace = isNested ? await context.userNamespace(user.uid, user.gid) : undefined
  const pipes = new Pipes()
  try {
    const fds = [...openPipes(pipes, request, owner), ...(namespace === undefined ? [] : [namespace])]
    const oomBefore = context.oomKills()
    const watcher = new ExitWatcher((end) => mayBeOomKill(end.waitStatus) && context.oomKills() > oomBefore, context.ended)
    context.starting()
    const starting = init.spawn(message, fds, watcher)
    // Streams are made while the program starts: for a short one they take as long as all else.
    pipes.closeTheirs()
    let next = 0
    const stdin = request.hasStdin ? pipes.socket(next++, 'write') : undefined
    const stdout = pipes.socket(next++, 'read')
    const stderr = request.mergeStderr ? undefined : pipes.socket(next, 'read')
    const { id, pid } = await pendingCall(starting)
    return {
      pid,
      stdin,
      stdout,
      stderr,
      resize: hasTerminal ? (size) => init.resize(id, size) : undefined,
      exit: watcher.exit,
      kill: (signal) => init.signal(id, signal, false),
      killTree: () => void init.signal(id, 9, true),
    }
  } catch (error) {
    pipes.closeAll()
    throw error
  } finally {
    if (namespace !== undefined) native().close(namespace)
  }
}
