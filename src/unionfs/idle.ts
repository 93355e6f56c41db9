// A timer that ends what nobody uses, and keeps no process alive.

/** How long streams stay open after use. In milliseconds. */
const IDLE_MS = 2_000

/** Calls `end` once nothing was used for two seconds. */
export class Idle {
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(readonly end: () => Promise<void>) {}

  /** From now on. */
  start(): void {
    this.stop()
    // Nobody waits for this end: what fails in it fails again for whoever reads next.
    this.#timer = setTimeout(() => void this.end().catch(() => undefined), IDLE_MS)
    letGo(this.#timer)
  }

  /** In use again, or over. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}

// In Node a timer keeps the process alive unless told not to; in a browser it is a number.
function letGo(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') timer.unref()
}
