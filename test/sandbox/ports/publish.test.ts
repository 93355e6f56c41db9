// publish: a port of the host that leads inside.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Sandbox, SyscallError } from 'stratabox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openFds } from '../../support/residue.js'
import { open, rejection } from '../api/support/open.js'
import { echo, serve } from './support/servers.js'

/** A client of the host, gone at the end of the test. */
function client(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  return socket
}

/** All it says, its own side left as it is (an async iterator would destroy it). */
const allOf = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = ''
    socket
      .on('data', (chunk) => (said += chunk))
      .on('end', () => resolve(said))
      .on('error', reject)
  })

/** Its other side is gone: end of file or a reset. */
const over = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) =>
    socket
      .on('error', () => undefined)
      .on('end', resolve)
      .on('close', resolve)
      .resume(),
  )

async function published(script: string): Promise<{ sandbox: Sandbox; hostPort: number }> {
  const sandbox = await open()
  await serve(sandbox, script)
  const { host, hostPort } = await sandbox.publish(80)
  expect(host).toBe('127.0.0.1')
  expect(hostPort).toBeGreaterThan(0)
  return { sandbox, hostPort }
}

describe('publish', () => {
  it('serves HTTP to clients of the host', async () => {
    const { hostPort } = await published(
      `http.createServer((q, r) => r.end('you asked for ' + q.url)).listen(80, '0.0.0.0', () => console.log('up'))`,
    )
    expect(await (await fetch(`http://127.0.0.1:${hostPort}/it`)).text()).toBe('you asked for /it')
  })

  it('passes on an end of file, and goes on the other way', async () => {
    const { hostPort } = await published(
      `net.createServer({ allowHalfOpen: true }, (s) => { let n = 0; s.on('data', (d) => n += d.length).on('end', () => setTimeout(() => s.end('got ' + n), 50)) }).listen(80, () => console.log('up'))`,
    )
    const socket = client(hostPort)
    socket.end(Buffer.alloc(100_000))
    expect(await text(socket)).toBe('got 100000')
  })

  it('passes on the end of a server that still reads', async () => {
    const { hostPort } = await published(
      `net.createServer({ allowHalfOpen: true }, (s) => { s.end('bye'); let n = 0; s.on('data', (d) => n += d.length).on('end', () => console.log('read ' + n)) }).listen(80, () => console.log('up'))`,
    )
    const socket = client(hostPort)
    expect(await allOf(socket)).toBe('bye')
    socket.end(Buffer.alloc(70_000))
    await once(socket, 'close')
  })

  it('carries 32 MiB both ways unchanged', async () => {
    const { hostPort } = await published(echo(80))
    const socket = client(hostPort)
    const sent = Buffer.from(Array.from({ length: 2 ** 20 }, (_, k) => (k * 31 + (k >> 8)) & 0xff))
    const write = async () => {
      for (let k = 0; k < 32; k++) if (!socket.write(sent)) await once(socket, 'drain')
      socket.end()
    }
    const [received] = await Promise.all([buffer(socket), write()])
    expect(received.length).toBe(32 * sent.length)
    for (let k = 0; k < 32; k++) expect(received.subarray(k * sent.length, (k + 1) * sent.length).equals(sent)).toBe(true)
  })

  it('holds the client back while the server does not read', async () => {
    const { hostPort } = await published(`net.createServer((s) => s.pause()).listen(80, () => console.log('up'))`)
    const socket = client(hostPort)
    const rss = process.memoryUsage().rss
    let passed = 0
    const chunk = Buffer.alloc(2 ** 20)
    const pour = () => {
      while (passed < 4096 && !socket.writableNeedDrain) {
        socket.write(chunk)
        passed++
      }
    }
    socket.on('drain', pour)
    pour()
    await sleep(500)
    // What the kernel's buffers of three sockets take, and no gigabytes.
    expect(passed).toBeLessThan(64)
    expect(process.memoryUsage().rss - rss).toBeLessThan(256 * 2 ** 20)
  })

  it('resets the client of a port on which nothing listens inside', async () => {
    const sandbox = await open()
    const { hostPort } = await sandbox.publish(4000)
    const socket = client(hostPort)
    await over(socket)
    expect(socket.bytesRead).toBe(0)
    // And a server that comes later is reached.
    await serve(sandbox, echo(4000))
    const later = client(hostPort)
    later.end('now')
    expect(await text(later)).toBe('now')
  })

  it('passes on a reset of the server', async () => {
    const { hostPort } = await published(
      `net.createServer((s) => s.once('data', () => s.resetAndDestroy())).listen(80, () => console.log('up'))`,
    )
    const socket = client(hostPort)
    socket.write('x')
    const [error] = await once(socket, 'error')
    expect((error as NodeJS.ErrnoException).code).toBe('ECONNRESET')
  })

  it('passes on a reset of the client', async () => {
    const sandbox = await open()
    const server = await serve(
      sandbox,
      `net.createServer((s) => s.on('error', (e) => console.log('lost: ' + e.code)).resume()).listen(80, () => console.log('up'))`,
    )
    const { hostPort } = await sandbox.publish(80)
    const socket = client(hostPort)
    socket.write('x')
    await once(socket, 'connect')
    await sleep(50)
    socket.resetAndDestroy()
    expect(await server.waitForLine('lost')).toBe('lost: ECONNRESET')
  })

  it('serves a hundred clients at once', async () => {
    const { hostPort } = await published(echo(80))
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, k) => {
        const socket = client(hostPort)
        socket.end(`number ${k}`)
        return text(socket)
      }),
    )
    expect(answers).toEqual(Array.from({ length: 100 }, (_, k) => `number ${k}`))
  })

  it('takes the host port that was asked for, and says when it is taken', async () => {
    const sandbox = await open()
    const one = await sandbox.publish(80)
    const error = await rejection(sandbox.publish(81, { hostPort: one.hostPort }))
    expect(error).toBeInstanceOf(SyscallError)
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen', remedy: expect.stringContaining('hostPort') })
    await one.close()
    const two = await sandbox.publish(81, { hostPort: one.hostPort, host: '127.0.0.1' })
    expect(two.hostPort).toBe(one.hostPort)
  })

  it('says when the address is not of this machine', async () => {
    expect(await rejection((await open()).publish(80, { host: '192.0.2.1' }))).toMatchObject({
      code: 'EADDRNOTAVAIL',
      remedy: expect.stringContaining('host'),
    })
  })

  it('ends its connections when it is closed, and the sandbox goes on', async () => {
    const { sandbox } = await published(echo(80))
    const port = await sandbox.publish(80)
    const socket = client(port.hostPort)
    socket.write('x')
    await once(socket, 'data')
    const ended = over(socket)
    await port.close()
    await port.close()
    await ended
    expect((await rejection(once(client(port.hostPort), 'connect'))).code).toBe('ECONNREFUSED')
    expect((await sandbox.run(['true'])).ok).toBe(true)
  })

  it('ends with the sandbox, connections and descriptors with it', async () => {
    const sandbox = await open()
    await serve(sandbox, echo(80))
    const before = openFds()
    const ports = await Promise.all([sandbox.publish(80), sandbox.publish(80)])
    const sockets = ports.map(({ hostPort }) => client(hostPort))
    for (const socket of sockets) {
      socket.write('x')
      await once(socket, 'data')
    }
    const ended = sockets.map(over)
    await sandbox.close()
    await Promise.all(ended)
    for (const socket of sockets) socket.destroy()
    await Promise.all(sockets.map((socket) => (socket.closed ? undefined : once(socket, 'close'))))
    expect(openFds()).toBeLessThanOrEqual(before)
    for (const { hostPort } of ports) expect((await rejection(once(client(hostPort), 'connect'))).code).toBe('ECONNREFUSED')
  })

  it('is aborted by its signal', async () => {
    const reason = new Error('no')
    expect(await rejection((await open()).publish(80, { signal: AbortSignal.abort(reason) }))).toBe(reason)
  })

  it.each([
    [0, {}],
    [65_536, {}],
    [80, { hostPort: -1 }],
    [80, { hostPort: 65_536 }],
  ])('refuses port %s with %j', async (port, options) => {
    expect(await rejection((await open()).publish(port, options))).toBeInstanceOf(RangeError)
  })
})
