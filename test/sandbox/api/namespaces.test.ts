// What a sandboxed process sees of the machine: namespaces(7), proc(5), and no descriptor that nobody gave it.
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { Sandbox } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { hasFullMap, open, output } from './support/open.js'

describe('namespaces', () => {
  it.each(['user', 'mnt', 'pid', 'uts', 'ipc', 'net', 'cgroup'])('gives a sandbox a %s namespace of its own', async (kind) => {
    const [one, two] = [await open(), await open()]
    const path = `/proc/self/ns/${kind}`
    const links = [readlinkSync(path), await output(one, ['readlink', path]), await output(two, ['readlink', path])]
    expect(links[1]).toMatch(new RegExp(`^${kind}:\\[\\d+\\]$`))
    expect(new Set(links).size).toBe(3)
  })

  it('shares one set of namespaces between the commands of a sandbox', async () => {
    const sandbox = await open()
    const read = () => output(sandbox, 'for n in user mnt pid uts ipc net cgroup; do readlink /proc/self/ns/$n; done')
    expect(await read()).toBe(await read())
  })

  it('shows no network interface but the loopback, which is up', async () => {
    const sandbox = await open()
    const names = (await output(sandbox, ['cat', '/proc/net/dev'])).split('\n').slice(2)
    expect(names.map((line) => line.split(':')[0]?.trim())).toEqual(['lo'])
    expect(await output(sandbox, ['cat', '/proc/net/fib_trie'])).toContain('127.0.0.1')
  })

  it('has no route out of the sandbox', async () => {
    const { stderr, ok } = await (await open()).run(['bash', '-c', 'exec 3<>/dev/tcp/192.0.2.1/80'])
    expect(ok).toBe(false)
    expect(stderr).toContain('Network is unreachable')
  })

  it('joins the network of the host only when asked, and says so', async () => {
    const sandbox = await open({ network: 'host' })
    expect(await output(sandbox, ['readlink', '/proc/self/ns/net'])).toBe(readlinkSync('/proc/self/ns/net'))
    expect(sandbox.isolation['net']).toMatchObject({ status: 'off' })
  })

  it('lets an unprivileged program listen on a low port of its own loopback', async () => {
    const sandbox = await open()
    expect(await output(sandbox, ['cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start'])).toBe('0')
  })

  it('shows only its own processes in /proc, PID 1 first', async () => {
    const sandbox = await open()
    const pids = (await output(sandbox, 'ls /proc')).split('\n').filter((name) => /^\d+$/.test(name))
    expect(pids).toContain('1')
    expect(pids.length).toBeLessThanOrEqual(3)
    expect(await output(sandbox, ['cat', '/proc/1/comm'])).toBe('stratabox-init')
  })

  it('hands a command its three streams and no other descriptor', async () => {
    const sandbox = await open()
    // The fourth is the directory that ls itself reads.
    expect((await output(sandbox, ['ls', '/proc/self/fd'])).split('\n')).toEqual(['0', '1', '2', '3'])
    const { stdout } = await sandbox.run(['ls', '/proc/self/fd'], { input: 'x', user: { uid: 1000, gid: 1000 } })
    expect(stdout.trim().split('\n')).toEqual(['0', '1', '2', '3'])
  })

  it('lets nobody inside look into PID 1, stop it or kill it', async () => {
    const sandbox = await open()
    const { ok } = await sandbox.run('ls /proc/1/fd || readlink /proc/1/exe || cat /proc/1/environ')
    expect(ok).toBe(false)
    await sandbox.run('kill -KILL 1; kill -STOP 1; kill -TERM 1')
    expect(await output(sandbox, ['echo', 'alive'])).toBe('alive')
  })

  it('has the host name that was asked for, else "sandbox", and leaves that of the host', async () => {
    const before = hostname()
    expect(await output(await open(), ['hostname'])).toBe('sandbox')
    expect(await output(await open({ hostname: 'web-1.example' }), ['hostname'])).toBe('web-1.example')
    expect(hostname()).toBe(before)
  })

  it('shows the sandbox its own control group as the top of the tree', async () => {
    for (const line of (await output(await open(), ['cat', '/proc/self/cgroup'])).split('\n')) expect(line).toMatch(/:\/(\.\.)*[^.]*$/)
  })

  it('reports each wall in isolation', async () => {
    const { isolation } = await open()
    for (const wall of ['mount', 'pid', 'uts', 'ipc', 'cgroup', 'net', 'seccomp', 'capabilities', 'noNewPrivileges'])
      expect(isolation[wall], wall).toMatchObject({ status: 'enforced' })
    expect(isolation['user']?.status).toBe(hasFullMap ? 'enforced' : 'degraded')
  })

  it('probes the host without leaving a sandbox', async () => {
    const report = await Sandbox.probe()
    for (const entry of Object.values(report)) {
      expect(['enforced', 'degraded', 'refused', 'off']).toContain(entry.status)
      if (entry.status === 'refused') expect(entry.why).toBeTruthy()
    }
    expect(report['pid']).toMatchObject({ status: 'enforced' })
  })
})
