// user_namespaces(7): the ids of the child.
#include <grp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/supervisor/rooms.h"

namespace stratabox {

StepResult SetIds(bool groups) {
  if (groups && syscall(SYS_setgroups, 0, nullptr) != 0) return Fail("setgroups");
  // The group first: without uid 0 it could not be set any more.
  if (syscall(SYS_setresgid, 0, 0, 0) != 0) return Fail("setresgid");
  return Check(syscall(SYS_setresuid, 0, 0, 0) == 0, "setresuid");
}

}  // namespace stratabox
