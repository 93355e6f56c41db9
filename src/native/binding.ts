// The addon's whole contract: what the .node file exports, and nothing else. Each function names its man page; errors are SyscallError-shaped
// (`errno`, `code`, `syscall`, optional `path`) and thrown synchronously unless said otherwise.

/** stat(2) with bigint fields where 53 bits are not enough. */
export interface NativeStat {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: bigint
  readonly nlink: number
  readonly ino: bigint
  readonly dev: bigint
  readonly rdevMajor: number
  readonly rdevMinor: number
  readonly mtimeNs: bigint
  /** 512-byte units. */
  readonly blocks: bigint
}

/** What node:fs lacks. Paths are bytes-preserving: strings go through core/bytes' encodePath before they get here, so every path is a Uint8Array. */
export interface FsBinding {
  /** openat2(2). `resolve` is a mask of RESOLVE_*. Returns a close-on-exec fd. */
  openat2(dirFd: number, path: Uint8Array, flags: number, mode: number, resolve: number): number
  close(fd: number): void
  /** `onto` becomes another number of `fd`'s file; what it was is closed. */
  dup3(fd: number, onto: number): void
  mkdirat(dirFd: number, path: Uint8Array, mode: number): void
  mknodat(dirFd: number, path: Uint8Array, mode: number, major: number, minor: number): void
  symlinkat(target: Uint8Array, dirFd: number, path: Uint8Array): void
  linkat(oldDirFd: number, oldPath: Uint8Array, newDirFd: number, newPath: Uint8Array): void
  unlinkat(dirFd: number, path: Uint8Array, flags: number): void
  renameat2(oldDirFd: number, oldPath: Uint8Array, newDirFd: number, newPath: Uint8Array, flags: number): void
  readlinkat(dirFd: number, path: Uint8Array): Uint8Array
  /** Never follows a link. */
  fchownat(dirFd: number, path: Uint8Array, uid: number, gid: number): void
  /** Never follows a link: a link is EOPNOTSUPP. */
  fchmodat(dirFd: number, path: Uint8Array, mode: number): void
  /** Sets both times; never follows a link. */
  utimensat(dirFd: number, path: Uint8Array, mtimeNs: bigint): void
  /** AT_SYMLINK_NOFOLLOW; an empty path means dirFd itself. */
  fstatat(dirFd: number, path: Uint8Array): NativeStat
  /** Names (bytes) but '.' and '..', in directory order. The fd's offset moves. */
  readdir(fd: number): Uint8Array[]
  /** Through /proc/self/fd, so links' own attributes work with O_PATH fds; an empty path means dirFd itself. */
  listxattr(dirFd: number, path: Uint8Array): string[]
  getxattr(dirFd: number, path: Uint8Array, name: string): Uint8Array | undefined
  setxattr(dirFd: number, path: Uint8Array, name: string, value: Uint8Array): void
  removexattr(dirFd: number, path: Uint8Array, name: string): void
  /** flock(2) with LOCK_NB: false when another holds it. */
  flock(fd: number, exclusive: boolean): boolean
  /** FICLONE: false where the file system cannot. */
  reflink(fromFd: number, toFd: number): boolean
  /** lseek(2) SEEK_DATA/SEEK_HOLE: the next start of data at or after `offset` and its end, or undefined when only a hole is left. */
  nextData(fd: number, offset: bigint): { start: bigint; end: bigint } | undefined
}

/** Messages and file descriptors between Node, the supervisor and every sandbox's PID 1. One epoll thread serves all channels. */
export interface ChannelBinding {
  /** posix_spawn(3) of `path`, one end of a SOCK_SEQPACKET pair as its fd 3; stdin and stdout /dev/null; the environment empty. */
  startSupervisor(path: string): { readonly pid: number; readonly channel: number }
  /** A connected SOCK_SEQPACKET pair, close-on-exec, non-blocking. */
  socketPair(): [number, number]
  /** pipe2(2): [read end, write end], close-on-exec; the end named is non-blocking, the other is not. */
  pipe(nonBlocking: 'read' | 'write'): [number, number]
  fchown(fd: number, uid: number, gid: number): void
  /** A sealed memfd that holds `bytes`. */
  memfd(bytes: Uint8Array): number
  /** Whom messages go to, set once. `bytes` is null at end of file (the channel is then still to be closed), and empty for a message that is too long or
   *  has too many fds. While a channel has 64 messages that have not been delivered, no more are read from it. */
  onMessage(receiver: (channel: number, bytes: Uint8Array | null, fds: number[]) => void): void
  /** Takes a socket. Returns its channel's number, which no other channel gets after it. */
  watch(socket: number): number
  /** Closes the socket, on another thread and after what was sent before. Messages already under way still arrive. */
  closeChannel(channel: number): void
  /** sendmsg(2), on another thread, in order, when the socket takes it. The fds stay the caller's. Throws EPIPE when the channel's end was seen; a
   *  failure after that is an end of the channel. */
  send(channel: number, bytes: Uint8Array, fds: readonly number[]): void
  /** close(2) of fds that came with messages, on another thread: the last close of a hostile socket (SO_LINGER) would wait. */
  discard(fds: readonly number[]): void
  /** Whether the channels keep the event loop alive. */
  ref(keepsAlive: boolean): void
}

/** Connections whose bytes are passed on without Node. splice(2), epoll(7). */
export interface RelayBinding {
  /** Passes on bytes, ends of file and resets between two connected, non-blocking sockets, both ways, on another thread. The fds stay the caller's, who
   *  closes them: the addon has its own. `group` is any number. */
  relay(group: number, a: number, b: number): void
  /** Closes the connections of a group. */
  stopRelays(group: number): void
}

/** The whole addon. */
export interface NativeBinding extends FsBinding, ChannelBinding, RelayBinding {}
