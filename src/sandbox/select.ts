// The platform's backend, loaded when the first sandbox is made.
import { UnsupportedError } from '../core/index.js'
import type { Backend } from './backend.js'

/** @throws UnsupportedError where there is none */
export async function backend(): Promise<Backend> {
  if (process.platform === 'linux') return (await import('./linux/backend.js')).linuxBackend
  if (process.platform === 'win32') return (await import('./windows/backend.js')).windowsBackend
  throw new UnsupportedError(`sandboxes are not supported on ${process.platform} yet`, { remedy: 'run on Linux or Windows' })
}
