// A store that keeps to a number of bytes: whenever something was added, caches go until it fits again.

/** Runs `trim` after something was added; who comes while it runs shares the next run. */
export class Quota {
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(readonly trim: () => Promise<unknown>) {}

  /** Resolves once a trim that began after the call has ended. */
  settle(): Promise<void> {
    this.#next ??= this.#running.then(async () => {
      this.#next = undefined
      const running = this.trim()
      this.#running = running.catch(() => undefined)
      await running
    })
    return this.#next
  }
}
