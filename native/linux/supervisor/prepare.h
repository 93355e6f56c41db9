// The supervisor's half of a plan: groups, trees of the host, and what the clone must know.
#pragma once
#include "linux/supervisor/sandbox.h"

namespace stratabox {

/** What the clone takes from the plan. */
struct Preparation {
  uint64_t namespaces = 0;
  int group_fd = -1;
  int64_t oom_score = kKeepOomScore;
};

/** One step; those of the child are passed over. */
StepResult Prepare(Sandbox* sandbox, const Step& step, Preparation* out);
/** All steps of a message, and of those of the child whether their slots exist. */
StepResult PrepareAll(Sandbox* sandbox, const Message& message, Preparation* out, const char** room);
/** Whether the slots that a step names exist. */
bool SlotsInRange(const Step& step);

}  // namespace stratabox
