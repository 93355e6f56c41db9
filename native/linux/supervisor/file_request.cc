// What each request to the file helper does. Paths are the sandbox's own; whatever is created is given to the user who asked.
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "linux/supervisor/file_open.h"
#include "linux/supervisor/helper.h"
#include "linux/supervisor/remove_tree.h"

namespace stratabox {

namespace {

constexpr int kBaseInt = 8;
constexpr int64_t kSelf = 1, kNoLinks = 2;

FileAnswer Open(const Step& step, const Base& base) {
  FileAnswer answer;
  answer.fd = OpenForNode(base, step.text(0), static_cast<uint64_t>(step.i[0]), static_cast<uint64_t>(step.i[1]), step.i[2], step.i[3], &answer.result);
  return answer;
}

StepResult Stat(const Step& step, const Base& base, Writer* reply) {
  const Fd fd(OpenBelow(base, step.text(0), O_PATH | (step.i[0] != 0 ? 0 : O_NOFOLLOW), 0));
  if (fd.number < 0) return Fail("stat");
  struct stat info;
  if (fstat(fd.number, &info) != 0) return Fail("stat");
  struct statx more;
  const bool known = statx(fd.number, "", AT_EMPTY_PATH, STATX_BTIME, &more) == 0 && (more.stx_mask & STATX_BTIME) != 0;
  PutStat(reply, info);
  reply->Int(info.st_blksize).Int(known ? more.stx_btime.tv_sec * 1000000000LL + more.stx_btime.tv_nsec : 0);
  return Ok();
}

/** The attributes of one path, links not followed; a path that ends in no name is the directory itself. */
FileAnswer ListOne(const Step& step, const Base& base, uint32_t id) {
  FileAnswer answer;
  Parent parent;
  answer.result = OpenParent(base, step.text(0), EISDIR, &parent);
  if (answer.result.ok()) {
    answer.memfd = ScanEntry(parent.fd, parent.name, id, &answer.result);
  } else if (answer.result.error == EISDIR) {
    const Fd fd(OpenBelow(base, step.text(0), O_PATH | O_DIRECTORY, 0));
    answer.result = Check(fd.number >= 0, "scandir");
    if (answer.result.ok()) answer.memfd = ScanEntry(fd.number, ".", id, &answer.result);
  }
  return answer;
}

FileAnswer List(const Step& step, const Base& base, uint32_t id) {
  if (step.op == kFsScan && step.i[1] != 0) return ListOne(step, base, id);
  FileAnswer answer;
  const Fd fd(OpenBelow(base, step.text(0), O_RDONLY | O_DIRECTORY | (step.i[0] != 0 ? O_NOFOLLOW : 0), 0));
  if (fd.number < 0) answer.result = Fail("scandir");
  else answer.memfd = Scan(fd.number, id, step.op == kFsReaddir, &answer.result);
  return answer;
}

FileAnswer Read(const Step& step, const Base& base, uint32_t id) {
  FileAnswer answer;
  // Every string ends with a NUL of the message's own, so the last path has one.
  answer.memfd = ReadFiles(base, step.text(0), step.strings > 0 ? step.n[0] : 0, id, &answer.result);
  return answer;
}

StepResult Create(const Step& step, const Base& base) {
  Parent parent;
  const StepResult opened = OpenParent(base, step.text(step.op == kFsSymlink ? 1 : 0), EEXIST, &parent);
  if (!opened.ok()) return opened;
  const int owner = step.op == kFsMkdir ? 1 : step.op == kFsSymlink ? 0 : 3;
  const InNameOf user(step.i[owner], step.i[owner + 1]);
  if (!user.result.ok()) return user.result;
  const mode_t mode = static_cast<mode_t>(step.i[0]);
  switch (step.op) {
    case kFsMkdir: return Check(mkdirat(parent.fd, parent.name, mode) == 0, "mkdir");
    case kFsSymlink: return Check(symlinkat(step.text(0), parent.fd, parent.name) == 0, "symlink");
    default:
      return Check(mknodat(parent.fd, parent.name, mode, makedev(static_cast<unsigned>(step.i[1]), static_cast<unsigned>(step.i[2]))) == 0, "mknod");
  }
}

StepResult Remove(const Step& step, const Base& base, Writer* reply) {
  Parent parent;
  const StepResult opened = OpenParent(base, step.text(0), EBUSY, &parent);
  if (!opened.ok()) return opened;
  if (step.op == kFsRemoveTree) {
    const StepResult result = RemoveTree(parent.fd, parent.name, step.i[0]);
    const bool more = result.error == EAGAIN;
    reply->Int(more ? 1 : 0);
    return more ? Ok() : result;
  }
  if (IsMount(parent.fd, parent.name)) return {EBUSY, "unlink", ""};
  return Check(unlinkat(parent.fd, parent.name, step.i[0] != 0 ? AT_REMOVEDIR : 0) == 0, "unlink");
}

StepResult TwoPaths(const Step& step, const Base& base) {
  Parent from, to;
  StepResult opened = OpenParent(base, step.text(0), step.op == kFsRename ? EBUSY : EPERM, &from);
  if (opened.ok()) opened = OpenParent(base, step.text(1), step.op == kFsRename ? EBUSY : EEXIST, &to);
  if (!opened.ok()) return opened;
  if (step.op == kFsLink) return Check(linkat(from.fd, from.name, to.fd, to.name, 0) == 0, "link");
  if (IsMount(from.fd, from.name) || IsMount(to.fd, to.name)) return {EBUSY, "rename", ""};
  return Check(renameat(from.fd, from.name, to.fd, to.name) == 0, "rename");
}

StepResult Change(const Step& step, const Base& base) {
  const bool nofollow = (step.op == kFsChown || step.op == kFsUtimes) && step.i[2] == 0;
  const Fd fd(OpenBelow(base, step.text(0), O_PATH | (nofollow ? O_NOFOLLOW : 0), 0));
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

StepResult Readlink(const Step& step, const Base& base, Writer* reply) {
  const Fd fd(OpenBelow(base, step.text(0), O_PATH | O_NOFOLLOW, 0));
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

/** What the kernel calls the file: below a detached tree that is its path in the tree. */
StepResult Realpath(const Step& step, const Base& base, Writer* reply) {
  const Fd fd(OpenBelow(base, step.text(0), O_PATH, 0));
  if (fd.number < 0) return Fail("realpath");
  char link[64], path[4097];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd.number);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return Fail("realpath");
  path[length] = 0;
  // What was removed meanwhile has a name that is not its own any more.
  const Fd again(OpenBelow({base.fd, false, true}, path, O_PATH, 0));
  struct stat first, second;
  if (again.number < 0 || fstat(fd.number, &first) != 0 || fstat(again.number, &second) != 0) return {ENOENT, "realpath", ""};
  if (first.st_ino != second.st_ino || first.st_dev != second.st_dev) return {ENOENT, "realpath", ""};
  reply->Bytes(path, static_cast<size_t>(length));
  return Ok();
}

StepResult Copy(const int* fds, int fd_count) {
  if (fd_count < 2) return {EINVAL, "copy", ""};
  return CopyTree(fds[0], fds[1]);
}

}  // namespace

FileAnswer FileRequest(const Step& step, const int* fds, int fd_count, uint32_t id, Writer* reply) {
  FileAnswer answer;
  const Base base = {fds[0], (step.i[kBaseInt] & kSelf) != 0, (step.i[kBaseInt] & kNoLinks) != 0};
  switch (step.op) {
    case kFsOpen: return Open(step, base);
    case kFsScan: case kFsReaddir: return List(step, base, id);
    case kFsRead: return Read(step, base, id);
    case kFsStat: answer.result = Stat(step, base, reply); break;
    case kFsReadlink: answer.result = Readlink(step, base, reply); break;
    case kFsRealpath: answer.result = Realpath(step, base, reply); break;
    case kFsRename: case kFsLink: answer.result = TwoPaths(step, base); break;
    case kFsMkdir: case kFsSymlink: case kFsMknod: answer.result = Create(step, base); break;
    case kFsUnlink: case kFsRemoveTree: answer.result = Remove(step, base, reply); break;
    case kFsChmod: case kFsChown: case kFsUtimes: case kFsTruncate: case kFsSetxattr: case kFsAccess: answer.result = Change(step, base); break;
    case kFsCopyTree: answer.result = Copy(fds, fd_count); break;
    default: answer.result = {ENOSYS, "request", ""};
  }
  return answer;
}

}  // namespace stratabox
