// The supervisor's half of a sandbox: groups, trees of the host, the clone, and what is removed at the end.
#include "linux/supervisor/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/supervisor/fds.h"
#include "linux/supervisor/init.h"
#include "linux/supervisor/mnt.h"
#include "linux/supervisor/plan.h"
#include "linux/supervisor/prepare.h"
#include "linux/supervisor/remove_tree.h"

namespace stratabox {

static Sandbox* sandboxes = nullptr;
static uint32_t sandbox_count = 0;

uint32_t SandboxCount() {
  return sandbox_count;
}

Sandbox* At(uint32_t id) {
  if (id >= kMaxSandboxes) return nullptr;
  if (id >= sandbox_count) {
    const uint32_t grown = id < 64 ? 64 : id < kMaxSandboxes / 2 ? id * 2 : kMaxSandboxes;
    Sandbox* more = static_cast<Sandbox*>(realloc(static_cast<void*>(sandboxes), grown * sizeof(Sandbox)));
    if (more == nullptr) return nullptr;
    for (uint32_t k = sandbox_count; k < grown; k++) more[k] = Sandbox();
    sandboxes = more;
    sandbox_count = grown;
  }
  return &sandboxes[id];
}

StepResult Remember(Sandbox* sandbox, bool is_tree, const char* path) {
  void* more = realloc(sandbox->cleanups, sizeof(Cleanup) * static_cast<size_t>(sandbox->cleanup_count + 1));
  char* copy = strdup(path);
  if (more == nullptr || copy == nullptr) return Fail("malloc");
  sandbox->cleanups = static_cast<Cleanup*>(more);
  sandbox->cleanups[sandbox->cleanup_count++] = {is_tree, copy};
  return Ok();
}

void RemoveAtEnd(Sandbox* sandbox, const char* path) {
  if (sandbox != nullptr) Remember(sandbox, true, path);
}

void Remove(Sandbox* sandbox) {
  for (int k = sandbox->cleanup_count - 1; k >= 0; k--) {
    Cleanup& one = sandbox->cleanups[k];
    if (one.is_tree) {
      RemoveTree(AT_FDCWD, one.path);
    } else {
      // A group is busy for a moment after its last process was reaped.
      for (int attempt = 0; rmdir(one.path) != 0 && errno == EBUSY && attempt < 200; attempt++) usleep(1000);
    }
    free(one.path);
  }
  free(sandbox->cleanups);
  if (sandbox->userns >= 0) close(sandbox->userns);
  if (sandbox->netns >= 0) close(sandbox->netns);
  if (sandbox->pidfd >= 0) close(sandbox->pidfd);
  if (sandbox->rest >= 0) close(sandbox->rest);
  *sandbox = Sandbox();
}

namespace {

struct Child {
  uint32_t id;
  const Message* message;
  bool is_blank;
};

void Body(void* argument) {
  const Child* child = static_cast<const Child*>(argument);
  RunSandbox(child->id, child->message->data, child->message->size, child->is_blank);
}

/** Whether nothing is kept for its number: the last one of it was closed. */
bool IsFree(const Sandbox& sandbox) {
  return sandbox.pid == 0 && sandbox.pidfd < 0 && sandbox.userns < 0 && sandbox.cleanup_count == 0;
}

StepResult Clone(Sandbox* sandbox, Child child, const char** room) {
  Preparation preparation;
  StepResult result = PrepareAll(sandbox, *child.message, &preparation, room);
  if (result.ok()) {
    *room = "user";
    result = CloneMapped(preparation.namespaces, preparation.group_fd, preparation.oom_score, Body, &child, &sandbox->pid, &sandbox->userns,
                         &sandbox->netns);
    if (!result.ok()) sandbox->pid = 0;
  }
  if (preparation.group_fd >= 0) close(preparation.group_fd);
  CloseSlots();
  if (result.ok()) {
    sandbox->pidfd = MoveHigh(static_cast<int>(syscall(SYS_pidfd_open, sandbox->pid, 0)));
    result = Check(sandbox->pidfd >= 0, "pidfd_open");
    if (!result.ok()) {
      // Without it nobody would hear of the end.
      kill(sandbox->pid, SIGKILL);
      waitpid(sandbox->pid, nullptr, 0);
      sandbox->pid = 0;
    }
  }
  return result;
}

}  // namespace

StepResult Create(Sandbox* sandbox, uint32_t id, Message* message, const char** room) {
  *room = "plan";
  if (sandbox == nullptr || !IsFree(*sandbox) || message->fd_count < 1) {
    errno = EINVAL;
    return Fail("create");
  }
  const StepResult result = MoveTo(message->fds[0], kInitSocket);
  message->fds[0] = -1;
  return result.ok() ? Clone(sandbox, {id, message, false}, room) : result;
}

StepResult CreateBlank(Sandbox* sandbox, uint32_t id, const Message& message, const char** room) {
  *room = "plan";
  if (sandbox == nullptr || !IsFree(*sandbox)) {
    errno = EINVAL;
    return Fail("blank");
  }
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return Fail("socketpair");
  sandbox->rest = MoveHigh(ends[0]);
  const StepResult result = MoveTo(ends[1], kRestSocket);
  return result.ok() ? Clone(sandbox, {id, &message, true}, room) : result;
}

}  // namespace stratabox
