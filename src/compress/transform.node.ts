// A Node transform as a function on streams, with back pressure both ways and typed errors.
import { FormatError } from '../core/index.js'

type DestroyableTransform = NodeJS.ReadWriteStream & { readonly destroyed?: boolean; destroy?(error?: Error): unknown }

/** What comes out of `transform` when `source` goes in. Errors of the source pass as they are, those of the transform are FormatErrors. */
export async function* throughTransform(
  source: AsyncIterable<Uint8Array>,
  transform: DestroyableTransform,
  what: string,
): AsyncGenerator<Uint8Array> {
  let sourceFailure: { readonly error: unknown } | undefined
  const feed = async () => {
    try {
      for await (const chunk of source) {
        if (transform.write(chunk)) continue
        if (!(await drained(transform))) return
      }
      transform.end()
    } catch (error) {
      sourceFailure = { error }
      transform.destroy?.(new Error('the source failed', { cause: error }))
    }
  }
  const fed = feed()
  try {
    for await (const chunk of transform) yield chunk as Uint8Array
  } catch (cause) {
    throw sourceFailure === undefined ? new FormatError(`the ${what} stream is corrupt or cut off`, { cause }) : sourceFailure.error
  } finally {
    transform.destroy?.()
    await fed
  }
}

/** Whether the stream takes more: false once it is closed. */
function drained(stream: DestroyableTransform): Promise<boolean> {
  // Closed between the write and here: no event will come.
  if (stream.destroyed === true) return Promise.resolve(false)
  return new Promise((resolve) => {
    const settle = (takesMore: boolean) => () => {
      stream.off('drain', onDrain).off('close', onClose)
      resolve(takesMore)
    }
    const onDrain = settle(true)
    const onClose = settle(false)
    stream.on('drain', onDrain).on('close', onClose)
  })
}
