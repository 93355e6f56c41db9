// Files below a root directory that somebody hostile may be changing at the same time: openat2(2) RESOLVE_IN_ROOT for every path.
#pragma once
#include <sys/stat.h>

#include "linux/supervisor/message.h"
#include "linux/supervisor/status.h"

namespace stratabox {

/** An fd for `path` below `root`; -1 and errno. */
int OpenBelow(int root, const char* path, uint64_t flags, uint64_t mode);

/** The directory a path's last part is in, opened, and that part. */
struct Parent {
  int fd = -1;
  const char* name = "";
  ~Parent();
};
StepResult OpenParent(int root, const char* path, Parent* out);

/** Puts a stat as 13 ints: mode uid gid size nlink ino dev major minor mtime (ns) atime (ns) ctime (ns) blocks. */
void PutStat(Writer* reply, const struct stat& info);
int64_t Nanoseconds(const struct timespec& time);

/** Everything below directory `from` into directory `to`, with owners, modes, times, links and extended attributes. */
StepResult CopyTree(int from, int to);

/** A directory's entries with attributes, as one memfd message. */
int Scan(int directory, uint32_t id, StepResult* failure);

}  // namespace stratabox
