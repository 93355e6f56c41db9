// One published connection: bytes both ways between a socket of the host and one inside, with half-close, back pressure and resets passed on.
import type { Socket } from 'node:net'

/** What ends one side without an end of file ends the other the same way, once what came before it is on its way. */
function pump(from: Socket, to: Socket): void {
  from.pipe(to)
  let isDone = false
  const cut = () => {
    if (isDone || to.destroyed) return
    isDone = true
    if (to.writable) to.write('', () => to.resetAndDestroy())
    else to.resetAndDestroy()
  }
  from.once('error', cut)
  from.once('close', () => {
    if (!from.readableEnded) cut()
  })
}

/** Joins two sockets that both allow half-open. Neither keeps the event loop alive. */
export function forward(outer: Socket, inner: Socket): void {
  for (const socket of [outer, inner]) {
    // Bytes are passed on as they come, as if there were one connection.
    socket.setNoDelay(true)
    socket.unref()
  }
  pump(outer, inner)
  pump(inner, outer)
}
