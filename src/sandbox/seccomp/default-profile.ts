// The default profile: what is not named is refused. Its reasons: docs/decisions, "seccomp".
import { ERRNO } from '../../core/errno.js'
import { ALLOWED_CALLS, CALLS_OF_CAPABILITY } from './default-calls.js'
import type { SeccompArgument, SeccompProfile, SeccompRule } from './profile.js'

// The kernel takes these arguments as 32-bit: bits above must not make another value of them.
const low32 = (index: number, value: number): SeccompArgument => ({
  index,
  op: 'SCMP_CMP_MASKED_EQ',
  value: 0xffff_ffff,
  valueTwo: value,
})

const allow = (names: readonly string[], args: readonly SeccompArgument[] = []): SeccompRule => ({ names, action: 'SCMP_ACT_ALLOW', args })
const refuse = (names: readonly string[], errnoRet: number, args: readonly SeccompArgument[] = []): SeccompRule => ({
  names,
  action: 'SCMP_ACT_ERRNO',
  errnoRet,
  args,
})

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (sched.h). NEWTIME is no flag of clone(2).
const CLONE_NEW_NAMESPACES = 0x7e02_0000

const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10
const AF_NETLINK = 16
const AF_PACKET = 17
const NETLINK_ROUTE = 0

// asm-generic/ioctls.h. TIOCSTI and TIOCLINUX type into the terminal, TIOCSETD loads line disciplines.
const TERMINAL_IOCTLS = [0x5412, 0x541c, 0x5423]

// PER_LINUX, PER_LINUX32, UNAME26, both, and the query (sys/personality.h): none turns address randomization off.
const PERSONALITIES = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff]

const rules: readonly SeccompRule[] = [
  allow(ALLOWED_CALLS),
  ...CALLS_OF_CAPABILITY.map(([capability, names]) => ({ ...allow(names), includes: { caps: [capability] } })),

  // Threads and children, but no new namespaces. What clone3 asks for lies in memory, where no filter sees it; libc falls back to clone at ENOSYS.
  {
    ...allow(['clone'], [{ index: 0, op: 'SCMP_CMP_MASKED_EQ', value: CLONE_NEW_NAMESPACES, valueTwo: 0 }]),
    excludes: { caps: ['CAP_SYS_ADMIN'] },
  },
  { ...refuse(['clone3'], ERRNO.ENOSYS), excludes: { caps: ['CAP_SYS_ADMIN'] } },

  ...[AF_UNIX, AF_INET, AF_INET6].map((family) => allow(['socket'], [low32(0, family)])),
  allow(['socketpair'], [low32(0, AF_UNIX)]),
  { ...allow(['socket'], [low32(0, AF_PACKET)]), includes: { caps: ['CAP_NET_RAW'] } },
  allow(['socket'], [low32(0, AF_NETLINK), low32(2, NETLINK_ROUTE)]),
  { ...allow(['socket'], [low32(0, AF_NETLINK)]), includes: { caps: ['CAP_NET_ADMIN'] } },
  // libaudit (useradd, passwd, PAM) goes on without auditing at this errno and gives up at EPERM.
  {
    ...refuse(['socket'], ERRNO.EPROTONOSUPPORT, [low32(0, AF_NETLINK), { index: 2, op: 'SCMP_CMP_NE', value: NETLINK_ROUTE }]),
    excludes: { caps: ['CAP_NET_ADMIN'] },
  },

  allow(['ioctl']),
  ...TERMINAL_IOCTLS.map((request) => refuse(['ioctl'], ERRNO.EPERM, [low32(1, request)])),
  ...PERSONALITIES.map((persona) => allow(['personality'], [low32(0, persona)])),

  // Callers of these have a fall-back for kernels without them.
  refuse(['io_uring_setup', 'io_uring_enter', 'io_uring_register'], ERRNO.ENOSYS),
  refuse(['file_getattr', 'file_setattr', 'lsm_get_self_attr', 'lsm_set_self_attr', 'lsm_list_modules'], ERRNO.ENOSYS),
]

/** What sandboxes run under unless told otherwise: refused with EPERM unless named. Compile it with the capabilities that are kept. */
export const defaultProfile: SeccompProfile = Object.freeze({
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: ERRNO.EPERM,
  syscalls: Object.freeze(rules),
})
