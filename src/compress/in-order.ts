// A stream of items worked on several at a time, with the results in the stream's order.

/** Does `work` for each item, at most `atOnce` at a time. When it is left early, or something fails, what is under way is waited for. */
export async function* inOrder<T, R>(source: AsyncIterable<T>, atOnce: number, work: (item: T) => R | Promise<R>): AsyncGenerator<R> {
  const underWay: Promise<R>[] = []
  try {
    for await (const item of source) {
      const result = (async () => work(item))()
      // Thrown where it is awaited, some items later.
      result.catch(ignoreUntilAwaited)
      underWay.push(result)
      if (underWay.length >= atOnce) yield await underWay.shift()!
    }
    for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) yield await next
  } finally {
    await Promise.allSettled(underWay)
  }
}

const ignoreUntilAwaited = (): void => undefined
