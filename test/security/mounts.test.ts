// Mount points that a root file system redirects by links, before and while a sandbox is made.
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Sandbox, type SandboxOptions } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { open, output } from '../sandbox/api/support/open.js'
import { type Hostile, hostile, replace } from './support/hostile.js'

const mountTable = () => readFileSync('/proc/self/mountinfo', 'utf8')

/** Tries to make one, uses it when it comes, and expects the host to be as it was. */
async function attempt(
  { touched }: Hostile,
  options: SandboxOptions,
  use?: (sandbox: Sandbox) => Promise<void>,
): Promise<Error | undefined> {
  const before = mountTable()
  try {
    const sandbox = await Sandbox.create(options)
    try {
      await use?.(sandbox)
    } finally {
      await sandbox.close()
    }
    return undefined
  } catch (error) {
    if ((error as Error).name !== 'SyscallError') throw error
    return error as Error
  } finally {
    expect(touched()).toEqual([])
    expect(mountTable()).toBe(before)
  }
}

const ways = (canary: string): readonly string[] => [canary, `../../../../../../../../..${canary}`, '/tmp']

describe('CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642, CVE-2025-54867: /proc as a link', () => {
  it('is refused, wherever it leads', async (ctx) => {
    const place = hostile(ctx)
    for (const target of [...ways(place.canary), '/proc', 'etc']) {
      replace(place.root, 'proc', (path) => symlinkSync(target, path))
      expect(await attempt(place, { root: place.root }), target).toMatchObject({ code: expect.stringMatching(/ELOOP|ENOTDIR|ENOENT/) })
    }
  })

  it('and /sys as a link changes nothing: no sysfs is mounted', async (ctx) => {
    const place = hostile(ctx)
    symlinkSync(place.canary, join(place.root, 'sys'))
    expect(await attempt(place, { root: place.root })).toBeUndefined()
  })
})

describe('CVE-2026-41579, CVE-2026-47766, CVE-2024-45310, runc and crun: /dev as a link', () => {
  it('is refused, and nothing is made where it leads', async (ctx) => {
    const place = hostile(ctx)
    for (const target of ways(place.canary)) {
      replace(place.root, 'dev', (path) => symlinkSync(target, path))
      expect(await attempt(place, { root: place.root }), target).toMatchObject({ code: expect.stringMatching(/ELOOP|ENOTDIR|ENOENT/) })
    }
  })

  it('as /dev/pts, /dev/shm or /dev/console does not matter: /dev is new', async (ctx) => {
    const place = hostile(ctx)
    for (const name of ['pts', 'shm', 'console', 'ptmx', 'fd', 'stdout']) symlinkSync(place.canary, join(place.root, 'dev', name))
    const use = async (sandbox: Sandbox) => expect(await output(sandbox, '/bin/ls -l /dev')).not.toContain(place.canary)
    expect(await attempt(place, { root: place.root }, use)).toBeUndefined()
  })
})

describe('CVE-2025-31133, runc: /dev/null of the image as what masks', () => {
  it('is not used: masks hold, and what the link names is as it was', async (ctx) => {
    const place = hostile(ctx)
    symlinkSync(join(place.canary, 'file'), join(place.root, 'dev', 'null'))
    const use = async (sandbox: Sandbox) => {
      expect(await output(sandbox, '/bin/cat /proc/keys /proc/interrupts')).toBe('')
      expect((await sandbox.run('echo x > /proc/keys')).ok).toBe(false)
      expect(await output(sandbox, '/bin/stat -c %F /dev/null')).toBe('character special file')
    }
    expect(await attempt(place, { root: place.root }, use)).toBeUndefined()
  })
})

describe('CVE-2025-52881, runc: a procfs that is none', () => {
  it('is covered by the real one, and nothing is written to it', async (ctx) => {
    const place = hostile(ctx)
    const fakes = [
      'self/attr/exec',
      'self/oom_score_adj',
      'sys/net/ipv4/ip_unprivileged_port_start',
      'sys/kernel/hostname',
      'sysrq-trigger',
    ]
    for (const name of fakes) {
      mkdirSync(join(place.root, 'proc', name, '..'), { recursive: true })
      writeFileSync(join(place.root, 'proc', name), 'fake')
    }
    symlinkSync(place.canary, join(place.root, 'proc', '1'))
    const use = async (sandbox: Sandbox) => expect(await output(sandbox, '/bin/stat -f -c %T /proc')).toBe('proc')
    expect(await attempt(place, { root: place.root }, use)).toBeUndefined()
    for (const name of fakes) expect(readFileSync(join(place.root, 'proc', name), 'utf8')).toBe('fake')
  })
})

describe('CVE-2021-30465, CVE-2026-87766, CVE-2025-24965: mount points below a link', () => {
  it('of the image are made inside, for every kind of mount', async (ctx) => {
    const place = hostile(ctx)
    writeFileSync(join(place.root, '..', 'source'), 'source')
    for (const target of ways(place.canary)) {
      replace(place.root, 'etc', (path) => symlinkSync(target, path))
      // Inside the link may lead nowhere, and that may be refused; what must not happen is that it leads to the host.
      for (const mount of [
        { tmpfs: true as const },
        { secret: 'x' },
        { source: join(place.root, '..', 'source') },
        { source: join(place.root, 'bin') },
      ])
        await attempt(place, { root: place.root, mounts: { '/etc/deep/point': mount } })
    }
  })

  it('that an earlier mount brings are resolved inside too', async (ctx) => {
    const place = hostile(ctx)
    const share = join(place.root, '..', 'share')
    mkdirSync(share)
    for (const [k, target] of ways(place.canary).entries()) symlinkSync(target, join(share, `link${k}`))
    for (let k = 0; k < 3; k++)
      await attempt(place, {
        root: place.root,
        mounts: { '/share': { source: share, access: 'write' }, [`/share/link${k}/below`]: { tmpfs: true } },
      })
  })

  it('are not lost to somebody who exchanges directory and link all the time', async (ctx) => {
    const place = hostile(ctx)
    const share = join(place.root, '..', 'share')
    mkdirSync(join(share, 'point'), { recursive: true })
    symlinkSync(place.canary, join(share, 'other'))
    // Three renames, since Node has no renameat2(2): for a moment there is nothing, which is one more state to meet.
    const racer = new Worker(
      `const { renameSync } = require('node:fs'); const { workerData: share } = require('node:worker_threads')
       for (;;) for (const [a, b] of [['point', 'kept'], ['other', 'point'], ['point', 'other'], ['kept', 'point']]) try { renameSync(share + '/' + a, share + '/' + b) } catch {}`,
      { eval: true, workerData: share },
    )
    try {
      for (let k = 0; k < 100; k++)
        await attempt(place, {
          root: place.root,
          mounts: { '/share': { source: share, access: 'write' }, '/share/point': { tmpfs: true }, '/share/point/file': { secret: 'x' } },
        })
    } finally {
      await racer.terminate()
    }
    expect(place.touched()).toEqual([])
  })
})

describe('mount points over the kernel’s own', () => {
  it('are refused: /proc, /dev and below', async () => {
    for (const path of ['/proc', '/proc/sys', '/proc/self/attr', '/dev', '/dev/pts', '//proc//', '/./proc'])
      await expect(Sandbox.create({ mounts: { [path]: { tmpfs: true } } }), path).rejects.toThrow(TypeError)
  })
})

describe('CVE-2022-23648, containerd: volumes of an image', () => {
  it('are not mounted: a path in a configuration shows nothing of the host', async (ctx) => {
    const place = hostile(ctx)
    symlinkSync(place.canary, join(place.root, 'volume'))
    const sandbox = await open({ root: place.root })
    expect((await sandbox.run(['/bin/ls', '/volume/'])).ok).toBe(false)
    expect(existsSync(join(place.canary, 'file'))).toBe(true)
    renameSync(join(place.root, 'volume'), join(place.root, 'gone'))
  })
})
