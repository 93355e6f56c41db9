// The supervisor: one for each Node process. It reads requests, watches every sandbox's PID 1, and leaves nothing behind when Node goes away.
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/supervisor/channel.h"
#include "linux/supervisor/fds.h"
#include "linux/supervisor/helper.h"
#include "linux/supervisor/init.h"
#include "linux/supervisor/outer.h"
#include "linux/supervisor/plan.h"
#include "linux/supervisor/remove_tree.h"
#include "linux/supervisor/rooms.h"
#include "linux/supervisor/sandbox.h"
#include "linux/supervisor/socket.h"

using namespace stratabox;

namespace {

constexpr uint32_t kChannelEvent = 0xFFFFFFFF;
constexpr int kLastSignal = 64;
int channel = -1;
int events = -1;
// This process's place in the runtime directory, and the locks that say that it lives.
char* own_directory = nullptr;

void Reply(uint32_t id, const StepResult& failure, const char* room) {
  Send(channel, Writer(id, kFailed).Int(failure.error).Text(failure.syscall).Text(room).Text(failure.path));
}

void Finish(uint32_t id, Sandbox* sandbox) {
  Remove(sandbox);
  Send(channel, Writer(id, kClosed));
}

void ResumeSandbox(uint32_t id, Message* message) {
  const char* room = "";
  const StepResult result = Resume(At(id), message, &room);
  if (!result.ok()) Reply(id, result, room);
}

void CreateSandbox(uint32_t id, Message* message, bool is_blank) {
  Sandbox* sandbox = At(id);
  const char* room = "";
  const StepResult result = is_blank ? CreateBlank(sandbox, id, *message, &room) : Create(sandbox, id, message, &room);
  if (!result.ok()) {
    Reply(id, result, room);
    return;
  }
  struct epoll_event event = {};
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.u32 = id;
  epoll_ctl(events, EPOLL_CTL_ADD, sandbox->pidfd, &event);
}

void CloseSandbox(uint32_t id) {
  Sandbox* sandbox = At(id);
  if (sandbox == nullptr) return;
  if (sandbox->pid == 0) {
    Finish(id, sandbox);
    return;
  }
  sandbox->closing = true;
  syscall(SYS_pidfd_send_signal, sandbox->pidfd, SIGKILL, nullptr, 0);
}

void PassUserns(uint32_t id, const Step& step) {
  Sandbox* sandbox = At(id);
  StepResult failure;
  errno = ESRCH;
  if (sandbox == nullptr || sandbox->userns < 0) failure = Fail("userns");
  const int fd = failure.ok() ? NestedUserns(sandbox->userns, static_cast<uint32_t>(step.i[0]), static_cast<uint32_t>(step.i[1]), &failure) : -1;
  if (fd < 0) {
    Reply(id, failure, "user");
    return;
  }
  Send(channel, Writer(id, kUsernsReady), &fd, 1);
  close(fd);
}

void PassSocket(uint32_t id, const Step& step) {
  const Sandbox* sandbox = At(id);
  StepResult failure = StepResult{ESRCH, "socket", ""};
  const int fd = sandbox == nullptr || sandbox->netns < 0 ? -1 : SocketInside(sandbox->netns, step.i[0] != 0, &failure);
  // Not kFailed: other questions about the same sandbox may be open.
  Send(channel, Writer(id, kSocketReady).Int(failure.error), &fd, fd < 0 ? 0 : 1);
  if (fd >= 0) close(fd);
}

/** PID 1 has ended, and with it every process of its namespace: the kernel lets it be reaped only after them. */
void Exited(uint32_t id) {
  Sandbox* sandbox = At(id);
  int status = 0;
  if (sandbox == nullptr || sandbox->pid == 0 || waitpid(sandbox->pid, &status, 0) != sandbox->pid) return;
  sandbox->pid = 0;
  epoll_ctl(events, EPOLL_CTL_DEL, sandbox->pidfd, nullptr);
  if (sandbox->closing) Finish(id, sandbox);
  else Send(channel, Writer(id, kExited).Int(status));
}

void Handle(Message* message) {
  Reader reader(message->data, message->size);
  uint32_t id;
  Step step;
  if (!reader.Id(&id) || !reader.Next(&step)) return;
  switch (step.op) {
    case kConfigure: {
      // Held to the end, so that nobody sweeps while this process still cleans up.
      for (int k = 0; k < message->fd_count; k++) message->fds[k] = (MoveHigh(message->fds[k]), -1);
      own_directory = strdup(step.text(0));
      // Else what runs inside would possess the keys of the user's login.
      StepResult result = LeaveKeyring();
      if (result.ok()) result = Configure(channel, id, step);
      if (result.ok()) Send(channel, Writer(id, kConfigured).Int(LandlockAbi()));
      else Reply(id, result, "user");
      return;
    }
    case kCreate: return CreateSandbox(id, message, false);
    case kBlank: return CreateSandbox(id, message, true);
    case kResume: return ResumeSandbox(id, message);
    case kClose: return CloseSandbox(id);
    case kRemoveAtEnd: return RemoveAtEnd(At(id), step.text(0));
    case kUserns: return PassUserns(id, step);
    case kSocket: return PassSocket(id, step);
    case kKillAll: {
      Sandbox* sandbox = At(id);
      if (sandbox != nullptr && sandbox->pidfd >= 0) syscall(SYS_pidfd_send_signal, sandbox->pidfd, SIGKILL, nullptr, 0);
      return;
    }
    case kHelper: {
      const StepResult result = message->fd_count < 1 ? StepResult{EINVAL, "helper", ""} : StartHelper(message->fds[0]);
      if (message->fd_count > 0) message->fds[0] = -1;
      if (result.ok()) Send(channel, Writer(id, kHelperReady));
      else Reply(id, result, "user");
      return;
    }
    default: return;
  }
}

/** Node is gone: end everything at once, then wait and remove. */
[[noreturn]] void Leave() {
  for (uint32_t id = 0; id < SandboxCount(); id++) {
    const Sandbox* sandbox = At(id);
    if (sandbox->pid != 0) syscall(SYS_pidfd_send_signal, sandbox->pidfd, SIGKILL, nullptr, 0);
  }
  for (uint32_t id = 0; id < SandboxCount(); id++) {
    Sandbox* sandbox = At(id);
    if (sandbox->pid != 0) waitpid(sandbox->pid, nullptr, 0);
    Remove(sandbox);
  }
  if (own_directory != nullptr && *own_directory != 0) RemoveTree(AT_FDCWD, own_directory);
  _exit(0);
}

/** Every signal to its default: by the system call, since glibc's signal(3) passes over its own two, 32 and 33, which others may ignore. */
void ResetSignals() {
  const struct { void* handler; unsigned long flags; void* restorer; uint64_t mask; } standard = {};
  for (int number = 1; number <= kLastSignal; number++) syscall(SYS_rt_sigaction, number, &standard, nullptr, sizeof standard.mask);
}

}  // namespace

int main() {
  setsid();
  // Node's own dispositions end here; PID 1 takes back the four that are ignored.
  ResetSignals();
  for (const int number : kIgnoredSignals) signal(number, SIG_IGN);
  prctl(PR_SET_NAME, "stratabox", 0, 0, 0);
  umask(0);
  if (chdir("/") != 0) return 1;
  channel = fcntl(3, F_DUPFD_CLOEXEC, kHigh);
  if (channel < 0) return 1;
  // Whatever the host had open without close-on-exec stops here.
  syscall(SYS_close_range, 3, kHigh - 1, 0);
  syscall(SYS_close_range, channel + 1, ~0U, 0);
  events = MoveHigh(epoll_create1(EPOLL_CLOEXEC));
  struct epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u32 = kChannelEvent;
  if (events < 0 || epoll_ctl(events, EPOLL_CTL_ADD, channel, &event) != 0) return 1;
  for (;;) {
    struct epoll_event ready[64];
    const int count = epoll_wait(events, ready, 64, -1);
    for (int k = 0; k < count; k++) {
      if (ready[k].data.u32 != kChannelEvent) {
        Exited(ready[k].data.u32);
        continue;
      }
      Message message;
      if (Receive(channel, &message) <= 0) Leave();
      Handle(&message);
      message.CloseFds();
      message.Release();
    }
    ReapHelpers();
  }
}
