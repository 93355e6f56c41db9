// Sandboxes made ahead of need, refilled in the background.
import { type Abortable, ClosedError, callOptions, integerOption, optionsObject } from '../core/index.js'
import { Sandbox } from './sandbox.js'
import type { SandboxOptions } from './start.js'

/** Options of `SandboxPool.create`. */
export interface SandboxPoolOptions extends SandboxOptions {
  /** How many are kept ready, 1 to 1,000. */
  readonly size: number
}

/** Ready sandboxes, all made with the same options. */
export class SandboxPool implements AsyncDisposable {
  readonly #size: number
  readonly #options: SandboxOptions
  readonly #ready: Sandbox[] = []
  readonly #making = new Set<Promise<void>>()
  #closed: Promise<void> | undefined

  private constructor(size: number, options: SandboxOptions) {
    this.#size = size
    this.#options = options
  }

  /** Resolves when all `size` are ready. @throws what Sandbox.create throws */
  static async create(options: SandboxPoolOptions): Promise<SandboxPool> {
    const { size, signal, ...rest } = optionsObject(options, 'SandboxPool')
    const count = integerOption(size, 'size', 1, 1000)
    if (count === undefined) throw new TypeError('SandboxPool: size is missing')
    const pool = new SandboxPool(count, rest)
    try {
      for (let k = 0; k < count; k++) pool.#ready.push(await Sandbox.create({ ...rest, signal }))
      return pool
    } catch (error) {
      await pool.close()
      throw error
    }
  }

  /** A ready one, or one made on the spot. The taker's to close. */
  async take(options?: Abortable): Promise<Sandbox> {
    const { signal } = callOptions(options, 'take')
    if (this.#closed !== undefined) throw new ClosedError('the pool is closed', { remedy: 'create a new one' })
    const ready = this.#ready.pop()
    // After the taker has it: refilling must not delay it.
    setImmediate(() => this.#refill())
    return ready ?? Sandbox.create({ ...this.#options, signal })
  }

  #refill(): void {
    while (this.#closed === undefined && this.#ready.length + this.#making.size < this.#size) {
      const making: Promise<void> = Sandbox.create(this.#options)
        .then(
          async (sandbox) => {
            if (this.#closed === undefined) this.#ready.push(sandbox)
            else await sandbox.close()
          },
          // The next taker makes its own, and is told by that one's error.
          () => undefined,
        )
        .finally(() => this.#making.delete(making))
      this.#making.add(making)
    }
  }

  /** Closes those that nobody took. Twice is fine. */
  close(): Promise<void> {
    this.#closed ??= Promise.resolve().then(async () => {
      await Promise.all(this.#making)
      await Promise.all(this.#ready.splice(0).map((sandbox) => sandbox.close()))
    })
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
