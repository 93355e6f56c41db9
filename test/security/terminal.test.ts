// Terminals where the devices are the sandboxed programs' doing: CVE-2025-52565.
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SyscallError } from '../../src/core/index.js'
import { open, rejection } from '../sandbox/api/support/open.js'
import { hostile } from './support/hostile.js'

const pty = { columns: 80, rows: 24 }

describe('CVE-2025-52565, runc: a terminal bound over what the container made', () => {
  it('links of the image at /dev/console, /dev/ptmx and /dev/pts/0 lead nowhere', async (ctx) => {
    const { root, canary, touched } = hostile(ctx)
    mkdirSync(join(root, 'dev/pts'))
    for (const name of ['console', 'ptmx', 'pts/0', 'pts/ptmx', 'tty']) symlinkSync(join(canary, 'file'), join(root, 'dev', name))
    const sandbox = await open({ root })
    const { stdout } = await sandbox.run(['sh', '-c', 'stat -c %F /dev/pts/0; ls /dev/console; echo written > /dev/tty'], { pty })
    expect(stdout).toContain('character special file')
    expect(stdout).toContain('written')
    expect(touched()).toEqual([])
    expect(readFileSync(join(canary, 'file'), 'utf8')).toBe('host')
  })

  const covers = [
    ['a link to a file of /proc', 'ln -s /proc/self/oom_score_adj /dev/pts/ptmx', 'ELOOP'],
    ['a device that is no terminal', 'ln /dev/null /dev/pts/ptmx || cp -a /dev/null /dev/pts/ptmx || touch /dev/pts/ptmx', undefined],
    ['a FIFO that nobody reads', 'mkfifo /dev/pts/ptmx', undefined],
    ['nothing', 'true', 'ENOENT'],
  ] as const

  it.each(covers)('root inside puts another file system at /dev/pts, with %s: refused, and the sandbox goes on', async (_, make, code) => {
    const sandbox = await open({ capabilities: ['CAP_SYS_ADMIN', 'CAP_MKNOD'], seccomp: 'unconfined' })
    await sandbox.run(['sh', '-c', `mount -t tmpfs none /dev/pts && { ${make}; }`], { user: 'root', reject: true })
    const error = await rejection(sandbox.run(['true'], { pty, signal: AbortSignal.timeout(30_000) }))
    expect(error).toBeInstanceOf(SyscallError)
    if (code !== undefined) expect(error['code']).toBe(code)
    expect(await sandbox.run(['true'])).toMatchObject({ ok: true })
  })
})
