import { describe, expect, it } from 'vitest'
import { capabilityNames, defaultCapabilities } from '../../../src/sandbox/capabilities.js'
import { compileSeccomp, defaultProfile, parseSeccompProfile, type SeccompArch } from '../../../src/sandbox/seccomp/index.js'
import { syscallNumbers } from '../../../src/sandbox/seccomp/numbers.js'
import { ALLOW, AUDIT_ARCH, errno, simulate } from './simulate.js'

const EPERM = errno(1)
const ENOSYS = errno(38)
const EPROTONOSUPPORT = errno(93)

const outcome = (
  name: string,
  args: readonly bigint[] = [],
  capabilities: readonly string[] = defaultCapabilities,
  arch: SeccompArch = 'x64',
) => {
  const number = syscallNumbers(arch).get(name)
  if (number === undefined) throw new Error(`no call ${name}`)
  return simulate(compileSeccomp(defaultProfile, { arch, capabilities }), { arch: AUDIT_ARCH[arch], number, args }).value
}

describe.each(['x64', 'arm64'] as const)('the default profile on %s', (arch) => {
  const of = (name: string, args: readonly bigint[] = [], capabilities: readonly string[] = defaultCapabilities) =>
    outcome(name, args, capabilities, arch)

  it('passes its own check and names only calls that some architecture has', () => {
    expect(parseSeccompProfile(defaultProfile)).toBe(defaultProfile)
    const names = defaultProfile.syscalls!.flatMap((rule) => rule.names)
    expect(names.filter((name) => !syscallNumbers('x64').has(name))).toEqual([])
  })
  it('is small: a tree over merged ranges', () => {
    expect(compileSeccomp(defaultProfile, { arch, capabilities: defaultCapabilities }).byteLength / 8).toBeLessThan(260)
  })
  it('allows what programs live on', () => {
    for (const name of 'read write openat close mmap mprotect brk execve wait4 futex rt_sigaction socketpair connect sendmsg ptrace seccomp'.split(
      ' ',
    )) {
      expect(of(name, name === 'socketpair' ? [1n] : []), name).toBe(ALLOW)
    }
  })
  it('refuses mounts, namespaces, modules, keys, bpf and the rest of the kernel', () => {
    const names = (
      'mount umount2 pivot_root unshare setns open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr open_tree_attr init_module ' +
      'finit_module delete_module kexec_load kexec_file_load keyctl add_key request_key bpf perf_event_open userfaultfd reboot swapon swapoff ' +
      'acct quotactl quotactl_fd sethostname setdomainname settimeofday clock_settime syslog vhangup fanotify_init fanotify_mark kcmp mbind ' +
      'set_mempolicy get_mempolicy migrate_pages move_pages process_madvise open_by_handle_at pidfd_getfd lookup_dcookie nfsservctl'
    ).split(' ')
    for (const name of names) expect(of(name), name).toBe(EPERM)
  })
  it('answers ENOSYS where callers have a fall-back', () => {
    for (const name of ['clone3', 'io_uring_setup', 'io_uring_enter', 'io_uring_register', 'file_getattr'])
      expect(of(name), name).toBe(ENOSYS)
  })
  it('lets clone make threads and children but no namespace', () => {
    expect(of('clone', [0x003d_0f00n])).toBe(ALLOW)
    expect(of('clone', [17n])).toBe(ALLOW)
    for (const flag of [0x0002_0000n, 0x0200_0000n, 0x0400_0000n, 0x0800_0000n, 0x1000_0000n, 0x2000_0000n, 0x4000_0000n]) {
      expect(of('clone', [17n | flag])).toBe(EPERM)
      expect(of('clone', [17n | flag | (1n << 40n)])).toBe(EPERM)
    }
    expect(of('clone', [0x1000_0011n], ['CAP_SYS_ADMIN'])).toBe(ALLOW)
    expect(of('clone3', [], ['CAP_SYS_ADMIN'])).toBe(ALLOW)
  })
  it('refuses terminal ioctls whatever their high bits are', () => {
    for (const high of [0n, 1n << 32n, 1n << 63n]) {
      for (const request of [0x5412n, 0x541cn, 0x5423n]) expect(of('ioctl', [0n, high | request])).toBe(EPERM)
      for (const request of [0x5401n, 0x5413n, 0x541bn, 0x541dn]) expect(of('ioctl', [0n, high | request])).toBe(ALLOW)
    }
  })
  it('allows unix, inet, inet6 and route sockets, and no other family whatever its high bits are', () => {
    for (const high of [0n, 1n << 32n]) {
      for (let family = 0n; family < 50n; family++) {
        const wanted = [1n, 2n, 10n, 16n].includes(family) ? ALLOW : EPERM
        expect(of('socket', [high | family, 1n, 0n]), `family ${family}`).toBe(wanted)
      }
      // NETLINK_AUDIT: libaudit takes EPERM for a fault.
      expect(of('socket', [high | 16n, 3n, 9n])).toBe(EPROTONOSUPPORT)
      expect(of('socket', [high | 40n, 1n, 0n], capabilityNames)).toBe(EPERM)
    }
    expect(of('socketpair', [30n])).toBe(EPERM)
  })
  it('opens packet and netlink sockets with the capability for them', () => {
    expect(of('socket', [17n, 3n, 0n], ['CAP_NET_RAW'])).toBe(ALLOW)
    expect(of('socket', [16n, 3n, 12n], ['CAP_NET_ADMIN'])).toBe(ALLOW)
  })
  it('allows the harmless personalities only', () => {
    for (const value of [0n, 8n, 0x2_0000n, 0x2_0008n, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn]) expect(of('personality', [value])).toBe(ALLOW)
    for (const value of [0x4_0000n, 0x40_0000n, 0x4_0008n, (1n << 32n) | 0x4_0000n]) expect(of('personality', [value])).toBe(EPERM)
  })
  it('never opens modules, kexec, keys or io_uring, not even with every capability', () => {
    for (const name of ['init_module', 'kexec_load', 'add_key', 'keyctl', 'userfaultfd', 'swapon', 'ioperm', 'iopl']) {
      if (syscallNumbers(arch).has(name)) expect(of(name, [], capabilityNames), name).toBe(EPERM)
    }
    expect(of('io_uring_setup', [], capabilityNames)).toBe(ENOSYS)
  })
  it('takes few steps for every allowed call', () => {
    const program = compileSeccomp(defaultProfile, { arch, capabilities: defaultCapabilities })
    const steps = [...syscallNumbers(arch).values()].map((number) => simulate(program, { arch: AUDIT_ARCH[arch], number, args: [] }).steps)
    expect(Math.max(...steps)).toBeLessThan(30)
  })
})

describe('the tables', () => {
  it('hold the numbers that every kernel has', () => {
    const x64 = syscallNumbers('x64')
    const arm64 = syscallNumbers('arm64')
    const known = [
      ['read', 0, 63],
      ['mount', 165, 40],
      ['clone', 56, 220],
      ['execve', 59, 221],
      ['seccomp', 317, 277],
      ['rseq', 334, 293],
      ['pidfd_send_signal', 424, 424],
      ['clone3', 435, 435],
      ['set_mempolicy_home_node', 450, 450],
      ['cachestat', 451, 451],
      ['file_setattr', 469, 469],
    ] as const
    for (const [name, onX64, onArm64] of known) expect([name, x64.get(name), arm64.get(name)]).toEqual([name, onX64, onArm64])
    expect([x64.get('open'), arm64.get('open')]).toEqual([2, undefined])
  })
})
