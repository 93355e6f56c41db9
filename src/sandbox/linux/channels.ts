// Every channel of this process, and who gets its messages.
import { decodeMessage, encodeMessage, INLINE_MAX, native, OP, type ReceivedStep, type Step } from '../../native/index.js'
import { setKeeper } from '../pending.js'

/** What arrives: a message's id and first step, or the end. */
export type Receiver = (message: { id: number; step: ReceivedStep; bytes: Uint8Array } | undefined, fds: number[]) => void

const receivers = new Map<number, Receiver>()
let isListening = false

function deliver(channel: number, bytes: Uint8Array | null, fds: number[]): void {
  const receiver = receivers.get(channel)
  if (receiver === undefined) {
    for (const fd of fds) native().close(fd)
    return
  }
  if (bytes === null) return receiver(undefined, fds)
  const { id, steps } = decodeMessage(bytes)
  const first = steps[0]
  if (first !== undefined) receiver({ id, step: first, bytes }, fds)
  else for (const fd of fds) native().close(fd)
}

/** Begins to deliver what arrives on `channel`. */
export function watch(channel: number, receiver: Receiver): void {
  if (!isListening) {
    native().onMessage(deliver)
    setKeeper((keepsAlive) => native().ref(keepsAlive))
  }
  isListening = true
  receivers.set(channel, receiver)
  native().watch(channel)
}

/** Ends delivery and closes the channel. */
export function closeChannel(channel: number): void {
  if (!receivers.delete(channel)) return
  native().unwatch(channel)
  native().close(channel)
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
