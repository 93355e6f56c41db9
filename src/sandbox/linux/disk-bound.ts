// diskMaxBytes for scratch on disk. No file system gives a quota to everybody, so it is watched while something runs: the free space of the whole
// file system, which costs one call, tells when the tree can have grown enough to be worth counting; and a tree that has grown too big ends every process.
import { closeSync, constants, openSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { type AskBelow, diskUsage } from './disk-usage.js'

const PERIOD_MS = 100
// Somebody else may free what the sandbox takes: then free space does not tell, so the tree is counted every so often anyhow.
const COUNT_AT_LEAST_EVERY_MS = 3000
// Counting takes at most this share of the time.
const DUTY = 4

/** What the watch needs from its sandbox. */
export interface DiskBoundParts {
  /** The scratch directory on disk. */
  readonly directory: string
  readonly maxBytes: number
  readonly ask: AskBelow
  /** Whether anything but PID 1 runs. */
  isBusy(): boolean
  /** Stops every process while a tree that is probably too big is counted; resolves to what lets them go on. */
  hold(): Promise<() => Promise<void>>
  /** The tree has `value` bytes, more than the limit: ends every process. */
  exceeded(value: number): void
}

/** Watches one tree as long as the sandbox is busy. */
export class DiskBound {
  readonly #parts: DiskBoundParts
  readonly #stop = new AbortController()
  readonly #fd: number
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #usedBytes = 0
  #freeBytes = 0
  #countedAt = Number.NEGATIVE_INFINITY
  #notBefore = 0
  #starts = 0

  constructor(parts: DiskBoundParts) {
    this.#parts = parts
    this.#fd = openSync(parts.directory, constants.O_RDONLY | constants.O_DIRECTORY)
  }

  /** Something has started: looks at once, then again and again until nothing runs. */
  wake(): void {
    this.#starts++
    if (this.#timer !== undefined || this.#stop.signal.aborted) return
    this.#timer = setInterval(() => this.#tick(), PERIOD_MS)
    this.#timer.unref()
    void this.look()
  }

  /** Ends the watch. */
  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    clearInterval(this.#timer)
    await this.#looking
    closeSync(this.#fd)
  }

  #tick(): void {
    if (this.#looking !== undefined) return
    const isBusy = this.#parts.isBusy()
    if (!isBusy) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    // The last look, when all has ended, finds what the last moments wrote.
    void this.look(!isBusy)
  }

  /** One look; `certainly` counts whatever the free space says. */
  look(certainly = false): Promise<void> {
    this.#looking ??= this.#look(certainly)
      .catch((error: Error) => this.#warn(error))
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  async #look(certainly: boolean): Promise<void> {
    const { bfree, bsize } = await statfs(this.#parts.directory)
    const now = performance.now()
    const grown = Math.max(0, this.#freeBytes - bfree * bsize)
    const headroom = this.#parts.maxBytes - this.#usedBytes
    const isDue = certainly || grown > headroom / 2 || now - this.#countedAt > COUNT_AT_LEAST_EVERY_MS
    if (!isDue || (!certainly && now < this.#notBefore) || this.#stop.signal.aborted) return
    const release = grown > headroom && Number.isFinite(this.#countedAt) ? await this.#parts.hold() : () => Promise.resolve()
    try {
      let starts: number
      do {
        starts = this.#starts
        this.#usedBytes = await this.#count()
        // What has started since must not die for what was removed before it: only a count that began after its start may end it.
      } while (this.#usedBytes > this.#parts.maxBytes && starts !== this.#starts && !this.#stop.signal.aborted)
      this.#freeBytes = bfree * bsize
      this.#countedAt = performance.now()
      this.#notBefore = this.#countedAt + DUTY * (this.#countedAt - now)
      if (!this.#stop.signal.aborted && this.#usedBytes > this.#parts.maxBytes) this.#parts.exceeded(this.#usedBytes)
    } finally {
      await release()
    }
  }

  /** What cannot be counted must not go on growing. */
  async #count(): Promise<number> {
    try {
      return await diskUsage(this.#parts.ask, this.#fd, this.#stop.signal)
    } catch (error) {
      this.#warn(error as Error)
      return Number.POSITIVE_INFINITY
    }
  }

  /** The sandbox, and with it the file helper, can end while we look. */
  #warn(error: Error): void {
    if (!this.#stop.signal.aborted) process.emitWarning(error)
  }
}
