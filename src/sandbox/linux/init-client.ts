// PID 1's client: asks it to start and signal processes, and hears of their ends. All that it says is untrusted.
import { close, constants } from 'node:fs'
import { promisify } from 'node:util'
import { ClosedError, errnoName, SyscallError } from '../../core/index.js'
import { native, OP, type Step } from '../../native/index.js'
import type { TerminalSize } from '../types.js'
import { closeChannel, discard, type Received, send, watch } from './channels.js'
import { type InitMessage, type ProcessEnd, readInitMessage } from './init-messages.js'

const closeFd = promisify(close)

/** What PID 1 handed out when the sandbox was ready. */
export interface HandOuts {
  readonly root: number
  readonly upper: number
}

/** Closes them. */
export async function closeHandOuts({ root, upper }: HandOuts): Promise<void> {
  // Off the event loop: the last close of a detached tree unmounts all of it, and waits for the kernel's readers meanwhile.
  await Promise.all([closeFd(root), closeFd(upper)])
}

/** Who hears of a started command's end: exactly one of these is called. */
export interface EndWatcher {
  ended(end: ProcessEnd): void
  /** The sandbox was lost with it. */
  lost(error: Error): void
}

interface Pending {
  started(pid: number): void
  failed(error: Error): void
  readonly watcher: EndWatcher
  isStarted: boolean
}

// A socket, say, could make whoever closes it wait.
const isDirectory = (fd: number): boolean => (native().fstatat(fd, new Uint8Array()).mode & constants.S_IFMT) === constants.S_IFDIR

/** What a sandbox is that ended by itself, or had to be ended. */
export const broken = (what: string): ClosedError =>
  new ClosedError(`the sandbox has ended: its PID 1 ${what}`, { code: 'ERR_SANDBOX_ENDED', remedy: 'create a new one' })

const KILLED: ProcessEnd = { waitStatus: 9, cpuUserUs: 0, cpuSystemUs: 0, memoryPeakBytes: 0 }

/** The connection to one sandbox's PID 1. */
export class InitClient {
  readonly #channel: number
  readonly #kill: () => void
  readonly #requests = new Map<number, Pending>()
  #next = 1
  #closed: Error | undefined
  #isReady = false
  #settleReady: { resolve(fds: HandOuts): void; reject(error: Error): void } | undefined
  /** Called for system calls that the filter handed over: their number (-1: several), and how often. */
  onDenied: (number: number, count: number) => void = () => undefined
  /** Resolves when the root is built, rejects with the step that failed. */
  readonly ready: Promise<HandOuts>

  /** Takes the socket. `kill` is to end PID 1, when nobody can talk with it any more: it may be dead already, or taken over from inside. */
  constructor(socket: number, kill: () => void) {
    this.#kill = kill
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    // A sandbox given up before it was ready has nobody who waits.
    this.ready.catch(() => undefined)
    this.#channel = watch(socket, (received, fds) => this.#receive(received, fds))
  }

  /** Why nobody can talk with PID 1 any more; undefined while it can be talked with. */
  get closedBy(): Error | undefined {
    return this.#closed
  }

  /** Whether a command runs, or is being started. */
  get isBusy(): boolean {
    return this.#requests.size > 0
  }

  /** Starts a command. `fds` as in native/linux/supervisor/exec.h; they stay the caller's. */
  spawn(request: Step, fds: readonly number[], watcher: EndWatcher): Promise<{ id: number; pid: number }> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const id = this.#next
    this.#next = (this.#next % 0x7fff_ffff) + 1
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { started: (pid) => resolve({ id, pid }), failed: reject, watcher, isStarted: false })
      try {
        send(this.#channel, id, [request], fds)
      } catch (error) {
        this.#requests.delete(id)
        reject(error as Error)
      }
    })
  }

  /** Signals one command; `tree` is SIGKILL for it and all that descends from it. False when it has ended. */
  signal(id: number, signal: number, tree: boolean): boolean {
    if (this.#closed !== undefined || !this.#requests.has(id)) return false
    send(this.#channel, 0, [{ op: OP.signal, ints: [id, signal, tree ? 1 : 0] }])
    return true
  }

  /** Changes the size of a command's terminal. Nothing happens when it has none any more. */
  resize(id: number, { columns, rows }: TerminalSize): void {
    if (this.#closed === undefined) send(this.#channel, 0, [{ op: OP.resize, ints: [id, columns, rows] }])
  }

  /** Signals every process but PID 1. */
  signalAll(signal: number): void {
    if (this.#closed === undefined) send(this.#channel, 0, [{ op: OP.signalAll, ints: [signal] }])
  }

  /** Ends it from this side: PID 1 sees end of file. What had not started yet fails with `error`; what had, ends as if killed (which it is), or with
   *  `how: 'lost'` fails too. */
  close(error: Error, how: 'killed' | 'lost' = 'killed'): void {
    this.#stop(error)
    this.#settleReady?.reject(error)
    for (const request of this.#requests.values()) {
      if (!request.isStarted) request.failed(error)
      else if (how === 'lost') request.watcher.lost(error)
      else request.watcher.ended(KILLED)
    }
    this.#requests.clear()
  }

  #stop(error: Error): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    closeChannel(this.#channel)
  }

  #receive(received: Received, fds: number[]): void {
    const message = typeof received === 'object' ? readInitMessage(received.step) : undefined
    if (message?.kind === 'ready' && !this.#isReady && fds.every(isDirectory)) return this.#hearReady(fds)
    discard(fds)
    // Whether PID 1 has ended or everything was lost, the supervisor says; what waits here waits for that.
    if (received === 'end') return this.#giveUp('is gone')
    const isHonest = fds.length === 0 && typeof received === 'object' && message !== undefined && this.#hear(message, received.id)
    if (!isHonest) this.#giveUp('said what it never says')
  }

  #hearReady(fds: number[]): void {
    this.#isReady = true
    const [root, upper] = fds
    if (fds.length === 2) return this.#settleReady?.resolve({ root: root as number, upper: upper as number })
    discard(fds)
    // recvmsg(2) leaves out what this process has no number for.
    const tooMany = { errno: 24, code: errnoName(24), syscall: 'recvmsg' }
    this.#settleReady?.reject(new SyscallError(tooMany, { remedy: 'raise the limit on open files (ulimit -n), or close some sandboxes' }))
  }

  /** False for what does not fit what was asked. */
  #hear(message: InitMessage, id: number): boolean {
    const request = this.#requests.get(id)
    switch (message.kind) {
      case 'ready':
        return false
      case 'failed':
        if (this.#isReady) return false
        this.#settleReady?.reject(message.error)
        return true
      case 'denied':
        if (!this.#isReady) return false
        this.onDenied(message.call, message.count)
        return true
      case 'spawned':
        if (request === undefined || request.isStarted) return false
        request.isStarted = true
        request.started(message.pid)
        return true
      case 'spawnFailed':
        if (request === undefined || request.isStarted) return false
        this.#requests.delete(id)
        request.failed(message.error)
        return true
      case 'exit':
        if (request?.isStarted !== true) return false
        this.#requests.delete(id)
        request.watcher.ended(message.end)
        return true
    }
  }

  #giveUp(what: string): void {
    this.#stop(broken(what))
    this.#kill()
  }
}
