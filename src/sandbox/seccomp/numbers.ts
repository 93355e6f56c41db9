// System calls by name for each architecture. Source: syscalls(2).
import { ARM64_NAMES } from './numbers-arm64.js'
import { X64_NAMES } from './numbers-x64.js'
import type { SeccompArch } from './profile.js'

function parseNames(names: string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>()
  let next = 0
  for (const word of names.trim().split(' ')) {
    if (word.startsWith('@')) next = Number(word.slice(1))
    else numbers.set(word, next++)
  }
  return numbers
}

const TABLES = new Map<SeccompArch, ReadonlyMap<string, number>>()

/** The numbers of `arch`'s system calls by name. Parsed at first use. */
export function syscallNumbers(arch: SeccompArch): ReadonlyMap<string, number> {
  const known = TABLES.get(arch)
  if (known !== undefined) return known
  const table = parseNames(arch === 'x64' ? X64_NAMES : ARM64_NAMES)
  TABLES.set(arch, table)
  return table
}

/** The name of this machine's call `number`, as a filter's notification has it. */
export function syscallName(number: number): string {
  for (const [name, of] of syscallNumbers(process.arch === 'arm64' ? 'arm64' : 'x64')) if (of === number) return name
  return number === -1 ? 'several system calls' : `system call ${number}`
}

// Names that only other architectures have (i386, arm, ppc, s390, riscv): portable profiles list them.
const FOREIGN = new Set(
  (
    '_llseek _newselect arm_fadvise64_64 arm_sync_file_range bdflush break breakpoint cacheflush chown32 clock_adjtime64 clock_getres_time64 ' +
    'clock_gettime64 clock_nanosleep_time64 clock_settime64 fadvise64_64 fchown32 fcntl64 fstat64 fstatat64 fstatfs64 ftime ftruncate64 ' +
    'futex_time64 get_tls getegid32 geteuid32 getgid32 getgroups32 getresgid32 getresuid32 getuid32 gtty idle io_pgetevents_time64 ipc ' +
    'lchown32 lock lstat64 mmap2 mpx mq_timedreceive_time64 mq_timedsend_time64 multiplexer nice oldfstat oldlstat oldolduname oldstat ' +
    'olduname pciconfig_iobase pciconfig_read pciconfig_write ppoll_time64 prof profil pselect6_time64 readdir recv recvmmsg_time64 ' +
    'riscv_flush_icache riscv_hwprobe rt_sigtimedwait_time64 rtas s390_guarded_storage s390_pci_mmio_read s390_pci_mmio_write ' +
    's390_runtime_instr s390_sthyi sched_rr_get_interval_time64 semtimedop_time64 send sendfile64 set_tls setfsgid32 setfsuid32 setgid32 ' +
    'setgroups32 setregid32 setresgid32 setresuid32 setreuid32 setuid32 sgetmask sigaction signal sigpending sigprocmask sigreturn sigsuspend ' +
    'socketcall spu_create spu_run ssetmask stat64 statfs64 stime stty subpage_prot swapcontext switch_endian sync_file_range2 ' +
    'sys_debug_setcontext timer_gettime64 timer_settime64 timerfd_gettime64 timerfd_settime64 truncate64 ugetrlimit ulimit umount usr26 usr32 ' +
    'utimensat_time64 vm86 vm86old waitpid'
  ).split(' '),
)

/** Whether any architecture has a call of this name, as far as these tables know. */
export const isSyscallName = (name: string): boolean =>
  syscallNumbers('x64').has(name) || syscallNumbers('arm64').has(name) || FOREIGN.has(name)
