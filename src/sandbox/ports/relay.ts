// A published connection handed to the addon, which passes its bytes on without a copy and without the event loop. Streams do what it cannot.
import type { Socket } from 'node:net'
import { native } from '../../native/index.js'
import { forward } from './forward.js'

let groups = 0

/** The connections of one published port. */
export class RelayGroup {
  readonly #number = groups++

  /** Joins two connected sockets, of which nothing has been read. They are taken. @throws SyscallError when there are no descriptors left; `inner` is closed then */
  join(outer: Socket, inner: Socket): void {
    const fds = [outer, inner].map(untouchedFd)
    const [a, b] = fds
    if (process.platform !== 'linux' || a === undefined || b === undefined) return forward(outer, inner)
    for (const socket of [outer, inner]) socket.setNoDelay(true)
    try {
      native().relay(this.#number, a, b)
    } catch (error) {
      inner.destroy()
      throw error
    }
    // The addon has descriptors of its own; the connection goes on.
    outer.destroy()
    inner.destroy()
  }

  /** Ends those that the addon has. */
  close(): void {
    if (process.platform === 'linux') native().stopRelays(this.#number)
  }
}

/** Node keeps a socket's descriptor on its handle. Undefined where it does not, or where bytes have been read already that only the stream has. */
function untouchedFd(socket: Socket): number | undefined {
  const { fd } = (socket as unknown as { _handle?: { fd?: unknown } | null })._handle ?? {}
  return typeof fd === 'number' && fd >= 0 && socket.bytesRead === 0 ? fd : undefined
}
