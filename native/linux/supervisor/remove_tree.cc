// rm -r by unlinkat(2) beneath directory fds, never through a link.
#include "linux/supervisor/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace stratabox {

static StepResult Empty(int fd, int depth) {
  alignas(8) char buffer[2048];
  for (bool removed = true; removed;) {
    removed = false;
    lseek(fd, 0, SEEK_SET);
    for (;;) {
      const long got = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
      if (got < 0) return Fail("getdents64");
      if (got == 0) break;
      for (long at = 0; at < got;) {
        const struct dirent64* entry = reinterpret_cast<struct dirent64*>(buffer + at);
        at += entry->d_reclen;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (unlinkat(fd, entry->d_name, 0) == 0) {
          removed = true;
          continue;
        }
        if (errno != EISDIR && errno != EPERM) return Fail("unlinkat", "");
        const int child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0) return Fail("openat", "");
        if (depth < 2000) Empty(child, depth + 1);
        close(child);
        if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) != 0) return Fail("unlinkat", "");
        removed = true;
      }
    }
  }
  return Ok();
}

StepResult RemoveTree(int dir_fd, const char* path) {
  if (unlinkat(dir_fd, path, 0) == 0 || errno == ENOENT) return Ok();
  if (errno != EISDIR && errno != EPERM) return Fail("unlinkat", path);
  const int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return Fail("openat", path);
  // A directory without write permission for its owner would keep what is in it.
  fchmod(fd, 0700);
  const StepResult result = Empty(fd, 0);
  close(fd);
  if (!result.ok()) return {result.error, result.syscall, path};
  return Check(unlinkat(dir_fd, path, AT_REMOVEDIR) == 0, "unlinkat", path);
}

}  // namespace stratabox
