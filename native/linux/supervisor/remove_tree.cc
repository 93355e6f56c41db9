// rm -r by unlinkat(2) beneath directory fds, never through a link. A tree may be deeper than this process has descriptors or stack.
#include "linux/supervisor/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace stratabox {

namespace {

constexpr int kOpenLevels = 32;

struct Removal {
  int64_t budget;
  StepResult Spend() { return budget-- > 0 ? Ok() : StepResult{EAGAIN, "unlinkat", ""}; }
};

/** Opens a directory that has no permissions for its owner. By descriptor: chmod of a name would follow a link that has taken its place. */
int OpenClosed(int directory, const char* name) {
  const int fd = openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int opened = chmod(path, 0700) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  const int error = errno;
  close(fd);
  errno = error;
  return opened;
}

/** Removes one name, unless it is a directory that is not empty: then `*child` is that directory, opened. */
StepResult RemoveName(Removal* removal, int directory, const char* name, int* child) {
  *child = -1;
  const StepResult spent = removal->Spend();
  if (!spent.ok()) return spent;
  if (IsMount(directory, name)) return {EBUSY, "unlinkat", ""};
  if (unlinkat(directory, name, 0) == 0 || errno == ENOENT) return Ok();
  if (errno != EISDIR) return Fail("unlinkat");
  if (unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return Ok();
  if (errno != ENOTEMPTY && errno != EACCES) return Fail("unlinkat");
  *child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (*child < 0 && errno == EACCES) *child = OpenClosed(directory, name);
  if (*child < 0) return Fail("openat");
  fchmod(*child, 0700);
  return Ok();
}

bool IsDots(const char* name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

struct Identity {
  dev_t dev;
  ino_t ino;
  bool operator==(const Identity& other) const { return dev == other.dev && ino == other.ino; }
};

Identity IdentityOf(int fd) {
  struct stat info = {};
  fstat(fd, &info);
  return {info.st_dev, info.st_ino};
}

/** Calls `each(name, &isEnough)` for everything in `fd`, until that is set or it fails. */
template <typename Each>
StepResult ForEachName(int fd, Each each) {
  alignas(8) char buffer[2048];
  bool isEnough = false;
  lseek(fd, 0, SEEK_SET);
  for (;;) {
    const long got = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
    if (got < 0) return Fail("getdents64");
    if (got == 0) return Ok();
    for (long at = 0; at < got;) {
      const struct dirent64* entry = reinterpret_cast<struct dirent64*>(buffer + at);
      at += entry->d_reclen;
      if (IsDots(entry->d_name)) continue;
      const StepResult result = each(entry->d_name, &isEnough);
      if (!result.ok() || isEnough) return result;
    }
  }
}

/** Empties `fd` up to the first directory that is not empty, which `*child` is then. */
StepResult EmptyUntilChild(Removal* removal, int fd, int* child) {
  return ForEachName(fd, [&](const char* name, bool* isEnough) {
    const StepResult result = RemoveName(removal, fd, name, child);
    *isEnough = *child >= 0;
    return result;
  });
}

/** The directories between the one it started in and the one it is in. */
struct Trail {
  Identity* above = nullptr;
  size_t depth = 0, room = 0;
  ~Trail() { free(above); }
  bool Push(Identity one) {
    if (depth == room) {
      Identity* more = static_cast<Identity*>(realloc(static_cast<void*>(above), (room + 64) * 2 * sizeof(Identity)));
      if (more == nullptr) return false;
      above = more;
      room = (room + 64) * 2;
    }
    above[depth++] = one;
    return true;
  }
};

/** Any depth with two descriptors: down by name, up by "..", which must be where we came from. Takes `fd`. */
StepResult EmptyDeep(Removal* removal, int fd) {
  Trail trail;
  StepResult result;
  for (;;) {
    int next = -1;
    result = EmptyUntilChild(removal, fd, &next);
    if (!result.ok() || (next < 0 && trail.depth == 0)) break;
    if (next >= 0) {
      if (!trail.Push(IdentityOf(fd))) result = {ENOMEM, "malloc", ""};
    } else {
      next = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (next < 0) result = Fail("openat");
      // Somebody moved the directory we were in; its ".." is not ours to empty.
      else if (!(IdentityOf(next) == trail.above[--trail.depth])) result = {EBUSY, "openat", ""};
    }
    if (next >= 0) {
      close(fd);
      fd = next;
    }
    if (!result.ok()) break;
  }
  close(fd);
  return result;
}

StepResult Empty(Removal* removal, int fd, int level) {
  return ForEachName(fd, [&](const char* name, bool*) {
    int child;
    StepResult result = RemoveName(removal, fd, name, &child);
    if (child < 0) return result;
    if (level < kOpenLevels) {
      result = Empty(removal, child, level + 1);
      close(child);
    } else {
      result = EmptyDeep(removal, child);
    }
    if (result.ok() && unlinkat(fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT) result = Fail("unlinkat");
    return result;
  });
}

}  // namespace

bool IsMount(int directory, const char* name) {
  struct statx info;
  return statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &info) == 0 &&
         (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

StepResult RemoveTree(int dir_fd, const char* path, int64_t budget) {
  Removal removal = {budget};
  // Removing while reading may make a directory skip entries; another pass finds them. Who fills it as fast as this empties it keeps it.
  for (int pass = 0;; pass++) {
    int fd;
    StepResult result = RemoveName(&removal, dir_fd, path, &fd);
    if (fd < 0) return {result.error, result.syscall, path};
    result = Empty(&removal, fd, 0);
    close(fd);
    if (!result.ok() && !(result.error == ENOTEMPTY && pass < 8)) return {result.error, result.syscall, path};
    if (pass == 8) return {ENOTEMPTY, "unlinkat", path};
  }
}

}  // namespace stratabox
