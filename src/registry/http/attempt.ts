// One try of a request: ended by the caller's signal, or by silence that lasts too long.
import { TimeoutError } from '../../core/index.js'

/** The signal of one try. `touch` it with every sign of life, `end` it when it is over. */
export class Attempt {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #idleMs: number
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #abort = () => this.#controller.abort(this.#outer?.reason)

  constructor(outer: AbortSignal | undefined, idleMs: number) {
    this.#outer = outer
    this.#idleMs = idleMs
    if (outer?.aborted === true) this.#abort()
    else outer?.addEventListener('abort', this.#abort, { once: true })
    this.touch()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The other side is alive. */
  touch(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#controller.abort(new TimeoutError(`the registry was silent for ${this.#idleMs} ms`))
    }, this.#idleMs)
  }

  /** Twice is fine. */
  end(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#abort)
  }

  /** Passes chunks on, each a sign of life; ends with them. */
  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of chunks) {
        this.touch()
        yield chunk
      }
    } catch (error) {
      throw this.signal.aborted ? this.signal.reason : error
    } finally {
      this.end()
    }
  }
}
