// PID 1's client: asks it to start and signal processes, and hears of their ends. All that it says is untrusted.
import { close } from 'node:fs'
import { promisify } from 'node:util'
import { ClosedError } from '../../core/index.js'
import { native, OP, type ReceivedStep, type Step } from '../../native/index.js'
import { closeChannel, send, watch } from './channels.js'
import { failureOf } from './failure.js'

const closeFd = promisify(close)

/** How a process ended: a wait(2) status and its rusage. */
export interface ProcessEnd {
  readonly waitStatus: number
  readonly cpuUserUs: number
  readonly cpuSystemUs: number
  readonly memoryPeakBytes: number
}

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

const KILLED: ProcessEnd = { waitStatus: 9, cpuUserUs: 0, cpuSystemUs: 0, memoryPeakBytes: 0 }

/** The connection to one sandbox's PID 1. */
export class InitClient {
  readonly #channel: number
  readonly #requests = new Map<number, Pending>()
  #next = 1
  #closed: Error | undefined
  #settleReady: { resolve(fds: HandOuts): void; reject(error: Error): void } | undefined
  /** Called for system calls that the filter handed over: their number (-1: several), and how often. */
  onDenied: (number: number, count: number) => void = () => undefined
  /** Resolves when the root is built, rejects with the step that failed. */
  readonly ready: Promise<HandOuts>

  constructor(channel: number) {
    this.#channel = channel
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    // A sandbox given up before it was ready has nobody who waits.
    this.ready.catch(() => undefined)
    watch(channel, (message, fds) => this.#receive(message?.step, message?.id ?? 0, fds))
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

  #receive(step: ReceivedStep | undefined, id: number, fds: number[]): void {
    const isReady = step?.op === OP.ready && fds.length === 2
    if (!isReady) for (const fd of fds) native().close(fd)
    // Whether PID 1 has ended or everything was lost, the supervisor says; what waits here waits for that.
    if (step === undefined) return this.#stop(new ClosedError('the sandbox has ended: its PID 1 is gone', { code: 'ERR_SANDBOX_ENDED' }))
    const request = this.#requests.get(id)
    switch (step.op) {
      case OP.ready:
        if (isReady) this.#settleReady?.resolve({ root: fds[0] as number, upper: fds[1] as number })
        return
      case OP.failed:
        return this.#settleReady?.reject(failureOf(step))
      case OP.spawned:
        if (request !== undefined) request.isStarted = true
        return request?.started(Number(step.ints[0] ?? 0n))
      case OP.spawnFailed:
        this.#requests.delete(id)
        return request?.failed(failureOf(step))
      case OP.denied:
        return this.onDenied(Number(step.ints[0] ?? -1n), Number(step.ints[1] ?? 1n))
      case OP.exit:
        this.#requests.delete(id)
        return request?.watcher.ended({
          waitStatus: Number(step.ints[0] ?? 9n),
          cpuUserUs: Number(step.ints[1] ?? 0n),
          cpuSystemUs: Number(step.ints[2] ?? 0n),
          memoryPeakBytes: Number(step.ints[3] ?? 0n),
        })
    }
  }
}
