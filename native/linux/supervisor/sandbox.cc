// The supervisor's half of a sandbox: groups, trees of the host, the clone, and what is removed at the end.
#include "linux/supervisor/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/supervisor/fds.h"
#include "linux/supervisor/init.h"
#include "linux/supervisor/mnt.h"
#include "linux/supervisor/plan.h"
#include "linux/supervisor/remove_tree.h"

namespace stratabox {

int idmap_userns = -1;

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

static StepResult Remember(Sandbox* sandbox, bool is_tree, const char* path) {
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
  *sandbox = Sandbox();
}

namespace {

struct Preparation {
  uint64_t namespaces = 0;
  int group_fd = -1;
  const char* procs_files[16];
  int procs_count = 0;
  int64_t oom_score = kKeepOomScore;
};

struct Child {
  uint32_t id;
  const Message* message;
};

StepResult Prepare(Sandbox* sandbox, const Step& step, Preparation* out) {
  const char* path = step.text(0);
  switch (step.op) {
    case kMakeGroup: {
      if (mkdir(path, 0755) != 0) return Fail("mkdir", path);
      return Remember(sandbox, false, path);
    }
    case kRemoveAtEnd: return Remember(sandbox, true, path);
    case kWriteFile: return WriteText(path, step.text(1), step.n[1]);
    case kAttachGroup: {
      if (out->procs_count == 16) {
        errno = EINVAL;
        return Fail("attach", path);
      }
      out->procs_files[out->procs_count++] = path;
      return Ok();
    }
    case kIntoGroup: {
      if (out->group_fd >= 0) close(out->group_fd);
      out->group_fd = MoveHigh(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      return Check(out->group_fd >= 0, "open", path);
    }
    case kNamespaces: {
      out->namespaces = static_cast<uint64_t>(step.i[0]);
      return Ok();
    }
    case kOomScore: {
      out->oom_score = step.i[0];
      return Ok();
    }
    case kOpenTree: return CloneTree(step.i[0], step.i[1], static_cast<uint64_t>(step.i[3]), step.i[2] != 0 ? idmap_userns : -1, path);
    default: return Ok();
  }
}

void Body(void* argument) {
  const Child* child = static_cast<const Child*>(argument);
  RunSandbox(child->id, child->message->data, child->message->size);
}

/** Whether nothing is kept for its number: the last one of it was closed. */
bool IsFree(const Sandbox& sandbox) {
  return sandbox.pid == 0 && sandbox.pidfd < 0 && sandbox.userns < 0 && sandbox.cleanup_count == 0;
}

bool SlotsInRange(const Step& step) {
  switch (step.op) {
    case kAttachAt: return IsSlot(step.i[0]) && IsSlot(step.i[1]);
    case kOpenHere: case kOpenTree: case kNewMount: case kAttach: case kAttachOver: case kEnter: case kTree: return IsSlot(step.i[0]);
    default: return true;
  }
}

}  // namespace

StepResult Create(Sandbox* sandbox, uint32_t id, Message* message, const char** room) {
  Reader reader(message->data, message->size);
  uint32_t ignored;
  Step step;
  Preparation preparation;
  StepResult result;
  *room = "plan";
  if (sandbox == nullptr || !IsFree(*sandbox) || message->fd_count < 1 || !reader.Id(&ignored)) {
    errno = EINVAL;
    return Fail("create");
  }
  result = MoveTo(message->fds[0], kInitSocket);
  message->fds[0] = -1;
  while (result.ok() && reader.Next(&step)) {
    *room = RoomOf(step.op);
    if (!SlotsInRange(step)) {
      errno = EBADF;
      result = Fail("slot");
    } else {
      result = Prepare(sandbox, step, &preparation);
    }
  }
  if (result.ok()) {
    *room = "user";
    Child child = {id, message};
    result = CloneMapped(preparation.namespaces, preparation.group_fd, preparation.procs_files, preparation.procs_count, preparation.oom_score,
                         Body, &child, &sandbox->pid, &sandbox->userns, &sandbox->netns);
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

}  // namespace stratabox
