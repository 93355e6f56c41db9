// The calls that the default profile allows to everybody, by concern. Beside docker's default these are left out: modify_ldt, fanotify_mark,
// lookup_dcookie, the *_old and never-implemented ones. Reasons for what is refused: docs/decisions, "seccomp".

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Names, allowed with any arguments. */
export const ALLOWED_CALLS: readonly string[] = [
  // Files by path.
  ...words(`access chdir chmod chown creat faccessat faccessat2 fchmodat fchmodat2 fchownat getcwd lchown link linkat lstat mkdir mkdirat mknod
    mknodat name_to_handle_at newfstatat open openat openat2 readlink readlinkat rename renameat renameat2 rmdir stat statfs statx symlink
    symlinkat truncate umask unlink unlinkat utime utimensat utimes futimesat`),
  // Extended attributes.
  ...words(`fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr lremovexattr lsetxattr
    removexattr removexattrat setxattr setxattrat`),
  // Open files.
  ...words(`close close_range copy_file_range dup dup2 dup3 fadvise64 fallocate fchdir fchmod fchown fcntl fdatasync flock fstat fstatfs fsync
    ftruncate getdents getdents64 lseek pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv sendfile splice sync
    sync_file_range syncfs tee vmsplice write writev memfd_create memfd_secret cachestat`),
  // Waiting for and hearing about them.
  ...words(`epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 inotify_add_watch inotify_init
    inotify_init1 inotify_rm_watch poll ppoll pselect6 select signalfd signalfd4 timerfd_create timerfd_gettime timerfd_settime`),
  // Kernel AIO (databases use it; io_uring is refused).
  ...words('io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit'),
  // The mount table of its own namespace, read.
  ...words('statmount listmount'),
  // Sockets, once made.
  ...words(`accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto setsockopt
    shutdown`),
  // Memory.
  ...words(`brk madvise map_shadow_stack membarrier mincore mlock mlock2 mlockall mmap mprotect mremap mseal msync munlock munlockall munmap
    pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages`),
  // Processes and threads. ptrace and process_vm_* reach only processes of the same PID and user namespace, and since Linux 4.8 a tracer
  // cannot go round the tracee's filter; debuggers, strace and crash reporters need them.
  ...words(`execve execveat exit exit_group fork vfork wait4 waitid getpid getppid gettid getpgid getpgrp getpriority getsid setpgid setpriority
    setsid kill tgkill tkill pidfd_open pidfd_send_signal process_vm_readv process_vm_writev prctl arch_prctl ptrace rseq
    set_robust_list get_robust_list set_thread_area get_thread_area set_tid_address restart_syscall uprobe uretprobe getcpu getrandom
    getrusage getrlimit setrlimit prlimit64 ioprio_get ioprio_set`),
  // Scheduling.
  ...words(`sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
    sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield`),
  // Signals.
  ...words(`pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo
    sigaltstack`),
  // Futexes.
  ...words('futex futex_requeue futex_wait futex_waitv futex_wake'),
  // Time, read; the kernel refuses to set it from a user namespace.
  ...words(`adjtimex alarm clock_adjtime clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time timer_create
    timer_delete timer_getoverrun timer_gettime timer_settime times`),
  // System V and POSIX IPC, in its own namespace.
  ...words(`mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop
    shmat shmctl shmdt shmget`),
  // Ids and capabilities.
  ...words(`capget capset getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid setgroups setregid setresgid
    setresuid setreuid setuid`),
  // What a program confines itself with.
  ...words('landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp'),
  ...words('sysinfo uname'),
]

/** Names that a capability opens, as far as the kernel lets a user namespace's root use them. */
export const CALLS_OF_CAPABILITY: readonly (readonly [capability: string, names: readonly string[]])[] = [
  ['CAP_SYS_CHROOT', ['chroot']],
  ['CAP_DAC_READ_SEARCH', ['open_by_handle_at']],
  [
    'CAP_SYS_ADMIN',
    words(`clone clone3 fanotify_init fanotify_mark fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree open_tree_attr
      pivot_root quotactl quotactl_fd setdomainname sethostname setns umount2 unshare`),
  ],
  ['CAP_SYS_PTRACE', ['kcmp', 'pidfd_getfd', 'process_madvise']],
  ['CAP_SYS_NICE', ['get_mempolicy', 'mbind', 'set_mempolicy', 'set_mempolicy_home_node']],
  ['CAP_SYS_PACCT', ['acct']],
  ['CAP_SYS_BOOT', ['reboot']],
  ['CAP_SYS_TIME', ['clock_settime', 'settimeofday']],
  ['CAP_SYS_TTY_CONFIG', ['vhangup']],
  ['CAP_SYSLOG', ['syslog']],
  ['CAP_BPF', ['bpf']],
  ['CAP_PERFMON', ['perf_event_open']],
]
