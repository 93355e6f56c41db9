// Bounds: enforced where the machine gives the means, else refused before anything starts, or degraded on request. What the report says is true.
import { Sandbox, UnsupportedError } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../support/descendants.js'
import { open, output, rejection } from './support/open.js'

const MIB = 2 ** 20
const report = await Sandbox.probe()
const isEnforced = (limit: string) => report[limit]?.status === 'enforced'

describe('memoryMaxBytes', () => {
  if (isEnforced('memoryMaxBytes')) {
    it('kills what takes more, and says so', async () => {
      const sandbox = await open({ limits: { memoryMaxBytes: 48 * MIB } })
      expect(sandbox.isolation['memoryMaxBytes']).toMatchObject({ status: 'enforced' })
      const result = await sandbox.run(['sh', '-c', 'head -c 300000000 /dev/zero | tail'])
      expect(result).toMatchObject({ ok: false, oomKilled: true })
    })

    it('is told as an OOM kill of the command itself too', async () => {
      const sandbox = await open({ limits: { memoryMaxBytes: 48 * MIB } })
      async function* zeros(): AsyncGenerator<Uint8Array> {
        for (let k = 0; k < 300; k++) yield new Uint8Array(MIB)
      }
      expect(await sandbox.run(['tail'], { input: zeros() })).toMatchObject({ ok: false, signal: 'SIGKILL', oomKilled: true })
    })

    it('leaves what takes less alone', async () => {
      const sandbox = await open({ limits: { memoryMaxBytes: 256 * MIB } })
      expect(await sandbox.run('head -c 30000000 /dev/zero | tail | wc -c')).toMatchObject({ ok: true, oomKilled: false })
    })

    it('does not count another failure as an OOM kill', async () => {
      const sandbox = await open({ limits: { memoryMaxBytes: 256 * MIB } })
      expect(await sandbox.run('kill -KILL $$')).toMatchObject({ signal: 'SIGKILL', oomKilled: false })
    })

    it('is there before the first instruction, and counts', async () => {
      const sandbox = await open({ limits: { memoryMaxBytes: 256 * MIB } })
      await sandbox.run(['true'])
      const stats = await sandbox.stats()
      expect(stats.memoryPeakBytes).toBeGreaterThan(0)
      expect(stats.memoryPeakBytes).toBeLessThan(256 * MIB)
    })
  } else {
    it('is refused where no group is delegated, naming the option and the remedy', async () => {
      const error = await rejection(Sandbox.create({ limits: { memoryMaxBytes: 64 * MIB } }))
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error.message).toContain('limits.memoryMaxBytes')
      expect(error['remedy']).toContain('onUnenforceable')
    })

    it('is passed over on request, and isolation says so', async () => {
      const sandbox = await open({ limits: { memoryMaxBytes: 64 * MIB }, onUnenforceable: 'degrade' })
      expect(sandbox.isolation['memoryMaxBytes']).toMatchObject({ status: 'degraded', why: expect.any(String), remedy: expect.any(String) })
      expect(await output(sandbox, ['echo', 'runs'])).toBe('runs')
    })
  }
})

describe('pidsMax', () => {
  if (isEnforced('pidsMax'))
    it('bounds a fork bomb, and the sandbox can be used and closed after it', async () => {
      const sandbox = await open({ limits: { pidsMax: 24 } })
      const bomb = await sandbox.run('b() { b | b & }; b; sleep 1', { timeoutMs: 3000 })
      expect(bomb.stderr).toMatch(/fork/i)
      expect((await sandbox.stats()).pids).toBeLessThanOrEqual(25)
      await sandbox.kill()
      expect(await eventually(async () => (await sandbox.stats()).pids <= 1)).toBe(true)
      expect(await output(sandbox, ['echo', 'alive'])).toBe('alive')
    })

  if (isEnforced('pidsMax'))
    it('allows as many as were asked for', async () => {
      const sandbox = await open({ limits: { pidsMax: 12 } })
      expect(await output(sandbox, 'for i in 1 2 3 4 5 6 7 8; do sleep 0.2 & done; wait; echo all')).toBe('all')
    })
})

describe('cpusMax', () => {
  if (isEnforced('cpusMax'))
    it('slows a busy loop down to its share', async () => {
      const sandbox = await open({ limits: { cpusMax: 0.2 } })
      const { usage, durationMs } = await sandbox.run('while :; do :; done', { timeoutMs: 2000 })
      const share = (usage.cpuUserUs + usage.cpuSystemUs) / 1000 / durationMs
      expect(share).toBeGreaterThan(0)
      expect(share).toBeLessThan(0.4)
      expect((await sandbox.stats()).cpuUsageUs).toBeGreaterThan(0)
    })
})

describe('limits that need no control group', () => {
  it('bounds what is written by diskMaxBytes, with ENOSPC', async () => {
    const sandbox = await open({ limits: { diskMaxBytes: MIB } })
    for (const path of ['/tmp/big', '/etc/big', '/dev/shm/big']) {
      const { ok, stderr } = await sandbox.run(`head -c 3000000 /dev/zero > ${path}`)
      expect(ok, path).toBe(false)
      expect(stderr).toContain('No space left on device')
      await sandbox.run(['rm', path], { reject: true })
    }
    expect((await sandbox.run('head -c 500000 /dev/zero > /tmp/fits')).ok).toBe(true)
  })

  it('bounds a file by fileSizeMaxBytes, with SIGXFSZ', async () => {
    const sandbox = await open({ limits: { fileSizeMaxBytes: 10_000 } })
    expect((await sandbox.run('head -c 10000 /dev/zero > /tmp/fits')).ok).toBe(true)
    expect(await sandbox.run('exec head -c 10001 /dev/zero > /tmp/big')).toMatchObject({ signal: 'SIGXFSZ' })
    expect(await output(sandbox, ['stat', '-c', '%s', '/tmp/big'])).toBe('10000')
  })

  it('bounds open files by openFilesMax, for root inside too', async () => {
    const sandbox = await open({ limits: { openFilesMax: 20 } })
    expect(await output(sandbox, 'ulimit -n; ulimit -Hn')).toBe('20\n20')
    expect((await sandbox.run(['bash', '-c', 'for i in $(seq 10 30); do eval "exec $i</dev/null" || exit 1; done'])).ok).toBe(false)
  })

  it('closes the sandbox when its lifetimeMaxMs is over', async () => {
    const sandbox = await open({ limits: { lifetimeMaxMs: 300 } })
    const events: unknown[] = []
    sandbox.on('limit', (event) => events.push(event))
    sandbox.on('exit', (event) => events.push(event))
    // On a busy machine it ends before the command has started.
    await sandbox.run(['sleep', '60']).catch((error) => expect(error).toMatchObject({ code: 'ERR_CLOSED' }))
    expect(await rejection(sandbox.run(['true']))).toMatchObject({ code: 'ERR_CLOSED' })
    expect(events).toMatchObject([{ limit: 'lifetimeMaxMs', max: 300 }, { reason: expect.any(String) }])
  })

  it('are in the report, each as it is', async () => {
    const { isolation } = await open({ limits: { openFilesMax: 20, diskMaxBytes: MIB } })
    expect(isolation).toMatchObject({
      openFilesMax: { status: 'enforced' },
      diskMaxBytes: { status: 'enforced' },
      fileSizeMaxBytes: { status: 'off' },
      memoryMaxBytes: { status: 'off' },
    })
  })
})

// cgroup v1 limits swap only together with memory; v2 has nothing that it cannot enforce.
if (report['pidsMax']?.how.includes('v2') !== true)
  describe('what cannot be enforced', () => {
    const unenforceable = { limits: { swapMaxBytes: MIB } } as const

    it('is refused before anything starts, naming the option and the remedy', async () => {
      const error = await rejection(Sandbox.create(unenforceable))
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED', remedy: expect.stringContaining("onUnenforceable: 'degrade'") })
      expect(error.message).toContain('limits.swapMaxBytes')
    })

    it('is passed over on request, and isolation says so', async () => {
      const sandbox = await open({ ...unenforceable, onUnenforceable: 'degrade' })
      expect(sandbox.isolation['swapMaxBytes']).toMatchObject({ status: 'degraded', why: expect.any(String) })
      expect(await output(sandbox, ['echo', 'runs'])).toBe('runs')
    })
  })
