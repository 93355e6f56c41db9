// waitForPort: until a server inside takes connections, or answers.
import { ClosedError, TimeoutError } from 'stratabox'
import { describe, expect, it, vi } from 'vitest'
import { openFds } from '../../support/residue.js'
import { open, rejection } from '../api/support/open.js'
import { echo, serve } from './support/servers.js'

describe('waitForPort', () => {
  it('resolves when the server that was started a while ago listens', async () => {
    const sandbox = await open()
    await sandbox.spawn([process.execPath, '-e', `setTimeout(() => { ${echo(80).replace('net.', "require('net').")} }, 300)`])
    expect(await rejection(sandbox.connect(80))).toMatchObject({ code: 'ECONNREFUSED' })
    await sandbox.waitForPort(80)
    ;(await sandbox.connect(80)).destroy()
  })

  it('waits with a path until it is answered with a status of 200 to 299', async () => {
    const sandbox = await open()
    await serve(
      sandbox,
      `let n = 0; http.createServer((q, r) => { r.statusCode = q.url === '/health?deep=1' && ++n > 5 ? 204 : 503; r.end() }).listen(80, () => console.log('up'))`,
    )
    await sandbox.waitForPort(80, { http: '/health?deep=1' })
    for (const http of ['/', '/health'])
      expect(await rejection(sandbox.waitForPort(80, { http, timeoutMs: 200 }))).toMatchObject({
        code: 'ERR_TIMEOUT',
        message: expect.stringContaining('503'),
      })
  })

  it.each([
    [199, false],
    [200, true],
    [299, true],
    [300, false],
    [404, false],
  ])('takes a status of %s: %s', async (status, isReady) => {
    const sandbox = await open()
    await serve(
      sandbox,
      `net.createServer((s) => s.on('error', () => {}).once('data', () => s.end('HTTP/1.1 ${status} X\\r\\n\\r\\n'))).listen(80, () => console.log('up'))`,
    )
    const waited = sandbox.waitForPort(80, { http: '/', timeoutMs: isReady ? 60_000 : 300 })
    if (isReady) await waited
    else expect(await rejection(waited)).toBeInstanceOf(TimeoutError)
  })

  it('asks again where the first request hangs', async () => {
    const sandbox = await open()
    await serve(
      sandbox,
      `let n = 0; net.createServer((s) => s.on('error', () => {}).once('data', () => n++ > 0 && s.end('HTTP/1.0 200 OK\\r\\n\\r\\n'))).listen(80, () => console.log('up'))`,
    )
    await sandbox.waitForPort(80, { http: '/', timeoutMs: 4000 })
  })

  it.each([
    [
      'headers without end',
      `s.write('HTTP/1.1 200 OK\\r\\n'); const t = setInterval(() => s.write('a: ' + 'b'.repeat(1000) + '\\r\\n'), 1); s.on('close', () => clearInterval(t))`,
    ],
    ['what is no HTTP', `s.end('SSH-2.0-OpenSSH_9.6\\r\\n')`],
    ['nothing', `s.end()`],
  ])('is not misled by a server that answers with %s', async (_, answer) => {
    const sandbox = await open()
    await serve(sandbox, `net.createServer((s) => { s.on('error', () => {}); ${answer} }).listen(80, () => console.log('up'))`)
    expect(await rejection(sandbox.waitForPort(80, { http: '/', timeoutMs: 400 }))).toBeInstanceOf(TimeoutError)
  })

  it('tells when nothing listened in time, and how that looked', async () => {
    const error = await rejection((await open()).waitForPort(80, { timeoutMs: 100 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toContain('100 ms')
    expect(error.message).toContain('ECONNREFUSED')
  })

  it('rejects when the sandbox is closed, and when it ends by itself', async () => {
    const sandbox = await open()
    const waiting = rejection(sandbox.waitForPort(80))
    await sandbox.close()
    expect(await waiting).toBeInstanceOf(ClosedError)
    expect(await rejection(sandbox.waitForPort(80))).toBeInstanceOf(ClosedError)
  })

  it('is aborted by its signal', async () => {
    const sandbox = await open()
    const reason = new Error('enough')
    const controller = new AbortController()
    const waiting = rejection(sandbox.waitForPort(80, { signal: controller.signal }))
    controller.abort(reason)
    expect(await waiting).toBe(reason)
    expect(await rejection(sandbox.waitForPort(80, { signal: AbortSignal.abort(reason) }))).toBe(reason)
  })

  it('leaves no descriptor behind', async () => {
    const sandbox = await open()
    await rejection(sandbox.waitForPort(80, { timeoutMs: 50 }))
    const before = openFds()
    await rejection(sandbox.waitForPort(80, { timeoutMs: 200 }))
    // Sockets are closed in a later turn of the loop.
    await vi.waitFor(() => expect(openFds()).toBeLessThanOrEqual(before))
  })

  it('refuses a port, a time and a path that cannot be', async () => {
    const sandbox = await open()
    for (const port of [0, 65_536]) expect(await rejection(sandbox.waitForPort(port))).toBeInstanceOf(RangeError)
    expect(await rejection(sandbox.waitForPort(80, { timeoutMs: 0 }))).toBeInstanceOf(RangeError)
    for (const http of ['health', '', '/a b', '/\r\nX: y', '/\u00e9'])
      expect(await rejection(sandbox.waitForPort(80, { http }))).toBeInstanceOf(TypeError)
    expect(await rejection(sandbox.waitForPort(80, { https: '/' } as never))).toBeInstanceOf(TypeError)
  })
})
