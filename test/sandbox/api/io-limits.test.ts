// ioMax on a real disk: what is read past the page cache is held to the rate, and nothing else is.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sandbox } from 'stratabox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { resolveDevices, wholeDisk } from '../../../src/sandbox/linux/cgroup/index.js'
import { open, rejection } from './support/open.js'

const MIB = 2 ** 20
const SIZE = 8 * MIB

/** A directory on a disk with a file that is not in the page cache for O_DIRECT; undefined where temporary files lie on no disk. */
function onDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'stratabox-io-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'file'), new Uint8Array(SIZE).fill(1))
  try {
    wholeDisk(folder)
    execFileSync('dd', [`if=${join(folder, 'file')}`, 'of=/dev/null', 'iflag=direct', 'bs=64k'], { stdio: 'ignore' })
    return folder
  } catch {
    return undefined
  }
}

const READ = 'exec dd if=/data/file of=/dev/null iflag=direct bs=64k'
const bytesIn = (stderr: string): number => Number(/^(\d+) bytes/m.exec(stderr)?.[1] ?? 0)
const report = await Sandbox.probe()
// Not among what probe asks for: the controller is there where the others are, or not at all.
const canLimit = report['memoryMaxBytes']?.status === 'enforced'

describe('ioMax', () => {
  if (canLimit) {
    it('holds reads from the disk to the rate', async (ctx) => {
      const folder = onDisk()
      if (folder === undefined) return ctx.skip('no disk below the temporary directory')
      const limits = { ioMax: [{ device: folder, readBytesPerSecondMax: MIB }] }
      const sandbox = await open({ limits, mounts: { '/data': { source: folder } } })
      expect(sandbox.isolation['ioMax']).toMatchObject({ status: 'enforced' })
      // dd tells how far it got when it gets USR1, and goes on.
      const { stderr, timedOut } = await sandbox.run(`(${READ}) & sleep 2; kill -USR1 $!; sleep 0.5`, { timeoutMs: 60_000 })
      expect(timedOut).toBe(false)
      expect(bytesIn(stderr)).toBeGreaterThan(0)
      expect(bytesIn(stderr)).toBeLessThan(SIZE)
      expect((await sandbox.stats()).ioReadBytes).toBeGreaterThan(0)
    })

    it('does not hold reads that stay below it', async (ctx) => {
      const folder = onDisk()
      if (folder === undefined) return ctx.skip('no disk below the temporary directory')
      const limits = { ioMax: [{ device: folder, readBytesPerSecondMax: 2 ** 40 }] }
      const sandbox = await open({ limits, mounts: { '/data': { source: folder } } })
      const { stderr, ok } = await sandbox.run(READ, { timeoutMs: 60_000 })
      expect({ ok, bytes: bytesIn(stderr) }).toEqual({ ok: true, bytes: SIZE })
    })
  }

  it.each([
    [{ device: '8:0' }, TypeError, 'ioMax[0] must have at least one of'],
    [{ device: '', readBytesPerSecondMax: 1 }, TypeError, 'ioMax[0].device'],
    [{ readBytesPerSecondMax: 1 }, TypeError, 'ioMax[0].device'],
    [{ device: '8:0', readBytesPerSecondMax: 0 }, RangeError, 'ioMax[0].readBytesPerSecondMax'],
    [{ device: '8:0', writeOpsPerSecondMax: 2 ** 32 }, RangeError, 'ioMax[0].writeOpsPerSecondMax'],
    [{ device: '8:0', bytesPerSecond: 1 }, TypeError, 'bytesPerSecond'],
    [{ device: '/nowhere', readBytesPerSecondMax: 1 }, RangeError, '"/nowhere"'],
  ])('refuses %j', async (limit, type, text) => {
    const error = await rejection(Sandbox.create({ limits: { ioMax: [limit as never] } }))
    expect(error).toBeInstanceOf(type)
    expect(error.message).toContain(text)
  })

  it.each([
    ['a disk that is not there', '4095:1048575'],
    ['a file system that is on no disk', '/proc'],
  ])('refuses %s with a remedy', async (_, device) => {
    const error = await rejection(Sandbox.create({ limits: { ioMax: [{ device, readBytesPerSecondMax: MIB }] } }))
    expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED', remedy: expect.stringContaining('lsblk') })
  })

  it('takes the whole disk for a partition, and the tightest of several limits', () => {
    const sysfs = mkdtempSync(join(tmpdir(), 'stratabox-sysfs-'))
    onTestFinished(() => rmSync(sysfs, { recursive: true }))
    mkdirSync(join(sysfs, 'devices/sda/sda1'), { recursive: true })
    mkdirSync(join(sysfs, 'dev/block'), { recursive: true })
    writeFileSync(join(sysfs, 'devices/sda/dev'), '8:0\n')
    writeFileSync(join(sysfs, 'devices/sda/sda1/dev'), '8:1\n')
    writeFileSync(join(sysfs, 'devices/sda/sda1/partition'), '1\n')
    symlinkSync('../../devices/sda', join(sysfs, 'dev/block/8:0'))
    symlinkSync('../../devices/sda/sda1', join(sysfs, 'dev/block/8:1'))
    expect(wholeDisk('8:1', sysfs)).toBe('8:0')
    const limits = [
      { device: '8:1', readBytesPerSecondMax: 5, writeOpsPerSecondMax: 7 },
      { device: '8:0', readBytesPerSecondMax: 9, writeOpsPerSecondMax: 3 },
    ]
    expect(resolveDevices(limits, sysfs)).toEqual([{ device: '8:0', readBytesPerSecondMax: 5, writeOpsPerSecondMax: 3 }])
  })
})
