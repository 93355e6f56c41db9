// The file helper's client: one request, one answer, in order. It works on any sandbox of this process, running or not, through the fds PID 1 handed out.
import { readFileSync } from 'node:fs'
import { ClosedError, encodePath, errnoName, FsError } from '../../core/index.js'
import { decodeMessage, native, OP, type ReceivedStep, type Step } from '../../native/index.js'
import type { FileAnswer } from '../backend.js'
import { pendingCall } from '../pending.js'
import { closeChannel, discard, send, watch } from './channels.js'
import type { Supervisor } from './supervisor.js'

interface Waiter {
  readonly request: Step
  readonly resolve: (answer: FileAnswer) => void
  readonly reject: (error: Error) => void
}

const textOf = (value: string | Uint8Array | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

/** A running helper. */
export class FileHelper {
  readonly #channel: number
  readonly #waiters = new Map<number, Waiter>()
  #next = 0
  #ended: Error | undefined

  private constructor(socket: number) {
    this.#channel = watch(socket, (received, fds) => {
      if (typeof received === 'object') return this.#receive(received.id, received.step, fds)
      discard(fds)
      this.#end()
    })
  }

  /** Starts one under the supervisor. */
  static async start(supervisor: Supervisor): Promise<FileHelper> {
    const [ours, theirs] = native().socketPair()
    try {
      await supervisor.startHelper(theirs)
    } catch (error) {
      native().close(ours)
      throw error
    } finally {
      native().close(theirs)
    }
    return new FileHelper(ours)
  }

  get isAlive(): boolean {
    return this.#ended === undefined
  }

  /** One request below the directory `rootFd`. @throws FsError */
  request(request: Step, rootFd: number, ...fds: number[]): Promise<FileAnswer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    for (const text of request.strings ?? []) {
      if (typeof text === 'string' && text.includes('\0')) return Promise.reject(new TypeError('a path must not hold NUL'))
      if (typeof text === 'string' && encodePath(text).length > 4095)
        return Promise.reject(
          new FsError({ code: 'ENAMETOOLONG', errno: -36, syscall: 'open', path: `${text.slice(0, 80)}…`, message: 'name too long' }),
        )
    }
    const id = this.#next
    this.#next = (this.#next + 1) >>> 0
    return pendingCall(
      new Promise((resolve, reject) => {
        this.#waiters.set(id, { request, resolve, reject })
        try {
          send(this.#channel, id, [request], [rootFd, ...fds])
        } catch (error) {
          this.#waiters.delete(id)
          reject(error as Error)
        }
      }),
    )
  }

  #receive(id: number, step: ReceivedStep, fds: number[]): void {
    const waiter = this.#waiters.get(id)
    this.#waiters.delete(id)
    const [fd, ...rest] = fds
    for (const extra of rest) native().close(extra)
    if (waiter === undefined) {
      if (fd !== undefined) native().close(fd)
      return
    }
    if (step.op === OP.inMemfd && fd !== undefined) {
      // A memfd of our own helper: reading it does not block.
      const bytes = readFileSync(fd)
      native().close(fd)
      return waiter.resolve({ ints: [], strings: [], fd: undefined, entries: decodeMessage(bytes).steps })
    }
    const errno = Number(step.ints[0] ?? 5n)
    if (errno === 0) return waiter.resolve({ ints: step.ints.slice(1), strings: step.strings, fd, entries: [] })
    if (fd !== undefined) native().close(fd)
    const [path, dest] = (waiter.request.strings ?? []).map(textOf)
    const syscall = new TextDecoder().decode(step.strings[0] ?? new Uint8Array())
    waiter.reject(new FsError({ code: errnoName(errno), errno: -errno, syscall, path, dest }))
  }

  #end(): void {
    this.#ended = new ClosedError('the file helper has ended', { remedy: 'create a new sandbox' })
    closeChannel(this.#channel)
    for (const waiter of this.#waiters.values()) waiter.reject(this.#ended)
    this.#waiters.clear()
  }
}
