// What callers hold open of a sandbox's files, which ends with the sandbox.
import type { EventEmitter } from 'node:events'

/** The open FileHandles and streams of one sandbox. */
export class OpenFiles {
  readonly #closers = new Map<EventEmitter, () => Promise<void>>()
  #isClosed = false

  /** Until it says 'close' itself, `close` is what closes it. False when the sandbox was closed meanwhile: then it is the caller's to close. */
  add(opened: EventEmitter, close: () => Promise<void>): boolean {
    if (this.#isClosed) return false
    opened.once('close', () => this.#closers.delete(opened))
    this.#closers.set(opened, close)
    return true
  }

  /** Closes all, once what each is doing is done. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#closers.values()].map((close) => close()))
  }
}
