// Files below a root directory that somebody hostile may be changing at the same time: openat2(2) RESOLVE_IN_ROOT for every path.
#pragma once
#include <sys/stat.h>

#include "linux/supervisor/message.h"
#include "linux/supervisor/status.h"

namespace stratabox {

/** Where a request's paths start, and how they are walked. */
struct Base {
  int fd;
  bool self;      // the path is not looked at: it is about `fd`
  bool no_links;  // no part of a path may be a link
};

/** An fd for `path` below `base`; -1 and errno. */
int OpenBelow(const Base& base, const char* path, uint64_t flags, uint64_t mode);

/** The directory a path's last part is in, opened, and that part. */
struct Parent {
  int fd = -1;
  char name[256] = "";
  ~Parent();
};
/** `dots`: the errno for a path that ends in no name ("/", "a/..", "."). */
StepResult OpenParent(const Base& base, const char* path, int dots, Parent* out);

/** Puts a stat as 13 ints: mode uid gid size nlink ino dev major minor mtime (ns) atime (ns) ctime (ns) blocks. */
void PutStat(Writer* reply, const struct stat& info);
int64_t Nanoseconds(const struct timespec& time);

/** Everything below directory `from` into directory `to`, with owners, modes, times, links and extended attributes. */
StepResult CopyTree(int from, int to);

/** A directory's entries with attributes, as one memfd message; with `names_only` their DT_* types and names. */
int Scan(int directory, uint32_t id, bool names_only, StepResult* failure);
/** One entry in the same form. */
int ScanEntry(int directory, const char* name, uint32_t id, StepResult* failure);
/** The contents of the regular files at `paths` (NUL after each), as one memfd message of (errno, content). Fewer where they are too much for one. */
int ReadFiles(const Base& base, const char* paths, size_t length, uint32_t id, StepResult* failure);

}  // namespace stratabox
