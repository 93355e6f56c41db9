// Calls that a profile hands over (SCMP_ACT_NOTIFY): refused at once, told as 'denied'. seccomp_unotify(2).
import type { Sandbox, SeccompProfile } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { open, output, rejection } from '../sandbox/api/support/open.js'
import { eventually } from '../support/descendants.js'

const notify = (names: readonly string[], more: Partial<SeccompProfile> = {}): SeccompProfile => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names, action: 'SCMP_ACT_NOTIFY' }],
  ...more,
})

type Denied = { kind: string; what: string; count: number }

function heardBy(sandbox: Sandbox): Denied[] {
  const heard: Denied[] = []
  sandbox.on('denied', (event) => heard.push(event))
  return heard
}

const total = (heard: readonly Denied[], what: string): number =>
  heard.filter((one) => one.what === what).reduce((sum, one) => sum + one.count, 0)

describe('a system call that is handed over', () => {
  it('fails with EPERM, and is told by its name', async () => {
    const sandbox = await open({ seccomp: notify(['mkdir', 'mkdirat']) })
    const heard = heardBy(sandbox)
    const { exitCode, stderr } = await sandbox.run(['mkdir', '/tmp/new'])
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain('Operation not permitted')
    expect(await eventually(() => heard.length > 0)).toBe(true)
    expect(heard[0]).toEqual({ kind: 'syscall', what: expect.stringMatching(/^mkdir(at)?$/), count: 1 })
  })

  it("fails with the profile's own errno", async () => {
    const sandbox = await open({ seccomp: notify(['mkdir', 'mkdirat'], { defaultErrnoRet: 30 }) })
    const { stderr } = await sandbox.run(['mkdir', '/tmp/new'])
    expect(stderr).toContain('Read-only file system')
  })

  it('leaves the others as they are, and every command of the sandbox has it', async () => {
    const sandbox = await open({ seccomp: notify(['symlink', 'symlinkat']) })
    const heard = heardBy(sandbox)
    expect(await output(sandbox, 'echo a > /tmp/a; cat /tmp/a')).toBe('a')
    for (let k = 0; k < 3; k++) expect((await sandbox.run('ln -s a /tmp/b & wait $!')).exitCode).not.toBe(0)
    expect(await eventually(() => total(heard, 'symlinkat') + total(heard, 'symlink') === 3)).toBe(true)
  })

  it('is told counted and seldom when a process does nothing else', async () => {
    const sandbox = await open({ seccomp: notify(['sync']) })
    const heard = heardBy(sandbox)
    const started = performance.now()
    await output(sandbox, 'i=0; while [ $i -lt 300 ]; do sync || true; i=$((i+1)); done')
    expect(await eventually(() => total(heard, 'sync') > 0)).toBe(true)
    const tenths = (performance.now() - started) / 100
    expect(heard.length).toBeLessThan(tenths + 2)
  })

  it('is answered though this process is busy', async () => {
    const sandbox = await open({ seccomp: notify(['mkdir', 'mkdirat']) })
    const process = await sandbox.spawn('mkdir /tmp/a; date +%s%N')
    // Not a turn of the loop for a second.
    const until = Date.now() + 1000
    while (Date.now() < until);
    const blockedUntil = Date.now()
    const { stdout } = await process.wait()
    expect(Number(stdout.trim()) / 1e6).toBeLessThan(blockedUntil - 200)
  })

  it('keeps the output of a command that shares its start with PID 1 apart from it', async () => {
    const sandbox = await open({ seccomp: notify(['mkdir', 'mkdirat']) })
    const [a, b] = await Promise.all([sandbox.run('echo out; echo err >&2'), sandbox.run(['cat'], { input: 'in' })])
    expect([a.stdout, a.stderr, b.stdout]).toEqual(['out\n', 'err\n', 'in'])
    // A command that cannot be started leaves nothing behind either.
    expect(await rejection(sandbox.run(['/nowhere']))).toMatchObject({ code: 'ENOENT' })
    expect(await output(sandbox, ['sh', '-c', 'ls -l /proc/self/fd | wc -l'])).toBe(
      await output(await open(), ['sh', '-c', 'ls -l /proc/self/fd | wc -l']),
    )
  })

  it('ends with the sandbox', async () => {
    const sandbox = await open({ seccomp: notify(['mkdir', 'mkdirat']) })
    const heard = heardBy(sandbox)
    const process = await sandbox.spawn('while :; do mkdir /tmp/a; done')
    expect(await eventually(() => heard.length > 0)).toBe(true)
    await sandbox.close()
    expect(await process.wait()).toMatchObject({ signal: 'SIGKILL' })
  })

  it('costs PID 1 nothing once its command has ended: more commands than it can answer for at a time', async () => {
    const sandbox = await open({ seccomp: notify(['mkdir', 'mkdirat']) })
    for (let k = 0; k < 1050; k++) await sandbox.run(['/bin/true'], { reject: true })
  })

  it('may not be one that every command needs', async () => {
    for (const name of ['execve', 'exit_group'])
      expect(await rejection(open({ seccomp: notify([name]) }))).toMatchObject({
        name: 'FormatError',
        message: expect.stringContaining(name),
      })
    expect(await rejection(open({ seccomp: { defaultAction: 'SCMP_ACT_NOTIFY' } }))).toMatchObject({ name: 'FormatError' })
  })
})
