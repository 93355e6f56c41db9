// Copying an overlay's upper directory for a fork: what it holds is not trusted, and is moved as it is (whiteouts, opaque marks, links, owners, times).
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "linux/supervisor/files.h"

namespace stratabox {

namespace {

struct Link {
  ino_t ino;
  char* path;
};

struct Copy {
  int from_root, to_root;
  Link* links = nullptr;
  size_t link_count = 0;
  ~Copy() {
    for (size_t k = 0; k < link_count; k++) free(links[k].path);
    free(links);
  }
};

StepResult CopyAttributes(int from, int to, const char* name) {
  static char names[65536], value[65536];
  char source[512], target[512];
  snprintf(source, sizeof source, "/proc/self/fd/%d/%s", from, name);
  snprintf(target, sizeof target, "/proc/self/fd/%d/%s", to, name);
  const ssize_t size = llistxattr(source, names, sizeof names);
  if (size < 0) return errno == EOPNOTSUPP ? Ok() : Fail("llistxattr", name);
  for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(strlen(names + at)) + 1) {
    const ssize_t got = lgetxattr(source, names + at, value, sizeof value);
    if (got < 0) continue;
    if (lsetxattr(target, names + at, value, static_cast<size_t>(got), 0) != 0 && errno != EPERM && errno != EOPNOTSUPP) return Fail("lsetxattr", name);
  }
  return Ok();
}

StepResult CopyContent(int from, int to, const char* name, off_t size) {
  const int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (in < 0) return Fail("openat", name);
  const int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  StepResult result = Check(out >= 0, "openat", name);
  if (result.ok()) result = Check(ftruncate(out, size) == 0, "ftruncate", name);
  for (off_t at = 0; result.ok() && at < size;) {
    const off_t start = lseek(in, at, SEEK_DATA);
    if (start < 0) break;
    off_t offset = start;
    const off_t end = lseek(in, start, SEEK_HOLE);
    lseek(out, start, SEEK_SET);
    while (result.ok() && offset < end) {
      const ssize_t moved = sendfile(out, in, &offset, static_cast<size_t>(end - offset));
      if (moved < 0) result = Fail("sendfile", name);
      if (moved == 0) break;
    }
    at = end;
  }
  close(in);
  if (out >= 0) close(out);
  return result;
}

const char* Known(const Copy& copy, ino_t ino) {
  for (size_t k = 0; k < copy.link_count; k++)
    if (copy.links[k].ino == ino) return copy.links[k].path;
  return nullptr;
}

StepResult CopyDirectory(Copy* copy, int from, int to, const char* path);

StepResult CopyEntry(Copy* copy, int from, int to, const char* name, const char* path) {
  struct stat info;
  if (fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return Fail("fstatat", name);
  if (!S_ISDIR(info.st_mode) && info.st_nlink > 1 && !S_ISCHR(info.st_mode)) {
    const char* first = Known(*copy, info.st_ino);
    if (first != nullptr) return Check(linkat(copy->to_root, first, to, name, 0) == 0, "linkat", name);
    Link* more = static_cast<Link*>(realloc(static_cast<void*>(copy->links), (copy->link_count + 1) * sizeof(Link)));
    if (more == nullptr) return Fail("malloc");
    copy->links = more;
    copy->links[copy->link_count++] = {info.st_ino, strdup(path)};
  }
  StepResult result;
  if (S_ISDIR(info.st_mode)) {
    if (mkdirat(to, name, 0700) != 0) return Fail("mkdirat", name);
    const int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    result = in >= 0 && out >= 0 ? CopyDirectory(copy, in, out, path) : Fail("openat", name);
    if (in >= 0) close(in);
    if (out >= 0) close(out);
  } else if (S_ISREG(info.st_mode)) {
    result = CopyContent(from, to, name, info.st_size);
  } else if (S_ISLNK(info.st_mode)) {
    char target[4096] = {};
    if (readlinkat(from, name, target, sizeof target - 1) < 0) return Fail("readlinkat", name);
    result = Check(symlinkat(target, to, name) == 0, "symlinkat", name);
  } else if (S_ISSOCK(info.st_mode)) {
    return Ok();  // a socket without its process is of no use to a fork
  } else {
    result = Check(mknodat(to, name, info.st_mode, info.st_rdev) == 0, "mknodat", name);
  }
  // Owner before mode (chown clears setuid), attributes before the times, times last.
  if (result.ok()) result = Check(fchownat(to, name, info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW) == 0, "fchownat", name);
  if (result.ok() && !S_ISLNK(info.st_mode)) result = Check(fchmodat(to, name, info.st_mode & 07777, 0) == 0, "fchmodat", name);
  if (result.ok()) result = CopyAttributes(from, to, name);
  const struct timespec times[2] = {info.st_atim, info.st_mtim};
  if (result.ok()) result = Check(utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) == 0, "utimensat", name);
  return result;
}

StepResult CopyDirectory(Copy* copy, int from, int to, const char* path) {
  alignas(8) char buffer[4096];
  for (;;) {
    const long got = syscall(SYS_getdents64, from, buffer, sizeof buffer);
    if (got < 0) return Fail("getdents64");
    if (got == 0) return Ok();
    for (long at = 0; at < got;) {
      const struct dirent64* entry = reinterpret_cast<struct dirent64*>(buffer + at);
      at += entry->d_reclen;
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      char* below = nullptr;
      if (asprintf(&below, "%s%s%s", path, *path == 0 ? "" : "/", entry->d_name) < 0) return Fail("malloc");
      const StepResult result = CopyEntry(copy, from, to, entry->d_name, below);
      free(below);
      if (!result.ok()) return result;
    }
  }
}

}  // namespace

StepResult CopyTree(int from, int to) {
  const int in = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (in < 0) return Fail("openat");
  Copy copy = {from, to};
  const StepResult result = CopyDirectory(&copy, in, to, "");
  close(in);
  return result;
}

}  // namespace stratabox
