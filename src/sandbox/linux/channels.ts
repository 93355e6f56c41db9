// Every channel of this process, and who gets its messages.
import { decodeMessage, encodeMessage, INLINE_MAX, native, OP, type ReceivedStep, type Step } from '../../native/index.js'
import { setKeeper } from '../pending.js'

/** What arrives: a message's id and first step, something that is no message, or the end. */
export type Received = { readonly id: number; readonly step: ReceivedStep } | 'malformed' | 'end'
export type Receiver = (received: Received, fds: number[]) => void

const receivers = new Map<number, Receiver>()
let isListening = false

function deliver(channel: number, bytes: Uint8Array | null, fds: number[]): void {
  const receiver = receivers.get(channel)
  // Closed while this was under way.
  if (receiver === undefined) return discard(fds)
  if (bytes === null) return receiver('end', fds)
  // Nobody says more than one thing in a message; the rest of a hostile one is not worth reading.
  const { id, steps } = decodeMessage(bytes, 1)
  const step = steps[0]
  receiver(step === undefined ? 'malformed' : { id, step }, fds)
}

/** Closes descriptors that came with a message and are not wanted. */
export function discard(fds: readonly number[]): void {
  if (fds.length > 0) native().discard(fds)
}

/** Begins to deliver what arrives on `socket`, which is the channel's from now on. Returns the channel. */
export function watch(socket: number, receiver: Receiver): number {
  if (!isListening) {
    native().onMessage(deliver)
    setKeeper((keepsAlive) => native().ref(keepsAlive))
  }
  isListening = true
  const channel = native().watch(socket)
  receivers.set(channel, receiver)
  return channel
}

/** Ends delivery and closes the channel. */
export function closeChannel(channel: number): void {
  if (receivers.delete(channel)) native().closeChannel(channel)
}

/** Sends one message; what is too long for a packet goes in a memfd. The fds stay the caller's. @throws SyscallError */
export function send(channel: number, id: number, steps: readonly Step[], fds: readonly number[] = []): void {
  const bytes = encodeMessage(id, steps)
  if (bytes.length <= INLINE_MAX) return native().send(channel, bytes, fds)
  const memfd = native().memfd(bytes)
  try {
    native().send(channel, encodeMessage(id, [{ op: OP.inMemfd }]), [memfd, ...fds])
  } finally {
    native().close(memfd)
  }
}
