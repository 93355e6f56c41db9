// connect: a TCP connection to a port inside, from a socket that nothing inside has touched.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { ClosedError, SyscallError } from 'stratabox'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openFds } from '../../support/residue.js'
import { open, rejection } from '../api/support/open.js'
import { echo, serve } from './support/servers.js'

describe('connect', () => {
  it('reaches a server on 127.0.0.1 inside', async () => {
    const sandbox = await open()
    await serve(sandbox, echo(80))
    const stream = await sandbox.connect(80)
    stream.end('hello')
    expect(await text(stream)).toBe('hello')
  })

  it('reaches one that listens on ::1 only', async () => {
    const sandbox = await open()
    await serve(sandbox, echo(8080, '::1'))
    const stream = await sandbox.connect(8080)
    stream.end('hello')
    expect(await text(stream)).toBe('hello')
  })

  it('is a SyscallError ECONNREFUSED where nothing listens, and names the port', async () => {
    const sandbox = await open()
    for (const port of [1, 65_535]) {
      const error = await rejection(sandbox.connect(port))
      expect(error).toBeInstanceOf(SyscallError)
      expect(error).toMatchObject({ code: 'ECONNREFUSED', errno: 111, syscall: 'connect', remedy: expect.stringContaining('waitForPort') })
      expect(error.message).toContain(`port ${port} `)
    }
  })

  it('never reaches a server of the host, nor one of another sandbox', async () => {
    const host = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void host.close())
    await once(host, 'listening')
    const { port } = host.address() as { port: number }
    const [one, two] = await Promise.all([open(), open()])
    await serve(two, echo(81))
    expect(await rejection(one.connect(port))).toMatchObject({ code: 'ECONNREFUSED' })
    expect(await rejection(one.connect(81))).toMatchObject({ code: 'ECONNREFUSED' })
    expect(await rejection(two.connect(port))).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it("reaches the host's servers where the network is the host's", async () => {
    const host = createServer((socket) => socket.end('from the host')).listen(0, '127.0.0.1')
    onTestFinished(() => void host.close())
    await once(host, 'listening')
    const sandbox = await open({ network: 'host' })
    expect(await text(await sandbox.connect((host.address() as { port: number }).port))).toBe('from the host')
  })

  it('carries 64 MiB both ways, with back pressure', async () => {
    const sandbox = await open()
    await serve(sandbox, echo(80))
    const stream = await sandbox.connect(80)
    const chunk = Buffer.alloc(2 ** 20, 'abcdefg')
    let waited = 0
    const write = async () => {
      for (let k = 0; k < 64; k++) if (!stream.write(chunk)) waited += (await once(stream, 'drain')).length + 1
      stream.end()
    }
    const [received] = await Promise.all([buffer(stream), write()])
    expect(received.length).toBe(64 * 2 ** 20)
    expect(received.subarray(-chunk.length).equals(chunk)).toBe(true)
    expect(waited).toBeGreaterThan(0)
  })

  it('makes many connections at once', async () => {
    const sandbox = await open()
    await serve(sandbox, echo(80))
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, k) => {
        const stream = await sandbox.connect(80)
        stream.end(String(k))
        return text(stream)
      }),
    )
    expect(answers).toEqual(Array.from({ length: 100 }, (_, k) => String(k)))
  })

  it('is aborted by its signal, before and while, and not after', async () => {
    const sandbox = await open()
    await serve(sandbox, echo(80))
    const reason = new Error('changed my mind')
    expect(await rejection(sandbox.connect(80, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    const during = new AbortController()
    const pending = rejection(sandbox.connect(80, { signal: during.signal }))
    during.abort(reason)
    expect(await pending).toBe(reason)
    const after = new AbortController()
    const stream = await sandbox.connect(80, { signal: after.signal })
    after.abort(reason)
    stream.end('still there')
    expect(await text(stream)).toBe('still there')
  })

  it('ends with the sandbox, and leaves no descriptor', async () => {
    const before = openFds()
    const sandbox = await open()
    await serve(sandbox, echo(80))
    const streams = await Promise.all([sandbox.connect(80), sandbox.connect(80)])
    const late = rejection(sandbox.connect(80))
    await sandbox.close()
    expect(await late).toBeInstanceOf(ClosedError)
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true])
    expect(await rejection(sandbox.connect(80))).toMatchObject({ code: 'ERR_CLOSED' })
    // What all sandboxes of this process share may have been opened meanwhile: supervisor and file helper.
    expect(openFds() - before).toBeLessThanOrEqual(4)
  })

  it('leaves no descriptor behind, refused or not', async () => {
    const sandbox = await open()
    await serve(sandbox, echo(80))
    const before = openFds()
    for (let k = 0; k < 50; k++) {
      await rejection(sandbox.connect(81))
      const stream = (await sandbox.connect(80)) as Socket
      stream.destroy()
      await once(stream, 'close')
    }
    // Sockets are closed in a later turn of the loop.
    await vi.waitFor(() => expect(openFds()).toBeLessThanOrEqual(before))
  })

  it.each([0, -1, 65_536, 1.5, Number.NaN])('refuses %s for a port', async (port) => {
    expect(await rejection((await open()).connect(port))).toBeInstanceOf(RangeError)
  })

  it('refuses what is no number, and options it does not know', async () => {
    const sandbox = await open()
    expect(await rejection(sandbox.connect('80' as never))).toBeInstanceOf(TypeError)
    expect(await rejection(sandbox.connect(undefined as never))).toBeInstanceOf(TypeError)
    expect(await rejection(sandbox.connect(80, { timeout: 5 } as never))).toBeInstanceOf(TypeError)
    expect(await rejection(sandbox.connect(80, { signal: 'no' } as never))).toBeInstanceOf(TypeError)
  })
})
