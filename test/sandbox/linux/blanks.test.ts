// Children made ahead: what becomes of one is the sandbox that would have been made at once, and nobody else's before or after.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { Sandbox, type SandboxOptions } from 'stratabox'
import { afterEach, describe, expect, it } from 'vitest'
import { linuxHost } from '../../../src/sandbox/linux/host.js'
import { blanksGone, eventually } from '../../support/descendants.js'
import { requires } from '../../support/requires.js'

const opened: Sandbox[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((sandbox) => sandbox.close()))
})

async function create(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await Sandbox.create({ onUnenforceable: 'degrade', ...options })
  opened.push(sandbox)
  return sandbox
}

const commOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}

/** The numbers of those that wait. */
async function waiting(): Promise<number[]> {
  const { pid } = (await linuxHost()).supervisor
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return children.filter((child) => commOf(child) === 'stratabox-blank').map(Number)
}

/** Two sandboxes, after which there are some. */
async function untilSomeWait(): Promise<void> {
  await create()
  await create()
  expect(await eventually(async () => (await waiting()).length === 2)).toBe(true)
}

const LOOK = `hostname; id; umask; pwd; env | sort; ulimit -a; cat /proc/self/limits; grep -E '^(Cap|NoNew|Seccomp:|Groups)' /proc/self/status /proc/1/status
cat /proc/1/comm; ls -la /dev /dev/pts /dev/shm /tmp | sed 's/[A-Z][a-z][a-z] .[0-9] .....//'; stat -f -c '%T %b %s' / /tmp /dev/shm
sed -E 's/^[0-9]+ [0-9]+ [0-9]+:[0-9]+ //; s/[0-9]+-[0-9a-f]{8}(-[0-9]+)?/ID/g' /proc/self/mountinfo; cat /proc/sys/net/ipv4/ip_unprivileged_port_start
cat /proc/net/dev | cut -d: -f1; sed -E 's/[0-9]+-[0-9a-f]{8}-[0-9]+/ID/' /proc/self/cgroup; cat /proc/self/uid_map; ls -l /proc/self/fd | wc -l`

describe('a sandbox from a child made ahead', () => {
  const variants: readonly (readonly [name: string, options: SandboxOptions])[] = [
    ['with no options', {}],
    ['with limits, which it joins its groups for', { limits: { memoryMaxBytes: 2 ** 27, pidsMax: 40, cpusMax: 1 } }],
    ['with another size of its scratch', { limits: { diskMaxBytes: 2 ** 24 } }],
    ['with another name, user and filter', { hostname: 'other', user: '1:1', seccomp: 'unconfined' }],
    ['with fewer capabilities', { capabilities: [] }],
    [
      'with mounts',
      { mounts: { '/t': { tmpfs: true, sizeMaxBytes: 2 ** 20 }, '/s': { secret: 'x' }, '/u': { source: '/usr/share', access: 'copy' } } },
    ],
  ]

  it.each(variants)('is as one that was made at once: %s', async (_, options) => {
    expect(await blanksGone(process.pid)).toBe(true)
    const atOnce = await create(options)
    await untilSomeWait()
    const before = await waiting()
    const ahead = await create(options)
    // It was one of them.
    expect((await waiting()).filter((pid) => before.includes(pid))).toHaveLength(1)
    const [first, second] = [await atOnce.run(LOOK), await ahead.run(LOOK)]
    expect(first.stdout.length).toBeGreaterThan(1000)
    expect(second.stdout).toBe(first.stdout)
    expect(second.stderr).toBe(first.stderr)
    expect(ahead.isolation).toEqual(atOnce.isolation)
  })

  it('shares no namespace with any other', async () => {
    await untilSomeWait()
    const many = await Promise.all(Array.from({ length: 6 }, () => create()))
    for (const kind of ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup']) {
      const links = await Promise.all(many.map(async (sandbox) => (await sandbox.run(['readlink', `/proc/self/ns/${kind}`])).stdout))
      expect(new Set([...links, `${readlinkSync(`/proc/self/ns/${kind}`)}\n`]).size, kind).toBe(many.length + 1)
    }
  })

  it('obeys its limits', async (ctx) => {
    requires(ctx, 'root')
    await untilSomeWait()
    const sandbox = await create({ limits: { pidsMax: 5, memoryMaxBytes: 2 ** 25 } })
    expect(await sandbox.run(['sh', '-c', 'tail /dev/zero'])).toMatchObject({ oomKilled: true })
    const { stdout } = await sandbox.run('for k in 1 2 3 4 5 6 7 8; do sleep 1 & done 2>/dev/null; jobs -r | wc -l')
    expect(Number(stdout)).toBeLessThan(5)
  })
})

describe('children made ahead', () => {
  it('are gone soon after the last sandbox was closed, and hold no descriptor of this process', async () => {
    const fds = readdirSync('/proc/self/fd').length
    await untilSomeWait()
    const held = readdirSync('/proc/self/fd').length
    await Promise.all(opened.splice(0).map((sandbox) => sandbox.close()))
    expect(held - fds).toBeLessThanOrEqual(2 * 3)
    expect(await blanksGone(process.pid)).toBe(true)
  })

  it('that were killed are not used', async (ctx) => {
    requires(ctx, 'root')
    await untilSomeWait()
    const killed = await waiting()
    for (const pid of killed) process.kill(pid, 'SIGKILL')
    expect(await eventually(async () => (await waiting()).length === 0)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await (await create()).run(['echo', 'alive'])).toMatchObject({ stdout: 'alive\n' })
  })
})
