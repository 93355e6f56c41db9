// The files of a sandbox whose processes are gone, that is paused, or that is closed; aborted calls.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openFds } from '../../support/residue.js'
import { open, output, rejection } from '../api/support/open.js'
import { hostDirectory, snapshot } from './support/host-dir.js'

describe('files', () => {
  it('stay when every process was killed', async () => {
    const sandbox = await open()
    await output(sandbox, 'echo left > /tmp/a; mkdir /tmp/d; ln -s ../a /tmp/d/l')
    await sandbox.spawn(['sleep', '100'])
    await sandbox.kill()
    const { fs } = sandbox
    expect(await fs.readFile('/tmp/d/l', 'utf8')).toBe('left\n')
    await fs.writeFile('/etc/new', 'x')
    await fs.rename('/tmp/a', '/tmp/b')
    await fs.rm('/tmp/d', { recursive: true })
    expect(await fs.readdir('/tmp')).toEqual(['b'])
    const host = hostDirectory()
    await fs.copyOut('/tmp', host)
    expect(snapshot(host)).toEqual({ b: '644 left\n' })
    expect((await fs.lstat('/etc/new')).size).toBe(1)
  })
  it('can be read and written while the sandbox is paused', async () => {
    const sandbox = await open()
    await sandbox.spawn(['sleep', '100'])
    await sandbox.pause()
    await sandbox.fs.writeFile('/tmp/a', 'x')
    expect(await sandbox.fs.readFile('/tmp/a', 'utf8')).toBe('x')
    await sandbox.resume()
  })
  it('reject with ERR_CLOSED after close', async () => {
    const sandbox = await open()
    const { fs } = sandbox
    await sandbox.close()
    for (const call of [
      fs.readFile('/a'),
      fs.writeFile('/a', ''),
      fs.stat('/'),
      fs.readdir('/'),
      fs.open('/a'),
      fs.rm('/a', { force: true }),
      fs.copyOut('/', '/tmp/x'),
      fs.copyIn('/etc', '/x'),
    ])
      expect(await rejection(call)).toMatchObject({ code: 'ERR_CLOSED' })
  })
  it('of one sandbox are not those of another', async () => {
    const [a, b] = [await open(), await open()]
    await Promise.all([a.fs.writeFile('/tmp/x', 'a'), b.fs.writeFile('/tmp/x', 'b')])
    expect(await Promise.all([a, b].map(({ fs }) => fs.readFile('/tmp/x', 'utf8')))).toEqual(['a', 'b'])
  })
})

describe('an aborted call', () => {
  const reason = { any: 'value' }
  it('rejects with the reason before anything is done', async () => {
    const { fs } = await open()
    const signal = AbortSignal.abort(reason)
    const host = hostDirectory()
    for (const call of [
      fs.readFile('/etc/passwd', { signal }),
      fs.writeFile('/tmp/a', 'x', { signal }),
      fs.copyIn('/etc/apt', '/tmp/apt', { signal }),
      fs.copyOut('/etc/apt', join(host, 'apt'), { signal }),
    ])
      await expect(call).rejects.toBe(reason)
    expect(await fs.readdir('/tmp')).toEqual([])
    expect(snapshot(host)).toEqual({})
  })
  it('rejects with the reason at any moment, and leaves no descriptor', async () => {
    const { fs } = await open()
    await fs.writeFile('/tmp/big', Buffer.alloc(8 * 2 ** 20))
    const before = openFds()
    const host = hostDirectory()
    let aborted = 0
    for (let k = 0; k < 60; k++) {
      const controller = new AbortController()
      const { signal } = controller
      const calls = [
        fs.readFile('/tmp/big', { signal }),
        fs.writeFile('/tmp/other', Buffer.alloc(2 ** 20), { signal }),
        fs.copyOut('/tmp/big', join(host, 'big'), { signal }),
        fs.copyOut('/etc/apt', join(host, `apt${k}`), { signal }),
      ]
      setTimeout(() => controller.abort(reason), k / 10)
      for (const { status, ...rest } of await Promise.allSettled(calls)) {
        if (status !== 'rejected') continue
        aborted++
        expect((rest as { reason: unknown }).reason).toBe(reason)
      }
    }
    expect(aborted).toBeGreaterThan(0)
    await fs.stat('/')
    expect(openFds()).toBeLessThanOrEqual(before)
  })
  it('of copyOut leaves no file that is not whole', async () => {
    const { fs } = await open()
    await fs.writeFile('/tmp/big', Buffer.alloc(32 * 2 ** 20))
    const host = hostDirectory()
    const controller = new AbortController()
    const copy = fs.copyOut('/tmp/big', join(host, 'big'), { signal: controller.signal })
    while (snapshot(host)['big'] === undefined) await new Promise((resolve) => setImmediate(resolve))
    controller.abort(reason)
    await expect(copy).rejects.toBe(reason)
    expect(snapshot(host)).toEqual({})
  })
  it('of a stream ends it', async () => {
    const { fs } = await open()
    const controller = new AbortController()
    const stream = fs.createReadStream('/etc/passwd', { signal: controller.signal })
    controller.abort(reason)
    expect(await rejection(stream.toArray())).toMatchObject({ name: 'AbortError' })
  })
})
