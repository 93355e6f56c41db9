// What a sandbox could use up of the host process: CVE-2022-31030, CVE-2022-23471, CVE-2023-25153.
import { describe, expect, it } from 'vitest'
import { open } from '../sandbox/api/support/open.js'

describe('CVE-2022-31030, containerd: memory by output', () => {
  it('stays bounded while a command writes a gigabyte to each stream', async () => {
    const sandbox = await open()
    await sandbox.run(['true'])
    const before = process.memoryUsage().rss
    let most = before
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss)
    }, 20)
    const result = await sandbox.run('head -c 1073741824 /dev/zero; head -c 1073741824 /dev/zero >&2', { encoding: 'buffer' })
    clearInterval(timer)
    expect(result).toMatchObject({ ok: true, truncated: true })
    expect([result.stdout.length, result.stderr.length]).toEqual([16 * 2 ** 20, 16 * 2 ** 20])
    // Two streams of 16 MiB, their copies, and what waits to be collected.
    expect(most - before).toBeLessThan(300 * 2 ** 20)
  })
})
