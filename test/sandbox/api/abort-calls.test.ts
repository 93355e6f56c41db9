// AbortSignal on the calls of a sandbox that stands: each rejects with the reason, and what it began is undone.
import { type Abortable, Sandbox, SandboxPool } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { descendants, eventually } from '../../support/descendants.js'
import { openFds } from '../../support/residue.js'
import { open } from './support/open.js'

const reason = new Error('enough')
const aborted: Abortable = { signal: AbortSignal.abort(reason) }

/** A signal that is aborted once the call has begun. */
function soon(): Abortable {
  const controller = new AbortController()
  setImmediate(() => controller.abort(reason))
  return { signal: controller.signal }
}

describe('an aborted signal', () => {
  it('is the rejection of every call, which does nothing', async () => {
    const sandbox = await open()
    const sleeper = await sandbox.spawn(['sleep', '60'])
    const changes = async () => {
      for await (const _ of sandbox.changes(aborted)) expect.unreachable()
    }
    const calls = [
      () => sandbox.stats(aborted),
      () => sandbox.pause(aborted),
      () => sandbox.resume(aborted),
      () => sandbox.kill('SIGKILL', aborted),
      () => sandbox.fork(2, aborted),
      () => sleeper.wait(aborted),
      () => Sandbox.probe(aborted),
      changes,
    ]
    for (const call of calls) await expect(call()).rejects.toBe(reason)
    expect(await sandbox.run(['echo', 'neither paused nor killed'])).toMatchObject({ ok: true })
    expect(sleeper.kill('SIGKILL')).toBe(true)
  })

  it('of another type is a TypeError that names the call', async () => {
    const sandbox = await open()
    const wrong = { signal: 'SIGTERM' } as unknown as Abortable
    await expect(sandbox.stats(wrong)).rejects.toThrow(new TypeError('stats: signal must be an AbortSignal'))
    await expect(sandbox.fork(1, { count: 2 } as Abortable)).rejects.toThrow("fork: unknown option 'count'")
  })
})

describe('an abort', () => {
  it('of wait ends the waiting, not the program', async () => {
    const sandbox = await open()
    const cat = await sandbox.spawn(['cat'])
    await expect(cat.wait(soon())).rejects.toBe(reason)
    cat.stdin.end('still here')
    expect(await cat.wait()).toMatchObject({ ok: true, stdout: 'still here' })
  })

  it('of pause lets the processes go on', async () => {
    const sandbox = await open()
    const busy = await sandbox.spawn(['sh', '-c', 'while :; do :; done'])
    const controller = new AbortController()
    const pausing = sandbox.pause({ signal: controller.signal })
    controller.abort(reason)
    await expect(pausing).rejects.toBe(reason)
    expect(await sandbox.run(['echo', 'alive'], { timeoutMs: 60_000 })).toMatchObject({ stdout: 'alive\n' })
    busy.kill('SIGKILL')
  })

  it('of pause leaves a sandbox paused that was so before', async () => {
    const sandbox = await open()
    await sandbox.pause()
    const controller = new AbortController()
    const pausing = sandbox.pause({ signal: controller.signal })
    controller.abort(reason)
    await expect(pausing).rejects.toBe(reason)
    await expect(sandbox.run(['true'], { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ name: 'TimeoutError' })
    await sandbox.resume()
  })

  it('at any moment of fork leaves none of them', async () => {
    const sandbox = await open()
    for (const fork of await sandbox.fork(1)) await fork.close()
    const [processes, fds] = [descendants(process.pid).length, openFds()]
    let rejected = 0
    for (let k = 0; k < 30; k++) {
      const controller = new AbortController()
      const timer = setTimeout(() => controller.abort(reason), k / 3)
      try {
        for (const fork of await sandbox.fork(3, { signal: controller.signal })) await fork.close()
      } catch (error) {
        expect(error).toBe(reason)
        rejected++
      }
      clearTimeout(timer)
    }
    expect(rejected).toBeGreaterThan(0)
    expect(await eventually(() => descendants(process.pid).length <= processes && openFds() <= fds)).toBe(true)
    expect(await sandbox.run(['echo', 'alive'])).toMatchObject({ stdout: 'alive\n' })
  })

  it('of a take that must make its own rejects it, and the pool goes on', async () => {
    const pool = await SandboxPool.create({ size: 1 })
    const first = await pool.take()
    const late = pool.take(soon()).then(
      (sandbox) => sandbox.close(),
      (error) => expect(error).toBe(reason),
    )
    await late
    const next = await pool.take()
    expect(await next.run(['true'])).toMatchObject({ ok: true })
    await Promise.all([first.close(), next.close(), pool.close()])
  })
})
