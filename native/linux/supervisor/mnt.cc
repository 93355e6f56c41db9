// mount_namespaces(7): building the tree a sandbox sees, by the mount API of Linux 5.2 and later.
#include "linux/supervisor/mnt.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linux/supervisor/fds.h"

namespace stratabox {

StepResult PrivateMounts() {
  // Nothing that is mounted on the host from now on may appear inside, and nothing of ours outside.
  return Check(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount", "/");
}

/** Each "key=value" or "flag" of a list. */
static StepResult SetOptions(int context, char* options) {
  StepResult result;
  for (char* option = options; result.ok() && *option != 0;) {
    char* next = strchrnul(option, ',');
    if (*next != 0) *next++ = 0;
    char* value = strchr(option, '=');
    if (value != nullptr) *value++ = 0;
    const long set = syscall(SYS_fsconfig, context, value == nullptr ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, option, value, 0);
    result = Check(set == 0, "fsconfig", option);
    option = next;
  }
  return result;
}

StepResult Reconfigure(const char* path, char* options) {
  const int context = static_cast<int>(syscall(SYS_fspick, AT_FDCWD, path, FSPICK_CLOEXEC));
  if (context < 0) return Fail("fspick", path);
  StepResult result = SetOptions(context, options);
  if (result.ok()) result = Check(syscall(SYS_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) == 0, "fsconfig", path);
  close(context);
  return result;
}

StepResult NewMount(int64_t slot, int64_t attributes, const char* type, char* options) {
  const int context = static_cast<int>(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
  if (context < 0) return Fail("fsopen", type);
  StepResult result = SetOptions(context, options);
  if (result.ok()) result = Check(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0, "fsconfig", type);
  if (result.ok()) {
    const int made = static_cast<int>(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes));
    result = made < 0 ? Fail("fsmount", type) : MoveTo(made, SlotFd(slot));
  }
  close(context);
  return result;
}

/** openat2(2) from the working directory; a leading slash means the current root. */
static int Resolve(const char* path, uint64_t flags, uint64_t resolve) {
  struct open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.resolve = resolve;
  return static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
}

StepResult CloneTree(int64_t slot, int64_t how, uint64_t attributes, int userns, const char* path) {
  const unsigned recursive = (how & kRecursive) != 0 ? AT_RECURSIVE : 0u;
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive;
  int tree;
  if ((how & kNoLinks) != 0) {
    // The path was checked as it is: what has been put in its way since is not followed.
    const int from = Resolve(path, O_PATH, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    if (from < 0) return Fail("openat2", path);
    tree = static_cast<int>(syscall(SYS_open_tree, from, "", flags | AT_EMPTY_PATH));
    const int error = errno;
    close(from);
    errno = error;
  } else {
    tree = static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, path, flags));
  }
  if (tree < 0) return Fail("open_tree", path);
  struct mount_attr attr = {};
  attr.attr_set = attributes | (userns >= 0 ? MOUNT_ATTR_IDMAP : 0u);
  attr.userns_fd = userns >= 0 ? static_cast<uint64_t>(userns) : 0;
  // A clone stays in its source's peer group, across user namespaces too: what is mounted on one side would show on the other.
  attr.propagation = MS_PRIVATE;
  if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | recursive, &attr, sizeof attr) != 0) {
    const StepResult failed = Fail("mount_setattr", path);
    close(tree);
    return failed;
  }
  return MoveTo(tree, SlotFd(slot));
}

StepResult OpenPath(int64_t slot, const char* path) {
  const int fd = open(path, O_PATH | O_CLOEXEC);
  return fd < 0 ? Fail("open", path) : MoveTo(fd, SlotFd(slot));
}

StepResult Attach(int64_t slot, int64_t kind, const char* target) {
  if (kind == 0 || kind == 3) {
    const StepResult made = MakePath(0755, target);
    if (!made.ok()) return made;
  } else if (kind == 1) {
    int fd = Resolve(target, O_PATH, RESOLVE_NO_MAGICLINKS);
    if (fd < 0) {
      const StepResult made = MakeFile(0644, target, "", 0);
      if (!made.ok()) return made;
    } else {
      close(fd);
    }
  }
  const int fd = Resolve(target, O_PATH, RESOLVE_NO_MAGICLINKS | (kind >= 2 ? RESOLVE_NO_SYMLINKS : 0));
  if (fd < 0) return Fail("openat2", target);
  // Through a link of the image a mount of the user's could cover what the kernel tells of processes (CVE-2019-16884, CVE-2019-19921).
  struct statfs info;
  if (kind < 2 && (fstatfs(fd, &info) != 0 || info.f_type == PROC_SUPER_MAGIC)) {
    close(fd);
    return {EACCES, "move_mount", target};
  }
  const long moved = syscall(SYS_move_mount, SlotFd(slot), "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  const StepResult result = Check(moved == 0, "move_mount", target);
  close(fd);
  return result;
}

StepResult AttachAt(int64_t slot, int64_t target) {
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  return Check(syscall(SYS_move_mount, SlotFd(slot), "", SlotFd(target), "", flags) == 0, "move_mount");
}

StepResult AttachOver(int64_t slot, const char* target) {
  const StepResult result = Attach(slot, 2, target);
  return result.error == ENOENT ? Ok() : result;
}

StepResult Enter(int64_t slot) {
  return Check(fchdir(SlotFd(slot)) == 0, "fchdir");
}

StepResult Overlay(int64_t flags, const char* target, const char* options) {
  return Check(mount("overlay", target, "overlay", static_cast<unsigned long>(flags), options) == 0, "mount", "overlay");
}

StepResult Pivot() {
  // Both arguments the same: the old root ends up stacked on top and is taken off in one step, with no directory in the image needed for it.
  if (syscall(SYS_pivot_root, ".", ".") != 0) return Fail("pivot_root");
  if (umount2(".", MNT_DETACH) != 0) return Fail("umount2");
  return Check(chdir("/") == 0, "chdir", "/");
}

StepResult SetAttributes(uint64_t attributes, bool recursive, const char* path) {
  struct mount_attr attr = {};
  attr.attr_set = attributes;
  return Check(syscall(SYS_mount_setattr, AT_FDCWD, path, recursive ? AT_RECURSIVE : 0u, &attr, sizeof attr) == 0, "mount_setattr", path);
}

StepResult MakePath(int64_t mode, const char* path) {
  // After the pivot there is nothing outside to reach, so links inside an image are followed as a process inside would follow them.
  char part[4096];
  const size_t length = strlen(path);
  if (length == 0 || length >= sizeof part) {
    errno = ENAMETOOLONG;
    return Fail("mkdir", path);
  }
  for (size_t end = 1; end <= length; end++) {
    if (path[end] != '/' && path[end] != 0) continue;
    memcpy(part, path, end);
    part[end] = 0;
    if (mkdir(part, static_cast<mode_t>(mode)) != 0 && errno != EEXIST) return Fail("mkdir", path);
  }
  const int fd = Resolve(path, O_PATH | O_DIRECTORY, RESOLVE_NO_MAGICLINKS);
  if (fd < 0) return Fail("openat2", path);
  close(fd);
  return Ok();
}

static StepResult MakeParent(const char* path) {
  char parent[4096];
  const char* slash = strrchr(path, '/');
  if (slash == nullptr || slash == path) return Ok();
  const size_t length = static_cast<size_t>(slash - path);
  if (length >= sizeof parent) {
    errno = ENAMETOOLONG;
    return Fail("mkdir", path);
  }
  memcpy(parent, path, length);
  parent[length] = 0;
  return MakePath(0755, parent);
}

StepResult MakeFile(int64_t mode, const char* path, const char* content, uint32_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, static_cast<mode_t>(mode));
  if (fd < 0 && errno == ENOENT) {
    const StepResult made = MakeParent(path);
    if (!made.ok()) return made;
    fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, static_cast<mode_t>(mode));
  }
  if (fd < 0) return Fail("open", path);
  StepResult result = Check(fchmod(fd, static_cast<mode_t>(mode)) == 0, "fchmod", path);
  if (result.ok() && size > 0) result = Check(write(fd, content, size) == static_cast<ssize_t>(size), "write", path);
  close(fd);
  return result;
}

StepResult MakeWhiteout(const char* path) {
  const StepResult made = MakeParent(path);
  if (!made.ok()) return made;
  return Check(mknod(path, S_IFCHR, 0) == 0, "mknod", path);
}

StepResult WriteText(const char* path, const char* text, uint32_t size) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return Fail("open", path);
  const ssize_t written = write(fd, text, size);
  const StepResult result = Check(written == static_cast<ssize_t>(size), "write", path);
  close(fd);
  return result;
}

}  // namespace stratabox
