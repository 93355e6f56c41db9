// AbortSignal on Sandbox.create and Sandbox.run: at any moment, with nothing left behind.
import { Sandbox } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { descendants, eventually } from '../../support/descendants.js'
import { openFds } from '../../support/residue.js'
import { open } from './support/open.js'

/** How often an abort came in time. */
async function abortAtManyMoments(start: (signal: AbortSignal) => Promise<void>): Promise<number> {
  let aborted = 0
  for (let k = 0; k < 60; k++) {
    const reason = new Error(`abort ${k}`)
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(reason), k / 6)
    try {
      await start(controller.signal)
    } catch (error) {
      expect(error).toBe(reason)
      aborted++
    }
    clearTimeout(timer)
  }
  return aborted
}

describe('aborting', () => {
  it('before Sandbox.create rejects with the reason', async () => {
    const reason = { any: 'value' }
    await expect(Sandbox.create({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(Sandbox.run(['true'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('at any moment of Sandbox.create leaves no process and no fd', async () => {
    await (await open()).run(['true'], { user: 'root' })
    const [processes, fds] = [descendants(process.pid).length, openFds()]
    const aborted = await abortAtManyMoments(async (signal) => (await Sandbox.create({ signal })).close())
    expect(aborted).toBeGreaterThan(0)
    expect(await eventually(() => descendants(process.pid).length <= processes && openFds() <= fds)).toBe(true)
  })

  it('at any moment of Sandbox.run leaves no process and no fd', async () => {
    await (await open()).run(['true'], { user: 'root' })
    const [processes, fds] = [descendants(process.pid).length, openFds()]
    const aborted = await abortAtManyMoments(async (signal) => void (await Sandbox.run(['sleep', '0.01'], { signal })))
    expect(aborted).toBeGreaterThan(0)
    expect(await eventually(() => descendants(process.pid).length <= processes && openFds() <= fds)).toBe(true)
  })

  it('after Sandbox.create has returned does nothing', async () => {
    const controller = new AbortController()
    const sandbox = await open({ signal: controller.signal })
    controller.abort()
    expect(await sandbox.run(['echo', 'alive'])).toMatchObject({ stdout: 'alive\n' })
  })

  it('a run in a paused sandbox does not wait for the resume', async () => {
    const sandbox = await open()
    await sandbox.pause()
    const reason = new Error('enough')
    await expect(sandbox.run(['true'], { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'TimeoutError' })
    const controller = new AbortController()
    const running = sandbox.run(['true'], { signal: controller.signal })
    controller.abort(reason)
    await expect(running).rejects.toBe(reason)
    await sandbox.resume()
    expect(await sandbox.run(['echo', 'alive'])).toMatchObject({ stdout: 'alive\n' })
  })
})
