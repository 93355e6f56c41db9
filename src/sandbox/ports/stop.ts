// Work that two things can stop: the caller's signal, and the end of the sandbox.

/** Runs `work` under a signal of its own that aborts when one of `signals` does (or has already), with that one's reason. */
export async function stoppable<T>(signals: readonly (AbortSignal | undefined)[], work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const given = signals.filter((signal) => signal !== undefined)
  const undo = given.map((signal) => {
    const abort = () => stop.abort(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    return () => signal.removeEventListener('abort', abort)
  })
  try {
    stop.signal.throwIfAborted()
    return await work(stop.signal)
  } finally {
    for (const remove of undo) remove()
  }
}

/** `promise`, or the signal's reason as soon as it aborts; what the promise brings after that goes to `discard`. */
export function unlessStopped<T>(promise: Promise<T>, signal: AbortSignal, discard: (late: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason as Error)
      // Late, its failure is nobody's any more.
      promise.then(discard, () => undefined)
    }
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
  })
}
