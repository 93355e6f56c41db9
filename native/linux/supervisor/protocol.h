// What Node, the supervisor, PID 1 and the file helper say to each other. The other half is src/sandbox/linux/protocol.ts.
//
// message: u32 id, u32 zero, then steps.   step: u16 op, u16 ints, u16 strings, u16 zero, ints × i64, strings × (u32 length, bytes, NUL).
// Little-endian, unaligned. A message that would pass kInlineMax travels as one kInMemfd step, the bytes in a sealed memfd as the first fd.
#pragma once
#include <cstddef>
#include <cstdint>

namespace stratabox {

constexpr size_t kInlineMax = 64 * 1024;
constexpr int kMaxFds = 16;

enum Op : uint16_t {
  kInMemfd = 1,

  // Node → supervisor
  kConfigure = 10,  // ints: mode (0 range, 1 sub, 2 single), base, count, uid, gid; strings: directory to remove at the end; fds: locks to hold
  kMapped = 11,     // the outer user namespace has its map now
  kCreate = 12,     // followed by the plan; fds: PID 1's socket, then one for each kept slot
  kClose = 13,      // end the sandbox and remove all it left
  kHelper = 14,     // start the file helper; fds: its socket
  kUserns = 15,     // ints: uid, gid. A user namespace below the sandbox's that maps uid and gid to its root
  kKillAll = 16,    // ints: signal. PID 1 itself, when it does not answer
  kSocket = 17,     // ints: whether IPv6. A TCP socket of the sandbox's own network namespace
  kBlank = 18,      // followed by the first part of a plan: what it makes waits for the rest
  kResume = 19,     // followed by the rest; fds: PID 1's socket

  // supervisor → Node
  kConfigured = 30,  // ints: Landlock's ABI, 0 for none
  kNeedsMap = 31,   // ints: pid. newuidmap(1) must write its map, then kMapped
  kFailed = 32,     // ints: errno; strings: syscall, step, path
  kExited = 33,     // ints: wait status
  kClosed = 34,
  kUsernsReady = 35,  // fds: the namespace
  kHelperReady = 36,
  kSocketReady = 37,  // ints: errno; fds: the socket, neither bound nor connected

  // Node → PID 1
  kSpawn = 50,   // see exec.h
  kSignal = 51,  // ints: request id, signal, whole tree
  kSignalAll = 52,  // ints: signal
  kResize = 53,  // ints: request id, columns, rows

  // PID 1 → Node
  kReady = 60,     // fds: root, upper
  kSpawned = 61,   // ints: pid
  kSpawnFailed = 62,  // ints: errno; strings: syscall, step, path
  kDenied = 70,    // ints: number of the system call (-1: several), how often since the last time
  kExit = 63,      // ints: wait status, user µs, system µs, peak resident bytes

  // the plan: done by the supervisor, before the clone
  kMakeGroup = 100,    // strings: directory. Removed at the end
  kWriteFile = 101,    // strings: path, text
  kIntoGroup = 103,    // strings: a v2 directory
  kNamespaces = 104,   // ints: CLONE_NEW* flags
  kOpenTree = 106,     // ints: slot, how (1 recursive, 2 no link on the way), idmapped, mount attributes; strings: path
  kRemoveAtEnd = 107,  // strings: directory tree. Also as a message: of a number that has no sandbox, until kClose
  kOomScore = 108,     // ints: value for /proc/PID/oom_score_adj of PID 1

  // the plan: done by the child
  kAttachGroup = 119,  // strings: a v1 group's tasks file
  kSetIds = 120,      // ints: may set groups
  kPrivateMounts = 121,
  kHostname = 122,    // strings: name
  kLoopback = 123,
  kNewMount = 124,    // ints: slot, mount attributes; strings: type, options "k=v,k"
  kAttach = 125,      // ints: slot, kind (0 directory, 1 file, 2 must exist, 3 directory and no link); strings: target below the root or cwd
  kEnter = 126,       // ints: slot. fchdir
  kChdir = 127,       // strings: path
  kMkdir = 128,       // ints: mode; strings: path
  kSymlink = 129,     // strings: target, path
  kFile = 130,        // ints: mode; strings: path, content
  kWhiteout = 131,    // strings: path
  kOverlay = 132,     // ints: mount flags; strings: target, options
  kTree = 133,        // ints: slot, how (as kOpenTree), mount attributes; strings: path
  kPivot = 134,
  kHandOutRoot = 135,
  kOpenUpper = 136,   // strings: path. The directory that PID 1 hands out with the root
  kDropCaps = 137,    // ints: bounding mask, PID 1's own mask
  kChown = 138,       // ints: uid, gid; strings: path
  kSetattr = 139,     // ints: attributes to set, recursive; strings: path
  kMakePath = 140,    // ints: mode; strings: path. mkdir -p, resolved inside
  kAttachOver = 141,  // ints: slot; strings: target. Skipped where the target does not exist
  kOpenHere = 144,    // ints: slot; strings: path. Before kSetIds it may pass directories that are only the host user's
  kAttachAt = 143,    // ints: slot, target slot
  kSysctl = 142,      // strings: path, text. Skipped where it does not exist
  kReconfigure = 145,  // strings: path of a mount, options "k=v,k"
  kLeaveKeyring = 160,
  kConfine = 161,     // ints: Landlock rights, scopes; strings: the root that the rights are kept below

  // Node → file helper; every request carries the base, a directory that paths are below, as its first fd.
  // ints[8]: 1 it is about the base itself, 2 no part of the path may be a link
  kFsOpen = 200,      // ints: flags, mode, uid, gid; strings: path
  kFsStat = 201,      // ints: follow; strings: path. Answers with PutStat's ints, block size, time of birth (ns, 0 unknown)
  kFsScan = 202,      // ints: no link at the end, of one entry only; strings: path. The directory's entries with attributes
  kFsMkdir = 203,     // ints: mode, uid, gid; strings: path
  kFsUnlink = 204,    // ints: is directory; strings: path
  kFsRename = 205,    // strings: from, to
  kFsLink = 206,      // strings: from, to
  kFsSymlink = 207,   // ints: uid, gid; strings: target, path
  kFsReadlink = 208,  // strings: path
  kFsChmod = 209,     // ints: mode; strings: path
  kFsChown = 210,     // ints: uid, gid, follow; strings: path
  kFsUtimes = 211,    // ints: atime ns, mtime ns, follow; strings: path
  kFsTruncate = 212,  // ints: length; strings: path
  kFsCopyTree = 213,  // fds: from, to. Everything below one directory into another, attributes and all
  kFsMknod = 214,     // ints: mode, major, minor, uid, gid; strings: path
  kFsSetxattr = 215,  // strings: path, name, value
  kFsAccess = 216,    // ints: mode; strings: path
  kFsRealpath = 217,  // strings: path
  kFsRemoveTree = 218,  // ints: names at most; strings: path. rm -r of what is below and itself. Answers 1 when there is more
  kFsReaddir = 219,   // strings: path. The directory's names with their DT_* types
  kFsRead = 220,      // strings: paths, a NUL between two. For each a step of errno and content; EFBIG over 64 KiB; fewer where they are over 4 MiB
  kFsReply = 250,     // ints: errno, then the answer's; strings: the answer's; fds: an opened file
};

}  // namespace stratabox
