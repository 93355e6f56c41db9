// The supervisor's half of a plan.
#include "linux/supervisor/prepare.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/supervisor/fds.h"
#include "linux/supervisor/mnt.h"
#include "linux/supervisor/plan.h"

namespace stratabox {

int idmap_userns = -1;

StepResult Prepare(Sandbox* sandbox, const Step& step, Preparation* out) {
  const char* path = step.text(0);
  switch (step.op) {
    case kMakeGroup: {
      if (mkdir(path, 0755) != 0) return Fail("mkdir", path);
      return Remember(sandbox, false, path);
    }
    case kRemoveAtEnd: return Remember(sandbox, true, path);
    case kWriteFile: return WriteText(path, step.text(1), step.n[1]);
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

bool SlotsInRange(const Step& step) {
  switch (step.op) {
    case kAttachAt: return IsSlot(step.i[0]) && IsSlot(step.i[1]);
    case kOpenHere: case kOpenTree: case kNewMount: case kAttach: case kAttachOver: case kEnter: case kTree: return IsSlot(step.i[0]);
    default: return true;
  }
}

StepResult PrepareAll(Sandbox* sandbox, const Message& message, Preparation* out, const char** room) {
  Reader reader(message.data, message.size);
  uint32_t ignored;
  Step step;
  StepResult result;
  if (!reader.Id(&ignored)) return {EINVAL, "plan", ""};
  while (result.ok() && reader.Next(&step)) {
    *room = RoomOf(step.op);
    result = SlotsInRange(step) ? Prepare(sandbox, step, out) : StepResult{EBADF, "slot", ""};
  }
  return result;
}

}  // namespace stratabox
