// Layers on their way: who reads one waits until it is here.
import type { Digest } from '../core/index.js'

interface Arrival {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** What is on its way, by digest. */
export class Arrivals {
  readonly #arrivals: ReadonlyMap<Digest, Arrival>

  constructor(digests: readonly Digest[]) {
    this.#arrivals = new Map(digests.map((digest) => [digest, arrival()]))
  }

  /** Resolves when it is here; rejects when it never will be. */
  async of(digest: Digest): Promise<void> {
    await this.#arrivals.get(digest)?.promise
  }

  /** It is here. */
  tell(digest: Digest): void {
    this.#arrivals.get(digest)?.resolve()
  }

  /** What is not here by now never will be. */
  fail(reason: unknown): void {
    for (const { reject } of this.#arrivals.values()) reject(reason)
  }
}

function arrival(): Arrival {
  let settle: Omit<Arrival, 'promise'> | undefined
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // Nobody may ever ask for it.
  promise.catch(() => undefined)
  return { promise, ...settle! }
}
