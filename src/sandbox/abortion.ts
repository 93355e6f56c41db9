// An AbortSignal on a running command: it is killed, and its end waited for, but not for ever: in a paused sandbox nothing dies before it is resumed.

const OVERDUE_MS = 1000

/** Calls `kill` when the signal is aborted, or is already. */
export class Abortion {
  /** Rejects with the reason when the command has not ended a second after it was killed. */
  readonly overdue: Promise<never>
  readonly #signal: AbortSignal | undefined
  readonly #onAbort: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(signal: AbortSignal | undefined, kill: () => void) {
    let reject: (reason: unknown) => void = () => undefined
    this.overdue = new Promise((_, no) => {
      reject = no
    })
    // Whoever raced it against the command's end may be done long since.
    this.overdue.catch(() => undefined)
    this.#signal = signal
    this.#onAbort = () => {
      kill()
      this.#timer = setTimeout(() => reject(signal?.reason), OVERDUE_MS)
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted === true) this.#onAbort()
  }

  /** The command has ended: the signal means nothing any more. */
  end(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    clearTimeout(this.#timer)
  }
}
