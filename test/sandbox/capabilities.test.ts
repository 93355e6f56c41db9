import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { capabilityMask, capabilityName, capabilityNames, capabilityNumber, defaultCapabilities } from '../../src/sandbox/capabilities.js'

describe('capabilities', () => {
  it('has 41 names, at the numbers of linux/capability.h', () => {
    expect(capabilityNames).toHaveLength(41)
    const known = [
      ['CAP_CHOWN', 0],
      ['CAP_SETPCAP', 8],
      ['CAP_SYS_ADMIN', 21],
      ['CAP_MKNOD', 27],
      ['CAP_SETFCAP', 31],
      ['CAP_MAC_OVERRIDE', 32],
      ['CAP_CHECKPOINT_RESTORE', 40],
    ] as const
    for (const [name, number] of known) expect([name, capabilityNumber(name)]).toEqual([name, number])
  })
  it('takes names with and without CAP_, in either case', () => {
    expect(['chown', 'CHOWN', 'cap_chown', 'CAP_CHOWN'].map(capabilityName)).toEqual(Array(4).fill('CAP_CHOWN'))
  })
  it('names an unknown capability in a TypeError', () => {
    for (const name of ['', 'ALL', 'CAP_', 'CAP_CAP_CHOWN', 'CHOWN ', '0', '__proto__']) {
      expect(() => capabilityMask(['CHOWN', name])).toThrow(TypeError)
      expect(() => capabilityName(name)).toThrow(`'${name}'`)
    }
  })
  it('makes the bit set of proc(5)', () => {
    expect(capabilityMask([])).toBe(0n)
    expect(capabilityMask(['CHOWN', 'CAP_CHOWN', 'CHECKPOINT_RESTORE'])).toBe((1n << 40n) | 1n)
    expect(capabilityMask(capabilityNames)).toBe((1n << 41n) - 1n)
  })
  it("keeps by default less than docker's fourteen, and nothing of the host's", () => {
    const docker = 0xa80425fbn
    expect(capabilityMask(defaultCapabilities) & ~docker).toBe(0n)
    expect(capabilityMask(defaultCapabilities)).not.toBe(docker)
    for (const name of ['SYS_ADMIN', 'NET_RAW', 'NET_ADMIN', 'SYS_PTRACE', 'MKNOD', 'DAC_READ_SEARCH'])
      expect(defaultCapabilities).not.toContain(`CAP_${name}`)
  })
  it('knows every capability that the running kernel has', (ctx) => {
    if (process.platform !== 'linux') return ctx.skip('not Linux')
    expect(Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'))).toBeLessThanOrEqual(40)
  })
})
