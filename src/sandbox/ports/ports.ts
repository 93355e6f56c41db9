// The ports of one sandbox as its caller sees them: connections, published ports and waiting, and the end of all three with the sandbox.
import { once, setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import { type Abortable, callOptions, integerOption, stringOption } from '../../core/index.js'
import type { RunningSandbox } from '../backend.js'
import { TIMER_MAX_MS } from '../option-checks.js'
import { pendingCall } from '../pending.js'
import { connectInside } from './connect.js'
import { Publication } from './publish.js'
import { stoppable } from './stop.js'
import type { PublishedPort, PublishOptions, WaitForPortOptions } from './types.js'
import { waitForServer } from './wait.js'

const PORT_MAX = 65_535

function checkPort(port: unknown, of: string, min = 1): number {
  const checked = integerOption(port, of, min, PORT_MAX)
  if (checked === undefined) throw new TypeError(`${of} must be a number from ${min} to ${PORT_MAX}`)
  return checked
}

function checkHttp(http: unknown): string | undefined {
  const path = stringOption(http, 'waitForPort: http')
  if (path !== undefined && !/^\/[!-~]*$/.test(path))
    throw new TypeError(`waitForPort: http must be a path that begins with '/', percent-encoded, not ${JSON.stringify(path)}`)
  return path
}

/** What talks to a sandbox's ports from outside. */
export class Ports {
  readonly #running: RunningSandbox
  readonly #end = new AbortController()
  readonly #sockets = new Set<Socket>()
  readonly #publications = new Set<Publication>()

  constructor(running: RunningSandbox) {
    this.#running = running
    // One for each call under way, and there is no end of those.
    setMaxListeners(0, this.#end.signal)
  }

  /** A connection to a port inside. It is an ordinary socket of node:net; it ends with the sandbox.
   *  @throws RangeError; SyscallError, `ECONNREFUSED` when nothing listens */
  async connect(port: number, options?: Abortable): Promise<Socket> {
    checkPort(port, 'connect: port')
    const given = callOptions(options, 'connect')
    return this.#connect(port, false, given.signal)
  }

  /** Resolves when the port takes connections, or answers the path `http` with a status of 200 to 299.
   *  @throws RangeError; TimeoutError after `timeoutMs`, default 60 s */
  async waitForPort(port: number, options?: WaitForPortOptions): Promise<void> {
    checkPort(port, 'waitForPort: port')
    const given = callOptions(options, 'waitForPort', ['timeoutMs', 'http'])
    const timeoutMs = integerOption(given.timeoutMs, 'waitForPort: timeoutMs', 1, TIMER_MAX_MS) ?? 60_000
    const wait = { http: checkHttp(given.http), timeoutMs }
    await pendingCall(
      stoppable([this.#end.signal, given.signal], (stop) =>
        waitForServer((signal) => this.#connect(port, false, signal), port, wait, stop),
      ),
    )
  }

  /** A port of the host that leads to one inside. It ends with the sandbox, and does not keep the event loop alive.
   *  @throws RangeError; SyscallError, `EADDRINUSE` when the host's port is taken */
  async publish(port: number, options?: PublishOptions): Promise<PublishedPort> {
    checkPort(port, 'publish: port')
    const given = callOptions(options, 'publish', ['host', 'hostPort'])
    const host = stringOption(given.host, 'publish: host') ?? '127.0.0.1'
    if (host === '') throw new TypeError('publish: host must be an address of this machine')
    const hostPort = checkPort(given.hostPort ?? 0, 'publish: hostPort', 0)
    const publication = await pendingCall(
      stoppable([this.#end.signal, given.signal], (stop) => Publication.open(host, hostPort, () => this.#connect(port, true), stop)),
    )
    this.#publications.add(publication)
    return publication
  }

  async #connect(port: number, allowHalfOpen: boolean, signal?: AbortSignal): Promise<Socket> {
    const socket = await pendingCall(
      stoppable([this.#end.signal, signal], (stop) => connectInside(this.#running, port, allowHalfOpen, stop)),
    )
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }

  /** Ends all: what waits rejects with `reason`. Resolves when no descriptor is left. */
  async close(reason: Error): Promise<void> {
    if (!this.#end.signal.aborted) this.#end.abort(reason)
    const closed = [...this.#sockets].map((socket) => (socket.closed ? undefined : once(socket, 'close')))
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all([...closed, ...[...this.#publications].map((publication) => publication.close())])
  }
}
