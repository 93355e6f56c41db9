// Files below a root directory: openat2(2).
#include "linux/supervisor/files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace stratabox {

int OpenBelow(const Base& base, const char* path, uint64_t flags, uint64_t mode) {
  if (base.self) return fcntl(base.fd, F_DUPFD_CLOEXEC, 0);
  struct open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (base.no_links ? RESOLVE_NO_SYMLINKS : 0);
  for (int attempt = 0;; attempt++) {
    const int fd = static_cast<int>(syscall(SYS_openat2, base.fd, path, &how, sizeof how));
    // A rename under way makes a walk through ".." undecidable (EAGAIN), or takes what was found out of the root (EXDEV): another try.
    if (fd >= 0 || (errno != EAGAIN && errno != EXDEV) || attempt == 100) return fd;
  }
}

Parent::~Parent() {
  if (fd >= 0) close(fd);
}

StepResult OpenParent(const Base& base, const char* path, int dots, Parent* out) {
  char copy[4097];
  size_t length = strlen(path);
  if (length == 0) return {ENOENT, "open", path};
  if (length >= sizeof copy) return {ENAMETOOLONG, "open", path};
  memcpy(copy, path, length + 1);
  while (length > 1 && copy[length - 1] == '/') copy[--length] = 0;
  char* slash = strrchr(copy, '/');
  const char* name = slash == nullptr ? copy : slash + 1;
  if (name[0] == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return {dots, "open", path};
  // A name that was cut could be that of another file.
  if (strlen(name) >= sizeof out->name) return {ENAMETOOLONG, "open", path};
  memcpy(out->name, name, strlen(name) + 1);
  const char* parent = ".";
  if (slash == copy) parent = "/";
  else if (slash != nullptr) {
    *slash = 0;
    parent = copy;
  }
  out->fd = OpenBelow(base, parent, O_PATH | O_DIRECTORY, 0);
  return Check(out->fd >= 0, "open", path);
}

int64_t Nanoseconds(const struct timespec& time) {
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

void PutStat(Writer* reply, const struct stat& info) {
  reply->Int(info.st_mode).Int(info.st_uid).Int(info.st_gid).Int(info.st_size).Int(static_cast<int64_t>(info.st_nlink));
  reply->Int(static_cast<int64_t>(info.st_ino)).Int(static_cast<int64_t>(info.st_dev)).Int(major(info.st_rdev)).Int(minor(info.st_rdev));
  reply->Int(Nanoseconds(info.st_mtim)).Int(Nanoseconds(info.st_atim)).Int(Nanoseconds(info.st_ctim)).Int(info.st_blocks);
}

}  // namespace stratabox
