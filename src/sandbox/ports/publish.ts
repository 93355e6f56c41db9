// A listener on the host whose connections lead inside.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { SyscallError } from '../../core/index.js'
import { RelayGroup } from './relay.js'
import type { PublishedPort } from './types.js'

const REMEDIES: Record<string, string> = {
  EADDRINUSE: 'choose another hostPort, or leave it out for any that is free',
  EACCES: 'choose a hostPort from 1024 up, or let the user bind lower ones (net.ipv4.ip_unprivileged_port_start)',
  EADDRNOTAVAIL: "choose one of this machine's own addresses as host",
  ENOTFOUND: "choose one of this machine's own addresses as host",
}

async function listen(server: Server, host: string, hostPort: number, signal: AbortSignal): Promise<void> {
  try {
    // Not shared with the other processes of a cluster: the sandbox is this one's.
    server.listen({ host, port: hostPort, exclusive: true })
    await once(server, 'listening', { signal })
  } catch (error) {
    server.close()
    signal.throwIfAborted()
    const { errno, code, message } = error as NodeJS.ErrnoException
    if (typeof errno !== 'number' || code === undefined) throw error
    const remedy = REMEDIES[code]
    const at = { errno: Math.abs(errno), code, syscall: 'listen', step: 'net', message: `publish: ${message}` }
    throw new SyscallError(at, { cause: error, ...(remedy === undefined ? {} : { remedy }) })
  }
}

/** A port of the host that leads inside, until it is closed. */
export class Publication implements PublishedPort {
  readonly host: string
  readonly hostPort: number
  readonly #server: Server
  readonly #outside: Set<Socket>
  readonly #relays: RelayGroup
  #closed: Promise<void> | undefined

  private constructor(server: Server, outside: Set<Socket>, relays: RelayGroup) {
    const { address, port } = server.address() as AddressInfo
    this.host = address
    this.hostPort = port
    this.#server = server
    this.#outside = outside
    this.#relays = relays
  }

  /** `connect` gives the inner end for each connection; where it cannot, the outer one is reset. @throws SyscallError when the port cannot be had */
  static async open(host: string, hostPort: number, connect: () => Promise<Socket>, signal: AbortSignal): Promise<Publication> {
    const outside = new Set<Socket>()
    const relays = new RelayGroup()
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, async (outer) => {
      outside.add(outer)
      outer.once('close', () => outside.delete(outer))
      // A client that goes away is not an error of ours.
      outer.on('error', () => undefined)
      try {
        const inner = await connect()
        if (outer.destroyed) inner.destroy()
        else relays.join(outer, inner)
      } catch {
        // Nothing listens inside, the sandbox has ended, or there are no descriptors left: the client is told as it would be by a host without that port.
        outer.resetAndDestroy()
      }
    })
    await listen(server, host, hostPort, signal)
    server.unref()
    // A connection that could not be accepted (no descriptors left) is the client's loss; the listener goes on.
    server.on('error', () => undefined)
    return new Publication(server, outside, relays)
  }

  /** Listens no more and ends its connections. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#outside) socket.destroy()
      this.#relays.close()
    })
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
