// Several at the same time, but not too many; where one fails, the others end too.

/** Does `work` for each item, at most `count` at a time. When one fails, the signal that the others have is aborted, and when they have ended this rejects with that
 *  first failure. */
export async function inParallel<T>(
  items: readonly T[],
  count: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController()
  const abort = () => controller.abort(signal?.reason)
  if (signal?.aborted === true) abort()
  else signal?.addEventListener('abort', abort, { once: true })
  let failure: { readonly error: unknown } | undefined
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        controller.signal.throwIfAborted()
        await work(item, controller.signal)
      } catch (error) {
        failure ??= { error }
        queue.length = 0
        controller.abort(error)
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(count, items.length) }, worker))
  } finally {
    signal?.removeEventListener('abort', abort)
  }
  if (failure !== undefined) throw failure.error
}
