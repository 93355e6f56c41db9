// Sockets of a sandbox's network namespace: setns(2), socket(2).
#include "linux/supervisor/socket.h"

#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "linux/supervisor/sanitizer.h"

namespace stratabox {

namespace {

struct Request {
  int netns;
  int family;
  int fd;
  StepResult failure;
};

alignas(64) char stack[16 * 1024];

/** Shares the supervisor's memory and descriptors, which stands still meanwhile: system calls only. */
int Child(void* argument) {
  Request& request = *static_cast<Request*>(argument);
  if (setns(request.netns, CLONE_NEWNET) != 0) {
    request.failure = Fail("setns", "net");
    return 0;
  }
  request.fd = socket(request.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (request.fd < 0) request.failure = Fail("socket");
  return 0;
}

}  // namespace

int SocketInside(int netns, bool is_ipv6, StepResult* failure) {
  Request request = {netns, is_ipv6 ? AF_INET6 : AF_INET, -1, Ok()};
  // A process of its own for the length of two calls: an ordinary user's supervisor that entered the namespace could not come back, and a socket keeps the
  // namespace it was made in.
  const pid_t pid = clone(Child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES, &request);
  if (pid < 0) request.failure = Fail("clone");
  else while (waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) continue;
  ForgetFrames(stack, sizeof stack);
  *failure = request.failure;
  return request.fd;
}

}  // namespace stratabox
