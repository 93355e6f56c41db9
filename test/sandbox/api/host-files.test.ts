// root: 'host': which files of the host show, which do not, and that none is ever written.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sandbox } from 'stratabox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isRoot, open, output } from './support/open.js'

async function changed(sandbox: Sandbox): Promise<string[]> {
  const paths: string[] = []
  for await (const { kind, path } of sandbox.changes()) paths.push(`${kind} ${path}`)
  return paths
}

describe("root: 'host'", () => {
  it('shows the directories of the operating system and nothing else at the top', async () => {
    const names = (await output(await open(), ['ls', '-A', '/'])).split('\n')
    const system = readdirSync('/').filter((name) => /^(usr|bin|sbin|lib[a-z0-9]*|etc|opt)$/.test(name))
    expect(names).toEqual(expect.arrayContaining(system))
    for (const name of names) expect([...system, 'proc', 'dev', 'tmp', 'root', 'home', 'run', 'sys', 'var']).toContain(name)
  })

  it.each(['/home', '/root', '/run', '/tmp', '/sys', '/var/tmp', '/var/lib', '/var/log'])('shows %s empty', async (path) => {
    expect(await output(await open(), ['ls', '-A', path])).toBe('')
  })

  it('does not show files that the caller has in /tmp', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stratabox-seen-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'mine'), 'private')
    const { ok, stdout } = await (await open()).run(['cat', join(folder, 'mine')])
    expect([ok, stdout]).toEqual([false, ''])
  })

  it("does not show the caller's working directory unless it is mounted", async () => {
    const command = ['cat', join(process.cwd(), 'package.json')]
    expect((await (await open()).run(command)).ok).toBe(false)
    const sandbox = await open({ mounts: { [process.cwd()]: { source: process.cwd() } } })
    expect((await sandbox.run(command)).stdout).toBe(readFileSync('package.json', 'utf8'))
  })

  it('hides the secrets in /etc', async () => {
    const sandbox = await open()
    const names = (await output(sandbox, ['find', '/etc'])).split('\n')
    for (const secret of [
      '/etc/shadow',
      '/etc/shadow-',
      '/etc/gshadow',
      '/etc/gshadow-',
      '/etc/ssl/private',
      '/etc/sudoers',
      '/etc/machine-id',
    ])
      expect(names).not.toContain(secret)
    expect(names).toContain('/etc/passwd')
    expect((await sandbox.run(['cat', '/etc/shadow'])).stderr).toContain('No such file')
  })

  it('writes to /etc in private', async () => {
    const before = existsSync('/etc/motd') ? readFileSync('/etc/motd', 'utf8') : undefined
    const sandbox = await open()
    expect(await output(sandbox, 'echo hi > /etc/motd; cat /etc/motd')).toBe('hi')
    expect(existsSync('/etc/motd') ? readFileSync('/etc/motd', 'utf8') : undefined).toBe(before)
    expect(await changed(sandbox)).toEqual([`${before === undefined ? 'add' : 'modify'} /etc/motd`])
  })

  it('removes, renames and changes files of /etc in private', async () => {
    const sandbox = await open()
    const before = statSync('/etc/passwd')
    await sandbox.run('rm /etc/group; mv /etc/passwd /etc/passwd2; chmod 600 /etc/passwd2', { reject: true })
    expect(statSync('/etc/passwd').mode).toBe(before.mode)
    expect(statSync('/etc/passwd').ino).toBe(before.ino)
    expect(existsSync('/etc/group')).toBe(true)
    expect(await changed(sandbox)).toEqual(['delete /etc/group', 'delete /etc/passwd', 'add /etc/passwd2'])
  })

  it('creates files and directories at the top in private', async () => {
    const sandbox = await open()
    await sandbox.run('mkdir -p /srv/app && echo x > /srv/app/file && echo y > /top', { reject: true })
    expect(existsSync('/top')).toBe(false)
    expect(await changed(sandbox)).toEqual(['add /srv', 'add /srv/app', 'add /srv/app/file', 'add /top'])
  })

  it('keeps what is written to /tmp, /dev/shm and /run out of sight of the host', async () => {
    const name = `stratabox-${process.pid}-${Date.now()}`
    const sandbox = await open()
    await sandbox.run(`for d in /tmp /dev/shm /run; do echo x > $d/${name}; done`, { reject: true })
    for (const folder of ['/tmp', '/dev/shm', '/run']) expect(existsSync(join(folder, name))).toBe(false)
  })

  it('shows no write of one sandbox to another', async () => {
    const [one, two] = [await open(), await open()]
    await one.run('echo one > /etc/mine; echo one > /tmp/mine', { reject: true })
    expect((await two.run('cat /etc/mine /tmp/mine')).stdout).toBe('')
  })

  if (isRoot) {
    it('takes writes to /usr, in private', async () => {
      const sandbox = await open()
      await sandbox.run('echo x > /usr/stratabox-was-here && rm /usr/bin/env', { reject: true })
      expect(existsSync('/usr/stratabox-was-here')).toBe(false)
      expect(existsSync('/usr/bin/env')).toBe(true)
      expect(await changed(sandbox)).toEqual(['modify /usr/bin', 'delete /usr/bin/env', 'add /usr/stratabox-was-here'])
      expect(sandbox.isolation['rootfs']).toMatchObject({ status: 'enforced' })
    })

    it('shows files with the owners they have on the host', async () => {
      expect(await output(await open(), ['stat', '-c', '%u:%g', '/usr/bin', '/etc/passwd'])).toBe('0:0\n0:0')
    })
  } else {
    it('refuses writes to /usr, and says so in isolation', async () => {
      const sandbox = await open()
      const { ok, stderr } = await sandbox.run('echo x > /usr/stratabox-was-here')
      expect(ok).toBe(false)
      expect(stderr).toContain('Read-only file system')
      expect(sandbox.isolation['rootfs']).toMatchObject({ status: 'degraded', how: expect.stringContaining('/usr') })
    })
  }

  it('has the usual device nodes, and they work', async () => {
    const sandbox = await open()
    expect(await output(sandbox, 'head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; echo x > /dev/null; ls /dev')).toMatch(
      /^4\n4\n/,
    )
    expect((await sandbox.run('head -c 1 /dev/zero > /dev/full')).stderr).toContain('No space left')
    expect(await output(sandbox, 'echo out > /dev/stdout; echo in | cat /dev/stdin')).toBe('out\nin')
  })

  it('has a /tmp and a /dev/shm that anybody inside may write', async () => {
    const sandbox = await open()
    const { stdout } = await sandbox.run('echo a > /tmp/a && echo b > /dev/shm/b && cat /tmp/a /dev/shm/b', { user: '1000:1000' })
    expect(stdout).toBe('a\nb\n')
  })
})
