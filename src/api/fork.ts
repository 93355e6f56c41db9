// fork: the writes so far are copied once, while nothing moves, and every fork stands on that one copy.
import { rm } from 'node:fs/promises'
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
  constructor(readonly path: string) {}
  hold(): () => Promise<void> {
    this.#users++
    let isHeld = true
    return async () => {
      if (!isHeld) return
      isHeld = false
      if (--this.#users === 0) await rm(this.path, { recursive: true, force: true })
    }
  }
}

const shared = new Map<string, SharedSnapshot>()

function holdAll(paths: readonly string[]): () => Promise<void> {
  const releases = paths.map((path) => {
    const snapshot = shared.get(path) ?? new SharedSnapshot(path)
    shared.set(path, snapshot)
    return snapshot.hold()
  })
  return async () => {
    for (const release of releases) await release()
  }
}

/** @throws UnsupportedError for a fork too deep */
export async function forkSandbox<T extends { close(): Promise<void> }, N extends number>(
  started: Started,
  count: N,
  wrap: (started: Started) => T,
): Promise<Forks<T, N>> {
  const { session, root, options, snapshots, store } = started
  const { path } = await contentOf(await store()).scratch()
  const paths = [...snapshots, path]
  const release = holdAll(paths)
  try {
    await session.running.freeze()
    try {
      await session.running.snapshot(path)
    } finally {
      await session.running.thaw()
    }
    const forks: T[] = []
    try {
      for (let k = 0; k < count; k++) {
        const letGo = holdAll(paths)
        try {
          const one = await startSandbox({ ...options, root: started.image ?? root, store: await store() }, paths)
          forks.push(wrap({ ...one, release: letGo }))
        } catch (error) {
          await letGo()
          throw error
        }
      }
    } catch (error) {
      await Promise.all(forks.map((fork) => fork.close()))
      throw error
    }
    const dispose = async () => {
      await Promise.all(forks.map((fork) => fork.close()))
    }
    return Object.assign(forks, { [Symbol.asyncDispose]: dispose }) as unknown as Forks<T, N>
  } finally {
    await release()
  }
}
