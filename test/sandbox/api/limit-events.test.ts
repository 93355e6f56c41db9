// 'limit' events: which limit took effect, with figures, told without polling.
import type { Sandbox } from 'stratabox'
import { Sandbox as Sandboxes } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../support/descendants.js'
import { open } from './support/open.js'

const MIB = 2 ** 20
const report = await Sandboxes.probe()
const isEnforced = (limit: string) => report[limit]?.status === 'enforced'

const isV2 = report['pidsMax']?.how.includes('v2') === true

interface Told {
  readonly limit: string
  readonly value: number
  readonly max: number
}

function listen(sandbox: Sandbox): Told[] {
  const told: Told[] = []
  sandbox.on('limit', (event) => told.push(event))
  return told
}

describe("'limit'", () => {
  if (isEnforced('memoryMaxBytes')) {
    it('tells of memory, once, and not of what stayed below', async () => {
      const sandbox = await open({ limits: { memoryMaxBytes: 48 * MIB } })
      const told = listen(sandbox)
      await sandbox.run('head -c 1000000 /dev/zero | tail | wc -c')
      expect(told).toEqual([])
      expect(await sandbox.run('head -c 300000000 /dev/zero | tail')).toMatchObject({ oomKilled: true })
      expect(await eventually(async () => told.length > 0)).toBe(true)
      expect(told).toMatchObject([{ limit: 'memoryMaxBytes', max: 48 * MIB }])
      expect(told[0]?.value).toBeGreaterThan(40 * MIB)
    })

    it('leaves a sandbox alive whose command was killed for memory', async () => {
      const sandbox = await open({ limits: { memoryMaxBytes: 48 * MIB } })
      const daemon = await sandbox.spawn(['sleep', '100'])
      expect(await sandbox.run('head -c 300000000 /dev/zero | tail')).toMatchObject({ ok: false, oomKilled: true })
      expect((await sandbox.run(['echo', 'alive'])).stdout).toBe('alive\n')
      expect(daemon.kill()).toBe(true)
      expect(await daemon.wait()).toMatchObject({ signal: 'SIGTERM', oomKilled: false })
    })
  }

  if (isEnforced('pidsMax'))
    it('tells of processes: with cgroup v2 while the command runs on, else when it has ended', async () => {
      const sandbox = await open({ limits: { pidsMax: 8 } })
      const told = listen(sandbox)
      const command = await sandbox.spawn(['bash', '-c', 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 30 & done 2>/dev/null; sleep 30'])
      if (isV2) expect(await eventually(() => told.length > 0)).toBe(true)
      else expect(await eventually(async () => (await sandbox.stats()).pids >= 8)).toBe(true)
      // bash asks again before it gives up; whether it did by now shows in what it tells below.
      if (!isV2) await eventually(() => false, 500)
      await sandbox.kill()
      await command.wait()
      expect(told[0]).toEqual({ limit: 'pidsMax', value: 9, max: 8 })
    })

  it('tells of a full scratch in memory when the command has ended', async () => {
    const sandbox = await open({ limits: { diskMaxBytes: MIB } })
    const told = listen(sandbox)
    await sandbox.run('head -c 500000 /dev/zero > /tmp/fits')
    expect(told).toEqual([])
    await sandbox.run('head -c 3000000 /dev/zero > /tmp/big')
    expect(await eventually(async () => told.length > 0)).toBe(true)
    expect(told).toEqual([{ limit: 'diskMaxBytes', value: MIB, max: MIB }])
  })

  it('tells of a file that grew too large', async () => {
    const sandbox = await open({ limits: { fileSizeMaxBytes: 10_000 } })
    const told = listen(sandbox)
    await sandbox.run('exec head -c 10001 /dev/zero > /tmp/big')
    expect(told).toEqual([{ limit: 'fileSizeMaxBytes', value: 10_000, max: 10_000 }])
  })

  it('says nothing of limits that were kept', async () => {
    const sandbox = await open({ limits: { fileSizeMaxBytes: 10_000, diskMaxBytes: MIB, openFilesMax: 64 } })
    const told = listen(sandbox)
    expect((await sandbox.run('head -c 9999 /dev/zero > /tmp/fits')).ok).toBe(true)
    expect(await sandbox.run('kill -KILL $$')).toMatchObject({ signal: 'SIGKILL' })
    expect(told).toEqual([])
  })
})
