// Whose ids a command gets: CVE-2024-40635, CVE-2026-46680, CVE-2026-30892, CVE-2024-9676, CVE-2014-8989.
import { execFileSync } from 'node:child_process'
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasFullMap, open, output, rejection } from '../sandbox/api/support/open.js'
import { hostile, replace } from './support/hostile.js'

describe('CVE-2024-40635, CVE-2026-46680, containerd: numbers past an id', () => {
  it('are refused, and never become 0', async (ctx) => {
    const { root } = hostile(ctx)
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n4294967296:x:0:0::/:/bin/sh\n')
    const sandbox = await open({ root })
    for (const user of ['4294967296', '4294967295', '-1', '0x1', '1e3', '18446744073709551616', '1:4294967296', '1:4294967295', ' 1', '1 '])
      await rejection(sandbox.run(['/bin/id', '-u'], { user }))
  })
})

describe('CVE-2026-30892, crun: a number for a user', () => {
  it('is that number', async (ctx) => {
    const { root } = hostile(ctx)
    const sandbox = await open({ root })
    const ids = async (user: string) => (await sandbox.run('echo $(id -u):$(id -g)', { user, reject: true })).stdout.trim()
    expect(await ids('1')).toMatch(/^1:/)
    expect(await ids('1:2')).toBe('1:2')
    expect(await ids('01')).toMatch(/^1:/)
    for (const user of [':5', '1:', ':']) await rejection(sandbox.run(['/bin/id'], { user }))
  })
})

describe('CVE-2024-9676, containers/storage; CVE-2026-47262, containerd: /etc/passwd of an image', () => {
  it.for<[what: string, make: (path: string) => void]>([
    ['a fifo', (path) => void execFileSync('mkfifo', [path])],
    ['a link to a device without an end', (path) => symlinkSync('/dev/zero', path)],
    ['a link to itself', (path) => symlinkSync('passwd', path)],
    [
      'a file of 100 GB',
      (path) => {
        writeFileSync(path, '')
        truncateSync(path, 100 * 2 ** 30)
      },
    ],
  ])('is bounded and does not hang when it is %s', { timeout: 30_000 }, async ([, make], ctx) => {
    const { root } = hostile(ctx)
    replace(root, 'etc/passwd', make)
    replace(root, 'etc/group', make)
    const sandbox = await open({ root })
    await rejection(sandbox.run(['/bin/ls', '/'], { user: 'somebody' }))
    expect(await output(sandbox, 'echo alive')).toBe('alive')
  })

  it('that is a link into the host is looked up inside', async (ctx) => {
    const { root, canary } = hostile(ctx)
    writeFileSync(join(canary, 'file'), 'victim:x:4711:4711::/:/bin/sh\n')
    replace(root, 'etc/passwd', (path) => symlinkSync(join(canary, 'file'), path))
    const sandbox = await open({ root })
    await rejection(sandbox.run(['/bin/id'], { user: 'victim' }))
  })
})

describe('CVE-2014-8989: groups', () => {
  it('cannot be dropped by an ordinary user’s sandbox to get round a permission that forbids them', async () => {
    const sandbox = await open()
    const setgroups = await output(sandbox, ['cat', '/proc/self/setgroups'])
    // With a full map it is newgidmap(1), or root, that allowed it.
    expect(setgroups).toBe(hasFullMap ? 'allow' : 'deny')
  })
})
