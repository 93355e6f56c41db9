// What a sandboxed process may do: capabilities(7), seccomp(2), PR_SET_NO_NEW_PRIVS, and whose ids it has outside.
import { readdirSync, readFileSync } from 'node:fs'
import { Sandbox } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { capabilityMask, defaultCapabilities } from '../../../src/sandbox/capabilities.js'
import { isRoot, open, output, rejection } from './support/open.js'

async function status(sandbox: Sandbox, user?: string): Promise<Record<string, string>> {
  const { stdout } = await sandbox.run(['cat', '/proc/self/status'], { reject: true, user })
  return Object.fromEntries(stdout.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]))
}

const hex = (mask: bigint | number) => BigInt(mask).toString(16).padStart(16, '0')
const NONE = hex(0)

/** /proc/PID/status on the host of the process with this argument. */
function hostStatus(argument: string): string {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument)) return readFileSync(`/proc/${pid}/status`, 'utf8')
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  throw new Error(`no process with the argument ${argument}`)
}

describe('privileges', () => {
  it('sets no_new_privs and a system call filter on every command', async () => {
    const sandbox = await open()
    expect(await status(sandbox)).toMatchObject({ NoNewPrivs: '1', Seccomp: '2' })
    expect(await status(sandbox, '1000:1000')).toMatchObject({ NoNewPrivs: '1', Seccomp: '2' })
  })

  it('leaves root inside the default capabilities, with nothing inheritable or ambient', async () => {
    const mask = hex(capabilityMask(defaultCapabilities))
    expect(await status(await open())).toMatchObject({ CapEff: mask, CapPrm: mask, CapBnd: mask, CapInh: NONE, CapAmb: NONE })
  })

  it('leaves anybody else inside no capability at all', async () => {
    expect(await status(await open(), '1000:1000')).toMatchObject({ CapEff: NONE, CapPrm: NONE, CapInh: NONE, CapAmb: NONE })
  })

  it('keeps exactly the capabilities that were named', async () => {
    const mask = hex(capabilityMask(['CAP_NET_BIND_SERVICE']))
    expect(await status(await open({ capabilities: ['CAP_NET_BIND_SERVICE'] }))).toMatchObject({ CapEff: mask, CapBnd: mask })
    expect(await status(await open({ capabilities: [] }))).toMatchObject({ CapEff: NONE, CapBnd: NONE })
  })

  it('runs without a filter only when asked, and says so', async () => {
    const sandbox = await open({ seccomp: 'unconfined' })
    expect(await status(sandbox)).toMatchObject({ Seccomp: '0', NoNewPrivs: '1' })
    expect(sandbox.isolation['seccomp']).toMatchObject({ status: 'off' })
  })

  it('refuses a capability that does not exist', async () => {
    const error = await rejection(Sandbox.create({ capabilities: ['CAP_NONSENSE'] }))
    expect(error.message).toContain('CAP_NONSENSE')
  })

  it('refuses mounting, namespaces and kernel settings to root inside', async () => {
    const sandbox = await open()
    for (const command of [
      'mount -t tmpfs none /tmp',
      'unshare --user true',
      'unshare --net true',
      'echo 1 > /proc/sys/kernel/panic',
      'echo c > /proc/sysrq-trigger',
      'mknod /tmp/sda b 8 0 && cat /tmp/sda',
    ])
      expect((await sandbox.run(command)).ok, command).toBe(false)
  })

  it('is not root outside, though root inside', async () => {
    const sandbox = await open()
    const argument = `${1000 + Math.random()}`
    const sleep = await sandbox.spawn(['sleep', argument])
    expect(await output(sandbox, ['id', '-u'])).toBe('0')
    const ids = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/m.exec(hostStatus(argument))?.slice(1).map(Number)
    if (isRoot) for (const id of ids ?? []) expect(id).toBeGreaterThanOrEqual(65_536)
    else expect(new Set(ids)).toEqual(new Set([process.getuid?.()]))
    expect(ids).toHaveLength(4)
    await sleep[Symbol.asyncDispose]()
  })

  it('drops the groups of the caller', async () => {
    expect(await output(await open(), ['id', '-G'])).toBe('0')
  })
})
