// Bodies of requests and responses as async iterables, in hosts whose web streams cannot be iterated as well.
import { concat, RegistryError } from '../../core/index.js'
import type { FetchResponse } from './fetch.js'

/** The chunks of a response's body. Leaving early cancels it. */
export async function* chunksOf(body: FetchResponse['body']): AsyncGenerator<Uint8Array> {
  if (body === null) return
  if (Symbol.asyncIterator in body) {
    yield* body
    return
  }
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  let isAtEnd = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      isAtEnd = done
      if (done) return
      yield value
    }
  } finally {
    if (!isAtEnd) await reader.cancel()
  }
}

/** A stream to send, read only as fast as it is taken. */
export function streamOf(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** All bytes of a document from a registry. @throws RegistryError past `maxBytes` */
export async function boundedBytes(source: AsyncIterable<Uint8Array>, maxBytes: number, what: string, status: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > maxBytes) throw new RegistryError(`${what}: the answer has more than ${maxBytes} bytes`, status)
    chunks.push(chunk)
  }
  return concat(chunks)
}
