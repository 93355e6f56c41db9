// Pipes of a command: Node listens on a named pipe, the program's end is opened by the addon. Source: Win32 "Named Pipes".
import { randomBytes } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { nativeWindows } from '../../native/index.js'

/** One pipe: our end, and the handle that the program gets. */
export interface StdioPipe {
  readonly socket: Socket
  /** To be closed once the program has it. */
  readonly theirs: number
}

/** A pipe between Node and a program. `direction` is ours. */
export async function stdioPipe(direction: 'read' | 'write'): Promise<StdioPipe> {
  // Nobody can guess the name, and the pipe takes one connection.
  const path = `\\\\.\\pipe\\stratabox-${randomBytes(16).toString('hex')}`
  const server = createServer({ allowHalfOpen: true })
  server.maxConnections = 1
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  let theirs: number | undefined
  try {
    theirs = nativeWindows().openStdio(path, direction === 'read')
    const socket = await connected
    // A program that ends without reading or writing on is no error of ours.
    socket.on('error', () => undefined)
    return { socket, theirs }
  } catch (error) {
    if (theirs !== undefined) nativeWindows().closeHandle(theirs)
    throw error
  } finally {
    server.close()
  }
}
