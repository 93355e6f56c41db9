import { describe, expect, it } from 'vitest'
import { FormatError } from '../../../src/core/index.js'
import { asksForNotification, filterFlags, parseSeccompProfile } from '../../../src/sandbox/seccomp/index.js'

const withRule = (rule: object) => ({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW', ...rule }] })
const withArgument = (argument: object) => withRule({ args: [{ index: 0, value: 0, op: 'SCMP_CMP_EQ', ...argument }] })

describe('parseSeccompProfile', () => {
  it('takes a profile in the shape of docker and of the OCI runtime-spec, and gives it back as it is', () => {
    const docker = JSON.parse(`{ "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
      "archMap": [{ "architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] }],
      "syscalls": [{ "names": ["chown32", "s390_pci_mmio_read", "a_call_of_the_future"], "action": "SCMP_ACT_ALLOW", "args": null, "comment": "", "includes": {}, "excludes": {} },
        { "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 4294967295, "op": "SCMP_CMP_EQ" }],
          "includes": { "caps": ["CAP_SYS_ADMIN"], "arches": ["amd64"], "minKernel": "4.8" } }] }`)
    expect(parseSeccompProfile(docker)).toBe(docker)
    const oci = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_AARCH64'],
      flags: ['SECCOMP_FILTER_FLAG_LOG'],
      listenerPath: '',
      syscalls: null,
    }
    expect(parseSeccompProfile(oci)).toBe(oci)
    expect(() => parseSeccompProfile(withArgument({ value: (1n << 64n) - 1n, valueTwo: 2n ** 53n }))).not.toThrow()
  })

  it.each([
    ['$', null],
    ['$', []],
    ['$.defaultAction', {}],
    ['$.defaultAction', { defaultAction: 'ALLOW' }],
    ['$.syscalls', { defaultAction: 'SCMP_ACT_ALLOW', syscalls: {} }],
    ['$.default', { defaultAction: 'SCMP_ACT_ALLOW', default: 1 }],
    ['$.defaultErrnoRet', { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 4096 }],
    ['$.flags[0]', { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_X'] }],
    ['$.syscalls[0].arg', withRule({ arg: [] })],
    ['$.syscalls[0].names', withRule({ names: [] })],
    ['$.syscalls[0].names', withRule({ names: 'read' })],
    ['$.syscalls[0].names[0]', withRule({ names: [0] })],
    ['$.syscalls[0].action', withRule({ action: undefined })],
    ['$.syscalls[0].errnoRet', withRule({ errnoRet: 0 })],
    ['$.syscalls[0].errnoRet', withRule({ errnoRet: 4096 })],
    ['$.syscalls[0].includes.minKernel', withRule({ includes: { minKernel: 'new' } })],
    ['$.syscalls[0].includes.cap', withRule({ includes: { cap: [] } })],
    ['$.syscalls[0].args[0].index', withArgument({ index: 6 })],
    ['$.syscalls[0].args[0].index', withArgument({ index: -1 })],
    ['$.syscalls[0].args[0].value', withArgument({ value: -1 })],
    ['$.syscalls[0].args[0].value', withArgument({ value: 2 ** 53 })],
    ['$.syscalls[0].args[0].value', withArgument({ value: 1n << 64n })],
    ['$.syscalls[0].args[0].value', withArgument({ value: '1' })],
    ['$.syscalls[0].args[0].op', withArgument({ op: 'EQ' })],
    ['$.constructor', { ...withRule({}), __proto__: null, constructor: 1 }],
  ])('refuses what is wrong at %s (case %#)', (jsonPath, profile: unknown) => {
    const attempt = () => parseSeccompProfile(profile)
    expect(attempt).toThrow(FormatError)
    expect(attempt).toThrow(`${jsonPath}:`)
  })

  it('refuses an unknown name where it would stay allowed, and passes over it where it stays refused', () => {
    const rule = (action: string) => ({ syscalls: [{ names: ['unsahre'], action }] })
    expect(() => parseSeccompProfile({ defaultAction: 'SCMP_ACT_ALLOW', ...rule('SCMP_ACT_ERRNO') })).toThrow(
      "unknown system call 'unsahre'",
    )
    expect(() => parseSeccompProfile({ defaultAction: 'SCMP_ACT_LOG', ...rule('SCMP_ACT_KILL') })).toThrow(FormatError)
    expect(() => parseSeccompProfile({ defaultAction: 'SCMP_ACT_ERRNO', ...rule('SCMP_ACT_ALLOW') })).not.toThrow()
    expect(() => parseSeccompProfile({ defaultAction: 'SCMP_ACT_ERRNO', ...rule('SCMP_ACT_ERRNO') })).not.toThrow()
    const foreign = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['stime', 'umount'], action: 'SCMP_ACT_ERRNO' }] }
    expect(() => parseSeccompProfile(foreign)).not.toThrow()
  })
})

describe('filterFlags', () => {
  it('adds a listener for a rule that notifies, and drops what needs one without', () => {
    const flags = ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']
    const quiet = { defaultAction: 'SCMP_ACT_ALLOW', flags } as const
    const asking = { ...quiet, syscalls: [{ names: ['mount'], action: 'SCMP_ACT_NOTIFY' }] } as const
    expect([asksForNotification(quiet), filterFlags(quiet)]).toEqual([false, 2])
    expect([asksForNotification(asking), filterFlags(asking)]).toEqual([true, 2 | 8 | 32])
    expect(asksForNotification({ defaultAction: 'SCMP_ACT_NOTIFY' })).toBe(true)
  })
})
