// A TCP connection to a port inside: connect(2) on a socket of the sandbox's own network namespace, so it needs neither route nor privilege.
import type { Socket } from 'node:net'
import { SyscallError } from '../../core/index.js'
import type { RunningSandbox } from '../backend.js'
import { unlessStopped } from './stop.js'

// What a server of IPv6 only, or a kernel without IPv6, answers: the other address may still do.
const NOT_THIS_ADDRESS = ['ECONNREFUSED', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH']

function connected(socket: Socket, port: number, address: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(signal.reason as Error)
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', abort)
      settle()
    }
    signal.addEventListener('abort', abort, { once: true })
    const fail = (error: Error) => end(() => reject(error))
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.off('error', fail)
      end(() => resolve(socket))
    })
    socket.connect(port, address)
    if (signal.aborted) abort()
  })
}

function failure(cause: NodeJS.ErrnoException, port: number): Error {
  if (typeof cause.errno !== 'number' || cause.code === undefined || cause instanceof SyscallError) return cause
  const isRefused = cause.code === 'ECONNREFUSED'
  const at = { errno: Math.abs(cause.errno), code: cause.code, syscall: 'connect', step: 'net' }
  const message = isRefused ? `ECONNREFUSED: nothing listens on port ${port} inside` : `${cause.code}: connect to port ${port} inside`
  return new SyscallError(
    { ...at, message },
    { cause, ...(isRefused ? { remedy: `waitForPort(${port}) waits until something does` } : {}) },
  )
}

/** Connects to 127.0.0.1, then to ::1. @throws SyscallError, `ECONNREFUSED` when nothing listens; the signal's reason */
export async function connectInside(running: RunningSandbox, port: number, allowHalfOpen: boolean, signal: AbortSignal): Promise<Socket> {
  let first: Error | undefined
  for (const [address, isIpv6] of [
    ['127.0.0.1', false],
    ['::1', true],
  ] as const) {
    try {
      const socket = await unlessStopped(running.socket(isIpv6, allowHalfOpen), signal, (late) => late.destroy())
      return await connected(socket, port, address, signal)
    } catch (error) {
      signal.throwIfAborted()
      first ??= failure(error as NodeJS.ErrnoException, port)
      if (!NOT_THIS_ADDRESS.includes((error as NodeJS.ErrnoException).code ?? '')) throw failure(error as NodeJS.ErrnoException, port)
    }
  }
  throw first as Error
}
