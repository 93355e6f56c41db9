// fork: the writes so far are copied once, while nothing moves, and every fork stands on that one copy.
import { type Started, startSandbox } from './start.js'
import { contentOf } from './store.js'

type Fill<T, N extends number, Found extends T[]> = Found['length'] extends N ? Found : Fill<T, N, [...Found, T]>
/** N of them, by position where N is a literal up to 16. */
export type Tuple<T, N extends number> = number extends N
  ? T[]
  : N extends 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16
    ? Fill<T, N, []>
    : T[]
/** The forks, disposed together. */
export type Forks<T, N extends number> = Tuple<T, N> & AsyncDisposable

/** A snapshot directory that lives as long as somebody stands on it. */
class SharedSnapshot {
  #users = 0
  readonly #remove: () => Promise<void>

  constructor(remove: () => Promise<void>) {
    this.#remove = remove
  }

  hold(): () => Promise<void> {
    this.#users++
    let isHeld = true
    return async () => {
      if (!isHeld) return
      isHeld = false
      if (--this.#users === 0) await this.#remove()
    }
  }
}

const AT_ONCE = 16
const shared = new Map<string, SharedSnapshot>()

/** Holds snapshots that somebody has made and holds. */
function holdAll(paths: readonly string[]): () => Promise<void> {
  const releases = paths.map((path) => (shared.get(path) as SharedSnapshot).hold())
  return async () => {
    for (const release of releases) await release()
  }
}

/** A new snapshot of what a sandbox has written, held by nobody yet. */
async function take({ running }: Started['session'], path: string): Promise<void> {
  const wasFrozen = running.isFrozen
  if (!wasFrozen) await running.freeze()
  try {
    const remove = await running.snapshot(path)
    const forget = async () => {
      shared.delete(path)
      await remove()
    }
    shared.set(path, new SharedSnapshot(forget))
  } finally {
    if (!wasFrozen) await running.thaw()
  }
}

/** @throws UnsupportedError for a fork too deep; the signal's reason, when those made are closed again */
export async function forkSandbox<T extends { close(): Promise<void> }, N extends number>(
  started: Started,
  { count, signal }: { readonly count: N; readonly signal: AbortSignal | undefined },
  wrap: (started: Started) => T,
): Promise<Forks<T, N>> {
  const { session, root, options, snapshots, store } = started
  const { path } = await contentOf(await store()).scratch()
  const paths = [...snapshots, path]
  const releaseBelow = holdAll(snapshots)
  let release = async () => undefined as void
  try {
    await take(session, path)
    release = holdAll([path])
    const one = async (): Promise<T> => {
      const letGo = holdAll(paths)
      try {
        return wrap({
          ...(await startSandbox({ ...options, root: started.image ?? root, store: await store(), signal }, paths)),
          release: letGo,
        })
      } catch (error) {
        await letGo()
        throw error
      }
    }
    // Some at a time: each waits for its PID 1 most of the while, and the next one's plan is ready by then.
    const forks: T[] = []
    for (let left: number = count; left > 0; left -= AT_ONCE) {
      const made = await Promise.allSettled(Array.from({ length: Math.min(left, AT_ONCE) }, one))
      for (const each of made) if (each.status === 'fulfilled') forks.push(each.value)
      const failed = made.find((each) => each.status === 'rejected')
      if (failed === undefined) continue
      await Promise.all(forks.map((fork) => fork.close()))
      throw failed.reason
    }
    const dispose = async () => {
      await Promise.all(forks.map((fork) => fork.close()))
    }
    return Object.assign(forks, { [Symbol.asyncDispose]: dispose }) as unknown as Forks<T, N>
  } finally {
    await release()
    await releaseBelow()
  }
}
