// Locks between processes, by flock(2): they end with the process that holds them, in whatever way it ends.
import { closeSync, constants, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { native } from '../native/index.js'

/** A held lock. Releasing twice is fine. */
export class Lock implements AsyncDisposable {
  #fd: number | undefined
  constructor(fd: number) {
    this.#fd = fd
  }

  release(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
  }
}

/** The lock on the file at `path` (made if absent, unless `create` is false), or undefined where another holds it. */
export function tryLock(path: string, exclusive: boolean, create = true): Lock | undefined {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | (create ? constants.O_CREAT : 0), 0o600)
  let held = false
  try {
    held = native().flock(fd, exclusive)
  } finally {
    if (!held) closeSync(fd)
  }
  return held ? new Lock(fd) : undefined
}

/** Waits for the lock on the file at `path`. flock(2) itself would hold a thread, so it is asked again and again, at most 20 ms apart. */
export async function holdLock(path: string, exclusive: boolean, signal?: AbortSignal): Promise<Lock> {
  for (let delayMs = 1; ; delayMs = Math.min(delayMs * 2, 20)) {
    signal?.throwIfAborted()
    const lock = tryLock(path, exclusive)
    if (lock !== undefined) return lock
    await sleep(delayMs)
  }
}

/** Runs `work` under the lock on the file at `path`. */
export async function withLock<T>(path: string, exclusive: boolean, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const lock = await holdLock(path, exclusive, signal)
  try {
    return await work()
  } finally {
    lock.release()
  }
}
