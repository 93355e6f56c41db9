// Hosts that forbid namespaces: found out by trying, explained, with a remedy. user_namespaces(7).
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SyscallError, UnsupportedError } from '../../src/core/index.js'
import { explained, reasonFor } from '../../src/sandbox/linux/forbidden.js'
import { requires } from '../support/requires.js'

const run = promisify(execFile)
const dist = fileURLToPath(new URL('../../dist/index.js', import.meta.url))
const host = (files: Record<string, string>) => (path: string) => files[path] ?? ''

describe('the reason that namespaces cannot be made', () => {
  it.each([
    ['/proc/sys/user/max_user_namespaces', '0', 'user.max_user_namespaces'],
    ['/proc/sys/kernel/unprivileged_userns_clone', '0', 'kernel.unprivileged_userns_clone=1'],
    ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1', 'userns,'],
    ['/proc/1/cgroup', '0::/docker/0123', 'seccomp=unconfined'],
    ['/.dockerenv', ' ', 'seccomp=unconfined'],
    ['/run/.containerenv', 'engine="podman"', 'unmask=ALL'],
    ['/nothing', '', 'user.max_user_namespaces'],
  ])('%s: %s', (path, text, remedy) => {
    expect(reasonFor(host({ [path]: text })).remedy).toContain(remedy)
  })

  it('is the setting and not the container, where both are there', () => {
    expect(reasonFor(host({ '/.dockerenv': ' ', '/proc/sys/user/max_user_namespaces': '0' })).why).toContain('max_user_namespaces')
  })

  it('is given for the calls that fail first, and for no other', () => {
    const failure = (errno: number, code: string, syscall: string, path?: string) => new SyscallError({ errno, code, syscall, path })
    const read = host({})
    for (const error of [
      failure(1, 'EPERM', 'clone3'),
      failure(28, 'ENOSPC', 'unshare', 'user'),
      failure(1, 'EPERM', 'write', 'uid_map'),
      failure(13, 'EACCES', 'mount', '/'),
      failure(1, 'EPERM', 'fsmount', 'proc'),
    ])
      expect(explained(error, read)).toBeInstanceOf(UnsupportedError)
    for (const error of [
      failure(2, 'ENOENT', 'execve', '/x'),
      failure(1, 'EPERM', 'mount', 'overlay'),
      failure(11, 'EAGAIN', 'clone3'),
      new TypeError('x'),
    ])
      expect(explained(error, read)).toBe(error)
    expect((explained(failure(1, 'EPERM', 'fsmount', 'proc'), read) as UnsupportedError).remedy).toContain('systempaths=unconfined')
  })
})

describe('a host that forbids user namespaces', () => {
  it('is told by probe and create: what forbids it, and what to do', async (ctx) => {
    requires(ctx, 'userns', 'unshare')
    const home = mkdtempSync(join(tmpdir(), 'stratabox-forbidden-'))
    onTestFinished(() => rmSync(home, { recursive: true, force: true }))
    const script = `import { Sandbox } from ${JSON.stringify(dist)}
      const report = await Sandbox.probe()
      const error = await Sandbox.create().catch((thrown) => thrown)
      console.log(JSON.stringify({ report, name: error.name, code: error.code, message: error.message, remedy: error.remedy }))`
    // In a namespace of its own, where the sysctl is its own too.
    const inside = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    const { stdout } = await run(
      'unshare',
      ['--user', '--map-root-user', 'sh', '-c', inside, 'sh', process.execPath, '--input-type=module', '-e', script],
      {
        env: { ...process.env, HOME: home, XDG_RUNTIME_DIR: home, XDG_DATA_HOME: join(home, 'data') },
      },
    )
    const { report, name, code, message, remedy } = JSON.parse(stdout)
    expect(report.user).toMatchObject({
      status: 'refused',
      why: expect.stringContaining('max_user_namespaces'),
      remedy: expect.stringContaining('sysctl'),
    })
    expect({ name, code }).toEqual({ name: 'UnsupportedError', code: 'ERR_UNSUPPORTED' })
    expect(message).toContain('user namespaces')
    expect(remedy).toContain('user.max_user_namespaces')
  })
})
