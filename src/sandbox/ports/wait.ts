// Waiting for a server inside. The kernel tells nobody when a socket begins to listen, so this asks, at first often and then less and less.
import { get } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { TimeoutError } from '../../core/index.js'
import { stoppable } from './stop.js'

const FIRST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 100
// One request may take this share of the whole time: a server's first answer is often its slowest, but one that hangs must not be the only one asked.
const REQUEST_SHARE = 4

/** How to reach the port; rejects when nothing listens. */
export type Connect = (signal: AbortSignal) => Promise<Socket>

/** The status that `path` is answered with. */
function statusOf(socket: Socket, port: number, path: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host: `localhost:${port}`, connection: 'close' }
    const request = get({ path, headers, signal, createConnection: () => socket }, (response) => {
      resolve(response.statusCode ?? 0)
      // The answer's body is of no interest, however long it is.
      response.on('error', () => undefined)
      request.destroy()
    })
    request.on('error', reject)
  })
}

/** undefined when it is ready, else what it said. */
async function ask(
  connect: Connect,
  port: number,
  http: string | undefined,
  requestMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const socket = await connect(signal)
    try {
      if (http === undefined) return undefined
      const status = await stoppable([signal, AbortSignal.timeout(requestMs)], (both) => statusOf(socket, port, http, both))
      return status >= 200 && status <= 299 ? undefined : `${http} was answered with ${status}`
    } finally {
      socket.destroy()
    }
  } catch (error) {
    signal.throwIfAborted()
    return (error as Error).message
  }
}

/** Resolves when the port takes connections, or answers `http` with a status of 200 to 299. @throws TimeoutError; the signal's reason */
export async function waitForServer(
  connect: Connect,
  port: number,
  { http, timeoutMs }: { readonly http: string | undefined; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + timeoutMs
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), timeoutMs)
  let last = 'nothing was tried'
  try {
    await stoppable([signal, late.signal], async (both) => {
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
        const answer = await ask(connect, port, http, Math.max(1, timeoutMs / REQUEST_SHARE), both)
        if (answer === undefined) return
        last = answer
        await sleep(Math.max(1, Math.min(pause, end - performance.now())), undefined, { signal: both })
      }
    })
  } catch (error) {
    signal.throwIfAborted()
    if (!late.signal.aborted) throw error
    throw new TimeoutError(`port ${port} was not ready within ${timeoutMs} ms: ${last}`, {
      remedy: 'raise timeoutMs, or look at what the server printed',
    })
  } finally {
    clearTimeout(timer)
  }
}
