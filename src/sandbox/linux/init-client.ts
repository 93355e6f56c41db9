// PID 1's client: asks it to start and signal processes, and hears of their ends. All that it says is untrusted.
import { ClosedError } from '../../core/index.js'
import { native, OP, type ReceivedStep, type Step } from '../../native/index.js'
import { closeChannel, send, watch } from './channels.js'
import { failureOf } from './failure.js'

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

interface Pending {
  started(pid: number): void
  failed(error: Error): void
  ended(end: ProcessEnd): void
  isStarted: boolean
}

/** The connection to one sandbox's PID 1. */
export class InitClient {
  readonly #channel: number
  readonly #requests = new Map<number, Pending>()
  #next = 1
  #closed: Error | undefined
  #settleReady: { resolve(fds: HandOuts): void; reject(error: Error): void } | undefined
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
  spawn(request: Step, fds: readonly number[], ended: (end: ProcessEnd) => void): Promise<{ id: number; pid: number }> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const id = this.#next
    this.#next = (this.#next % 0x7fff_ffff) + 1
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { started: (pid) => resolve({ id, pid }), failed: reject, ended, isStarted: false })
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

  /** Ends it from this side: PID 1 sees end of file. Whatever still waits rejects with `error`. */
  close(error: Error): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    closeChannel(this.#channel)
    this.#settleReady?.reject(error)
    for (const request of this.#requests.values()) this.#give(request, error)
    this.#requests.clear()
  }

  /** What had started ends as if killed; what had not, fails. */
  #give(request: Pending, error: Error): void {
    if (request.isStarted) request.ended({ waitStatus: 9, cpuUserUs: 0, cpuSystemUs: 0, memoryPeakBytes: 0 })
    else request.failed(error)
  }

  #receive(step: ReceivedStep | undefined, id: number, fds: number[]): void {
    const isReady = step?.op === OP.ready && fds.length === 2
    if (!isReady) for (const fd of fds) native().close(fd)
    if (step === undefined) return this.close(new ClosedError('the sandbox has ended: its PID 1 is gone', { code: 'ERR_SANDBOX_ENDED' }))
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
      case OP.exit:
        this.#requests.delete(id)
        return request?.ended({
          waitStatus: Number(step.ints[0] ?? 9n),
          cpuUserUs: Number(step.ints[1] ?? 0n),
          cpuSystemUs: Number(step.ints[2] ?? 0n),
          memoryPeakBytes: Number(step.ints[3] ?? 0n),
        })
    }
  }
}
