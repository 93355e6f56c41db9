// cgroups(7), version 1. A task that moves itself by the file `tasks` needs no lock that all forks and exits of the machine share; a write of its number
// to cgroup.procs does, and waits for a grace period of the kernel's readers (5 to 10 ms) where nobody has moved anything just before.
#include <fcntl.h>
#include <unistd.h>

#include "linux/supervisor/rooms.h"

namespace stratabox {

namespace {

constexpr int kPassed = 16;
int passed[kPassed];
int passed_count = 0;
int passed_used = 0;

}  // namespace

void PassGroup(int fd) {
  if (passed_count < kPassed) passed[passed_count++] = fd;
}

StepResult JoinGroup(const char* tasks_file) {
  const int fd = passed_used < passed_count ? passed[passed_used++] : open(tasks_file, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return Fail("open", tasks_file);
  const StepResult result = Check(write(fd, "0", 1) == 1, "write", tasks_file);
  close(fd);
  return result;
}

}  // namespace stratabox
