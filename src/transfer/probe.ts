// Whether TLS is spoken on a port of this machine. Found out without the system's authorities: reading those takes longer than a small pull, and on loopback most registries
// have nothing for them to check.
import { connect } from 'node:tls'

/** Rejects with what the first handshake met where no TLS is spoken. No certificate is looked at, and nothing is sent: that is up to the request that follows. */
export function shakeHands(url: URL, signal: AbortSignal): Promise<void> {
  const { hostname, port } = url
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = connect({ host, port: port === '' ? 443 : Number(port), ca: [], rejectUnauthorized: false })
    const abort = () => socket.destroy(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    socket.once('secureConnect', () => socket.end())
    // Those who want a certificate of the client, or know no such name, speak TLS as well: the request itself finds out more.
    socket.once('error', (error: NodeJS.ErrnoException) => (/ALERT/.test(error.code ?? '') ? resolve() : reject(error)))
    socket.once('close', () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
  })
}
