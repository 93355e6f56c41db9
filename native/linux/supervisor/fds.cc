// dup(2), fcntl(2) F_DUPFD_CLOEXEC, close_range(2).
#include "linux/supervisor/fds.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace stratabox {

StepResult MoveTo(int fd, int target) {
  if (fd == target) return Ok();
  const int got = dup3(fd, target, O_CLOEXEC);
  const StepResult result = Check(got >= 0, "dup3");
  close(fd);
  return result;
}

int MoveHigh(int fd) {
  if (fd < 0 || fd >= kHigh) return fd;
  const int high = fcntl(fd, F_DUPFD_CLOEXEC, kHigh);
  const int error = errno;
  close(fd);
  errno = error;
  return high;
}

void CloseSlots() {
  syscall(SYS_close_range, kInitSocket, kHigh - 1, 0);
}

}  // namespace stratabox
