// The one supervisor of this Node process: started when the first sandbox is made, replaced when it was killed.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ClosedError, errnoName, SyscallError } from '../../core/index.js'
import { native, nativeDirectory, OP, type ReceivedStep, type Step } from '../../native/index.js'
import { pendingCall } from '../pending.js'
import { closeChannel, discard, send, watch } from './channels.js'
import { failureOf } from './failure.js'

/** What the owner of a sandbox hears of it. `exited`: PID 1 ended by itself. `lost`: the supervisor died, and with it every sandbox. */
export interface SandboxWatcher {
  exited(waitStatus: number): void
  failed(error: Error): void
  lost(error: Error): void
}

interface Waiter {
  resolve(fds: number[]): void
  reject(error: Error): void
}

const CONTROL_ID = 0xffff_ffff

/** The connection to a running supervisor. */
export class Supervisor {
  readonly #channel: number
  readonly #watchers = new Map<number, SandboxWatcher>()
  readonly #waiters = new Map<string, Waiter[]>()
  readonly #free: number[] = []
  readonly pid: number
  #landlockAbi = 0
  #next = 0
  #lost: ClosedError | undefined
  #onNeedsMap: ((pid: number) => Promise<void>) | undefined

  private constructor(pid: number, socket: number) {
    this.pid = pid
    this.#channel = watch(socket, (received, fds) => {
      if (typeof received === 'object') return this.#receive(received.id, received.step, fds)
      discard(fds)
      this.#end()
    })
  }

  /** Starts one. `configure` is the kConfigure step; `onNeedsMap` runs newuidmap(1) for a pid. */
  static async start(configure: Step, locks: readonly number[], onNeedsMap: (pid: number) => Promise<void>): Promise<Supervisor> {
    const { pid, channel } = native().startSupervisor(join(nativeDirectory(), 'stratabox-supervisor'))
    const supervisor = new Supervisor(pid, channel)
    supervisor.#onNeedsMap = onNeedsMap
    try {
      await supervisor.#ask(CONTROL_ID, 'configured', [configure], locks)
      return supervisor
    } catch (error) {
      closeChannel(supervisor.#channel)
      throw error
    }
  }

  /** The kernel's Landlock; 0: none. */
  get landlockAbi(): number {
    return this.#landlockAbi
  }

  get isAlive(): boolean {
    return this.#lost === undefined
  }

  /** A number for a new sandbox, unused by any other. */
  reserve(watcher: SandboxWatcher): number {
    if (this.#lost !== undefined) throw this.#lost
    const id = this.#free.pop() ?? this.#next++
    this.#watchers.set(id, watcher)
    return id
  }

  /** From now on another hears of it. */
  rewatch(id: number, watcher: SandboxWatcher): void {
    this.#watchers.set(id, watcher)
  }

  /** Sends a sandbox's plan; success and the child's own failures arrive on PID 1's socket. */
  create(id: number, steps: readonly Step[], initSocket: number): void {
    send(this.#channel, id, [{ op: OP.create }, ...steps], [initSocket])
  }

  /** Makes a child ahead of its sandbox, with the first part of a plan. One that fails is heard of as `exited` or `failed`. */
  createBlank(id: number, steps: readonly Step[]): void {
    send(this.#channel, id, [{ op: OP.blank }, ...steps])
  }

  /** Sends such a child the rest: from here on as after `create`. */
  resume(id: number, steps: readonly Step[], initSocket: number): void {
    send(this.#channel, id, [{ op: OP.resume }, ...steps], [initSocket])
  }

  /** Ends a sandbox and everything it left; resolves when nothing is there any more. */
  async close(id: number): Promise<void> {
    if (this.#lost === undefined) {
      try {
        await this.#ask(id, 'closed', [{ op: OP.close }])
      } catch (error) {
        // A supervisor that died has taken the sandbox with it.
        if (!(error instanceof ClosedError)) throw error
      }
    }
    this.#watchers.delete(id)
    this.#free.push(id)
  }

  /** Takes charge of a directory: it is removed when the function that comes back is called, and when this process or the supervisor ends. The supervisor
   *  may remove what other ids of sandboxes have written; this process may not. */
  removeAtEnd(path: string): () => Promise<void> {
    const nothing = () => undefined
    const id = this.reserve({ exited: nothing, failed: nothing, lost: nothing })
    send(this.#channel, id, [{ op: OP.removeAtEnd, strings: [path] }])
    return async () => {
      await this.close(id)
      if (this.#lost !== undefined) await rm(path, { recursive: true, force: true })
    }
  }

  /** SIGKILL to PID 1, and so to every process of the sandbox. */
  killInit(id: number): void {
    if (this.#lost === undefined) send(this.#channel, id, [{ op: OP.killAll, ints: [9] }])
  }

  /** A user namespace below the sandbox's in which only (uid, gid) exist: its root. The fd is the caller's. */
  async userNamespace(id: number, uid: number, gid: number): Promise<number> {
    const [fd] = await this.#ask(id, 'userns', [{ op: OP.userns, ints: [uid, gid] }])
    return fd as number
  }

  /** An unconnected TCP socket of the sandbox's own network namespace. The fd is the caller's. @throws SyscallError */
  async socket(id: number, isIpv6: boolean): Promise<number> {
    const [fd] = await this.#ask(id, 'socket', [{ op: OP.socket, ints: [isIpv6 ? 1 : 0] }])
    return fd as number
  }

  /** Starts a file helper that answers on `socket`. */
  async startHelper(socket: number): Promise<void> {
    await this.#ask(CONTROL_ID, 'helper', [{ op: OP.helper }], [socket])
  }

  #ask(id: number, answer: string, steps: readonly Step[], fds: readonly number[] = []): Promise<number[]> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    const key = `${id}:${answer}`
    return pendingCall(
      new Promise((resolve, reject) => {
        this.#waiters.set(key, [...(this.#waiters.get(key) ?? []), { resolve, reject }])
        try {
          send(this.#channel, id, steps, fds)
        } catch (error) {
          this.#settle(key, (waiter) => waiter.reject(error as Error))
        }
      }),
    )
  }

  #settle(key: string, settle: (waiter: Waiter) => void): boolean {
    const [waiter, ...rest] = this.#waiters.get(key) ?? []
    if (waiter === undefined) return false
    if (rest.length === 0) this.#waiters.delete(key)
    else this.#waiters.set(key, rest)
    settle(waiter)
    return true
  }

  #receive(id: number, step: ReceivedStep, fds: number[]): void {
    switch (step.op) {
      case OP.configured:
        this.#landlockAbi = Number(step.ints[0] ?? 0n)
        return void this.#settle(`${id}:configured`, (waiter) => waiter.resolve(fds))
      case OP.helperReady:
        return void this.#settle(`${id}:helper`, (waiter) => waiter.resolve(fds))
      case OP.usernsReady:
        return void this.#settle(`${id}:userns`, (waiter) => waiter.resolve(fds))
      case OP.socketReady:
        return this.#passSocket(id, step, fds)
      case OP.closed:
        return void this.#settle(`${id}:closed`, (waiter) => waiter.resolve(fds))
      case OP.needsMap:
        return this.#mapIds(Number(step.ints[0]))
      case OP.exited:
        return this.#watchers.get(id)?.exited(Number(step.ints[0]))
      case OP.failed: {
        const error = failureOf(step)
        const isAnswer = ['configured', 'helper', 'userns'].some((answer) =>
          this.#settle(`${id}:${answer}`, (waiter) => waiter.reject(error)),
        )
        if (!isAnswer) this.#watchers.get(id)?.failed(error)
      }
    }
  }

  #passSocket(id: number, step: ReceivedStep, fds: number[]): void {
    const errno = Number(step.ints[0] ?? 5n)
    this.#settle(`${id}:socket`, (waiter) =>
      errno === 0
        ? waiter.resolve(fds)
        : waiter.reject(new SyscallError({ errno, code: errnoName(errno), syscall: 'socket', step: 'net' })),
    )
  }

  #mapIds(pid: number): void {
    this.#onNeedsMap?.(pid).then(
      () => send(this.#channel, CONTROL_ID, [{ op: OP.mapped }]),
      (error: Error) => this.#settle(`${CONTROL_ID}:configured`, (waiter) => waiter.reject(error)),
    )
  }

  #end(): void {
    const lost = new ClosedError('the supervisor has died, and every sandbox of this process with it', {
      code: 'ERR_SUPERVISOR_DIED',
      remedy: 'create new sandboxes: the next one starts a new supervisor',
    })
    this.#lost = lost
    closeChannel(this.#channel)
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.reject(lost)
    this.#waiters.clear()
    for (const watcher of this.#watchers.values()) watcher.lost(lost)
  }
}
