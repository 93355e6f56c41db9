// Opening for Node: what a request may get as a descriptor, and whose a new file is.
#include "linux/supervisor/file_open.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linux/supervisor/sandbox.h"

namespace stratabox {

namespace {

constexpr int kLinksMax = 40;  // path_resolution(7)

/** Node writes with its own credentials, the host's root's perhaps, and files of the kernel ask who writes (oom_score_adj: a link to it would make the
 *  sandbox's processes unkillable). So none of them is opened for writing. */
bool IsKernelFile(int fd) {
  struct statfs info;
  if (fstatfs(fd, &info) != 0) return true;
  switch (static_cast<unsigned long>(info.f_type)) {
    case PROC_SUPER_MAGIC: case SYSFS_MAGIC: case CGROUP_SUPER_MAGIC: case CGROUP2_SUPER_MAGIC: case BINFMTFS_MAGIC: case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC: case SECURITYFS_MAGIC: case BPF_FS_MAGIC: case SELINUX_MAGIC: return true;
    default: return false;
  }
}

/** open(2) of what an O_PATH descriptor holds. */
int Reopen(int fd, uint64_t flags, StepResult* failure) {
  struct stat info;
  if (fstat(fd, &info) != 0) {
    *failure = Fail("fstat");
    return -1;
  }
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
  if (S_ISLNK(info.st_mode)) *failure = {ELOOP, "open", ""};
  else if (S_ISDIR(info.st_mode) && (writes || (flags & O_CREAT) != 0)) *failure = {EISDIR, "open", ""};
  else if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) *failure = {ENXIO, "open", ""};
  else if (writes && IsKernelFile(fd)) *failure = {EACCES, "open", ""};
  if (!failure->ok()) return -1;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int opened = open(path, static_cast<int>((flags & ~static_cast<uint64_t>(O_CREAT | O_EXCL | O_NOFOLLOW)) | O_CLOEXEC));
  if (opened < 0) *failure = Fail("open");
  return opened;
}

/** Replaces the path of a link by where it points. False when it is none. */
bool FollowLink(const Base& base, char* path, size_t room) {
  const Fd link(OpenBelow(base, path, O_PATH | O_NOFOLLOW, 0));
  char target[4097];
  const ssize_t length = link.number < 0 ? -1 : readlinkat(link.number, "", target, sizeof target - 1);
  if (length <= 0) return false;
  target[length] = 0;
  char* slash = strrchr(path, '/');
  const size_t kept = target[0] == '/' || slash == nullptr ? 0 : static_cast<size_t>(slash + 1 - path);
  if (kept + static_cast<size_t>(length) >= room) return false;
  memcpy(path + kept, target, static_cast<size_t>(length) + 1);
  return true;
}

}  // namespace

InNameOf::InNameOf(int64_t uid, int64_t gid) {
  // Under a single-id map root inside is the only user there is, and whom commands take for another is that one too.
  if (id_map.mode == 2) return;
  setfsgid(static_cast<gid_t>(gid));
  setfsuid(static_cast<uid_t>(uid));
  // Neither call tells whether it worked; asked for an id that cannot be, both tell the present one.
  if (setfsgid(static_cast<gid_t>(-1)) != static_cast<int>(gid) || setfsuid(static_cast<uid_t>(-1)) != static_cast<int>(uid))
    result = {EINVAL, "setfsuid", ""};
}

InNameOf::~InNameOf() {
  setfsuid(0);
  setfsgid(0);
}

int OpenForNode(const Base& base, const char* path, uint64_t flags, uint64_t mode, int64_t uid, int64_t gid, StepResult* failure) {
  flags |= O_NOCTTY | O_NONBLOCK;
  const bool creates = (flags & O_CREAT) != 0, exclusive = creates && (flags & O_EXCL) != 0;
  char at[4097];
  if ((flags & O_TMPFILE) == O_TMPFILE) *failure = {EINVAL, "open", ""};
  else if (strlen(path) >= sizeof at) *failure = {ENAMETOOLONG, "open", ""};
  if (!failure->ok()) return -1;
  memcpy(at, path, strlen(path) + 1);
  // Looked at before it is opened, and created only with O_EXCL: so it is known what is opened, and what is new.
  for (int attempt = 0; attempt < kLinksMax; attempt++) {
    const Fd found(OpenBelow(base, at, O_PATH | (flags & (O_NOFOLLOW | O_DIRECTORY)) | (exclusive ? O_NOFOLLOW : 0), 0));
    if (found.number >= 0 && !exclusive) return Reopen(found.number, flags, failure);
    *failure = found.number >= 0 ? StepResult{EEXIST, "open", ""} : Fail("open");
    if (failure->error != ENOENT || !creates) return -1;
    const InNameOf user(uid, gid);
    *failure = user.result;
    if (!failure->ok()) return -1;
    const int fresh = OpenBelow(base, at, flags | O_EXCL, mode);
    *failure = Check(fresh >= 0, "open");
    if (fresh >= 0 || failure->error != EEXIST || exclusive) return fresh;
    // There is a link that leads to nothing, and what it names is to be made; or somebody was faster.
    if ((flags & O_NOFOLLOW) == 0 && !base.no_links) FollowLink(base, at, sizeof at);
  }
  *failure = {ELOOP, "open", ""};
  return -1;
}

}  // namespace stratabox
