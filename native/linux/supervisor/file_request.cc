// What each request to the file helper does. Paths are the sandbox's own; whatever is created is given to the user who asked.
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "linux/supervisor/files.h"
#include "linux/supervisor/helper.h"
#include "linux/supervisor/remove_tree.h"

namespace stratabox {

namespace {

struct Fd {
  int number;
  explicit Fd(int fd) : number(fd) {}
  ~Fd() {
    if (number >= 0) close(number);
  }
};

/** A new file, directory or link belongs to the asking user, not to root inside. */
StepResult Own(int directory, const char* name, int64_t uid, int64_t gid) {
  return Check(fchownat(directory, name, static_cast<uid_t>(uid), static_cast<gid_t>(gid), AT_SYMLINK_NOFOLLOW) == 0, "chown", name);
}

FileAnswer Open(const Step& step, int root) {
  FileAnswer answer;
  const char* path = step.text(0);
  const uint64_t flags = static_cast<uint64_t>(step.i[0]) | O_NOCTTY | O_NONBLOCK;
  const bool fresh = (flags & O_CREAT) != 0 && Fd(OpenBelow(root, path, O_PATH, 0)).number < 0;
  answer.fd = OpenBelow(root, path, flags, static_cast<uint64_t>(step.i[1]));
  answer.result = Check(answer.fd >= 0, "open", path);
  if (answer.result.ok() && fresh) answer.result = Check(fchown(answer.fd, static_cast<uid_t>(step.i[2]), static_cast<gid_t>(step.i[3])) == 0, "fchown", path);
  struct stat info;
  // A FIFO or device would let a sandbox block, or feed, whoever reads it on the host.
  if (answer.result.ok() && (fstat(answer.fd, &info) != 0 || !(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)))) answer.result = {ENXIO, "open", path};
  if (!answer.result.ok() && answer.fd >= 0) {
    close(answer.fd);
    answer.fd = -1;
  }
  return answer;
}

StepResult Stat(const Step& step, int root, Writer* reply) {
  const Fd fd(OpenBelow(root, step.text(0), O_PATH | (step.i[0] != 0 ? 0 : O_NOFOLLOW), 0));
  struct stat info;
  if (fd.number < 0) return Fail(step.i[0] != 0 ? "stat" : "lstat");
  if (fstat(fd.number, &info) != 0) return Fail("fstat");
  PutStat(reply, info);
  return Ok();
}

FileAnswer ScanPath(const Step& step, int root, uint32_t id) {
  FileAnswer answer;
  const Fd fd(OpenBelow(root, step.text(0), O_RDONLY | O_DIRECTORY | (step.i[0] != 0 ? O_NOFOLLOW : 0), 0));
  if (fd.number < 0) answer.result = Fail("scandir");
  else answer.memfd = Scan(fd.number, id, &answer.result);
  return answer;
}

StepResult AtParent(const Step& step, int root) {
  Parent parent;
  const char* path = step.text(step.op == kFsSymlink ? 1 : 0);
  const StepResult opened = OpenParent(root, path, &parent);
  if (!opened.ok()) return opened;
  switch (step.op) {
    case kFsMkdir: {
      if (mkdirat(parent.fd, parent.name, static_cast<mode_t>(step.i[0])) != 0) return Fail("mkdir");
      return Own(parent.fd, parent.name, step.i[1], step.i[2]);
    }
    case kFsUnlink: return Check(unlinkat(parent.fd, parent.name, step.i[0] != 0 ? AT_REMOVEDIR : 0) == 0, step.i[0] != 0 ? "rmdir" : "unlink");
    case kFsRemoveTree: return RemoveTree(parent.fd, parent.name);
    case kFsSymlink: {
      if (symlinkat(step.text(0), parent.fd, parent.name) != 0) return Fail("symlink");
      return Own(parent.fd, parent.name, step.i[0], step.i[1]);
    }
    default: {
      if (mknodat(parent.fd, parent.name, static_cast<mode_t>(step.i[0]), makedev(static_cast<unsigned>(step.i[1]), static_cast<unsigned>(step.i[2]))) != 0)
        return Fail("mknod");
      return Own(parent.fd, parent.name, step.i[3], step.i[4]);
    }
  }
}

StepResult TwoPaths(const Step& step, int root) {
  Parent from;
  const StepResult first = OpenParent(root, step.text(0), &from);
  if (!first.ok()) return first;
  // OpenParent keeps the name in one static buffer.
  char name[256];
  snprintf(name, sizeof name, "%s", from.name);
  Parent to;
  const StepResult second = OpenParent(root, step.text(1), &to);
  if (!second.ok()) return second;
  if (step.op == kFsRename) return Check(renameat(from.fd, name, to.fd, to.name) == 0, "rename");
  return Check(linkat(from.fd, name, to.fd, to.name, 0) == 0, "link");
}

StepResult Change(const Step& step, int root) {
  const bool nofollow = (step.op == kFsChown || step.op == kFsUtimes) && step.i[2] == 0;
  const Fd fd(OpenBelow(root, step.text(0), O_PATH | (nofollow ? O_NOFOLLOW : 0), 0));
  if (fd.number < 0) return Fail("open");
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd.number);
  switch (step.op) {
    case kFsChmod: return Check(chmod(path, static_cast<mode_t>(step.i[0])) == 0, "chmod");
    case kFsChown: return Check(fchownat(fd.number, "", static_cast<uid_t>(step.i[0]), static_cast<gid_t>(step.i[1]), AT_EMPTY_PATH) == 0, "chown");
    case kFsUtimes: {
      const auto spec = [](int64_t ns) {
        const int64_t seconds = ns / 1000000000 - (ns % 1000000000 < 0);
        return timespec{seconds, ns - seconds * 1000000000};
      };
      const struct timespec times[2] = {spec(step.i[0]), spec(step.i[1])};
      return Check(utimensat(fd.number, "", times, AT_EMPTY_PATH) == 0, "utimensat");
    }
    case kFsTruncate: return Check(truncate(path, step.i[0]) == 0, "truncate");
    case kFsSetxattr: return Check(setxattr(path, step.text(1), step.text(2), step.n[2], 0) == 0, "setxattr");
    default: return Check(faccessat(AT_FDCWD, path, static_cast<int>(step.i[0]), 0) == 0, "access");
  }
}

StepResult Readlink(const Step& step, int root, Writer* reply) {
  const Fd fd(OpenBelow(root, step.text(0), O_PATH | O_NOFOLLOW, 0));
  if (fd.number < 0) return Fail("readlink");
  char target[4096];
  const ssize_t length = readlinkat(fd.number, "", target, sizeof target);
  if (length < 0) {
    // An O_PATH fd of something that is no link gives ENOENT where the path would give EINVAL.
    if (errno == ENOENT) errno = EINVAL;
    return Fail("readlink");
  }
  reply->Bytes(target, static_cast<size_t>(length));
  return Ok();
}

StepResult Copy(const int* fds, int fd_count) {
  if (fd_count < 2) return {EINVAL, "copy", ""};
  return CopyTree(fds[0], fds[1]);
}

}  // namespace

FileAnswer FileRequest(const Step& step, int root, const int* fds, int fd_count, uint32_t id, Writer* reply) {
  FileAnswer answer;
  switch (step.op) {
    case kFsOpen: return Open(step, root);
    case kFsScan: return ScanPath(step, root, id);
    case kFsStat: answer.result = Stat(step, root, reply); break;
    case kFsReadlink: answer.result = Readlink(step, root, reply); break;
    case kFsRename: case kFsLink: answer.result = TwoPaths(step, root); break;
    case kFsMkdir: case kFsUnlink: case kFsRemoveTree: case kFsSymlink: case kFsMknod: answer.result = AtParent(step, root); break;
    case kFsChmod: case kFsChown: case kFsUtimes: case kFsTruncate: case kFsSetxattr: case kFsAccess: answer.result = Change(step, root); break;
    case kFsCopyTree: answer.result = Copy(fds, fd_count); break;
    default: answer.result = {ENOSYS, "request", ""};
  }
  return answer;
}

}  // namespace stratabox
