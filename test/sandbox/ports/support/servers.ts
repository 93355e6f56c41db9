// Servers for the inside of a sandbox, as one line of JavaScript each.
import type { Sandbox, SandboxProcess } from 'stratabox'

/** Starts `script` (`net` and `http` are there) and waits until it says `up`. */
export async function serve(sandbox: Sandbox, script: string): Promise<SandboxProcess> {
  const started = await sandbox.spawn([process.execPath, '-e', `const net = require('net'), http = require('http'); ${script}`])
  await started.waitForLine('up')
  return started
}

/** Sends back what it gets, and ends when its client does. */
export const echo = (port: number, host = '127.0.0.1'): string =>
  `net.createServer({ allowHalfOpen: true }, (s) => s.on('error', () => {}).pipe(s)).listen(${port}, '${host}', () => console.log('up'))`
