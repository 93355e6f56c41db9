// The child's half of the plan.
#include "linux/supervisor/plan.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/supervisor/fds.h"
#include "linux/supervisor/init.h"
#include "linux/supervisor/mnt.h"
#include "linux/supervisor/rooms.h"

namespace stratabox {

const char* RoomOf(uint16_t op) {
  if ((op >= kMakeGroup && op <= kIntoGroup) || op == kAttachGroup) return "cgroup";
  switch (op) {
    case kSetIds: return "user";
    case kHostname: return "uts";
    case kLoopback: case kSysctl: return "net";
    case kDropCaps: return "caps";
    case kLeaveKeyring: return "keys";
    case kConfine: return "landlock";
    case kOomScore: return "pid";
    default: return "mnt";
  }
}

/** For outputs: /proc/sys of a namespace may lack what a newer kernel has. */
static StepResult WriteIfThere(const Step& step) {
  const StepResult result = WriteText(step.text(0), step.text(1), step.n[1]);
  return result.error == ENOENT || result.error == EACCES ? Ok() : result;
}

StepResult RunChildStep(const Step& step) {
  const char* first = step.text(0);
  const char* second = step.text(1);
  switch (step.op) {
    case kAttachGroup: return JoinGroup(first);
    case kSetIds: return SetIds(step.i[0] != 0);
    case kPrivateMounts: return PrivateMounts();
    case kHostname: return SetHostname(first, step.n[0]);
    case kLoopback: return LoopbackUp();
    case kNewMount: return NewMount(step.i[0], step.i[1], first, const_cast<char*>(second));
    case kReconfigure: return Reconfigure(first, const_cast<char*>(second));
    case kAttach: return Attach(step.i[0], step.i[1], first);
    case kOpenHere: return OpenPath(step.i[0], first);
    case kAttachAt: return AttachAt(step.i[0], step.i[1]);
    case kAttachOver: return AttachOver(step.i[0], first);
    case kEnter: return Enter(step.i[0]);
    case kChdir: return Check(chdir(first) == 0, "chdir", first);
    // The supervisor's umask is 0, so the mode is what was asked for.
    case kMkdir: return Check(mkdir(first, static_cast<mode_t>(step.i[0])) == 0, "mkdir", first);
    case kMakePath: return MakePath(step.i[0], first);
    case kSymlink: return Check(symlink(first, second) == 0, "symlink", second);
    case kFile: return MakeFile(step.i[0], first, second, step.n[1]);
    case kWhiteout: return MakeWhiteout(first);
    case kOverlay: return Overlay(step.i[0], first, second);
    case kTree: return CloneTree(step.i[0], step.i[1], static_cast<uint64_t>(step.i[2]), -1, first);
    case kPivot: return Pivot();
    case kHandOutRoot: {
      const int fd = static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
      if (fd < 0) return Fail("open_tree", "/");
      hand_out_root = fd;
      return Ok();
    }
    case kOpenUpper: {
      const int fd = open(first, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (fd < 0) return Fail("open", first);
      hand_out_upper = fd;
      return Ok();
    }
    case kDropCaps: return DropCapabilities(static_cast<uint64_t>(step.i[0]), static_cast<uint64_t>(step.i[1]));
    case kChown: return Check(lchown(first, static_cast<uid_t>(step.i[0]), static_cast<gid_t>(step.i[1])) == 0, "lchown", first);
    case kSetattr: return SetAttributes(static_cast<uint64_t>(step.i[0]), step.i[1] != 0, first);
    case kSysctl: return WriteIfThere(step);
    case kLeaveKeyring: return LeaveKeyring();
    case kConfine: return ConfineTo(static_cast<uint64_t>(step.i[0]), static_cast<uint64_t>(step.i[1]), first);
    default: return Ok();
  }
}

}  // namespace stratabox
