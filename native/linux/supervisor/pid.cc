// pid_namespaces(7), prctl(2): PID 1 dies with the supervisor.
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include "linux/supervisor/rooms.h"

namespace stratabox {

StepResult DieWithParent(int alive_fd) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return Fail("prctl", "PR_SET_PDEATHSIG");
  // getppid() is 0 in a PID namespace whether the parent lives or not, so the socket tells: it is at its end when Node is gone.
  struct pollfd alive = {alive_fd, 0, 0};
  poll(&alive, 1, 0);
  if ((alive.revents & POLLHUP) != 0) {
    errno = EPIPE;
    return Fail("poll");
  }
  return Ok();
}

}  // namespace stratabox
