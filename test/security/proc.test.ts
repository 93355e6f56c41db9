// What of /proc is hidden, what is read-only, and what stays as programs need it.
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MASKED, READ_ONLY } from '../../src/rootfs/index.js'
import { open, output } from '../sandbox/api/support/open.js'

const masked = MASKED.filter((name) => existsSync(`/proc/${name}`))
const readOnly = READ_ONLY.filter((name) => existsSync(`/proc/${name}`))

describe('/proc', () => {
  it('has every path of docker’s lists covered', () => {
    for (const name of [
      'acpi',
      'asound',
      'interrupts',
      'kcore',
      'keys',
      'latency_stats',
      'sched_debug',
      'scsi',
      'timer_list',
      'timer_stats',
    ])
      expect(MASKED).toContain(name)
    for (const name of ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger']) expect(READ_ONLY).toContain(name)
    // The kernel these run on has some of both, so the tests below are about something.
    expect(masked.length).toBeGreaterThan(1)
    expect(readOnly.length).toBeGreaterThan(2)
  })

  it('shows nothing of what is masked, and takes nothing', async () => {
    const sandbox = await open()
    for (const name of masked) {
      expect(await output(sandbox, `if [ -d /proc/${name} ]; then ls -A /proc/${name}; else cat /proc/${name}; fi`), name).toBe('')
      expect((await sandbox.run(`echo 1 > /proc/${name}`)).ok, name).toBe(false)
    }
  })

  it('lets nothing be written to what is read-only, not even what the sandbox’s own namespaces have', async () => {
    const sandbox = await open()
    for (const name of readOnly) expect(await output(sandbox, `grep -c ' /proc/${name} ro,' /proc/self/mountinfo`), name).toBe('1')
    for (const name of ['kernel/hostname', 'net/ipv4/ip_unprivileged_port_start', 'net/ipv4/ip_forward', 'kernel/shmmax', 'vm/drop_caches'])
      expect((await sandbox.run(`cat /proc/sys/${name} > /tmp/v; cat /tmp/v > /proc/sys/${name}`)).ok, name).toBe(false)
  })

  it('still says what programs ask it', async () => {
    const sandbox = await open()
    for (const name of ['cpuinfo', 'meminfo', 'stat', 'uptime', 'version', 'self/status', 'self/maps', 'sys/kernel/ostype', 'net/dev'])
      expect((await output(sandbox, ['cat', `/proc/${name}`])).length, name).toBeGreaterThan(0)
    expect((await sandbox.run('echo 500 > /proc/self/oom_score_adj')).ok).toBe(true)
  })

  it('has the ports from 0 on free for everybody, and echo requests too', async () => {
    const sandbox = await open()
    expect(await output(sandbox, ['cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start'])).toBe('0')
  })
})
