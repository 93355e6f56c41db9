// rm -r, never through a link.
#pragma once
#include <cstdint>

#include "linux/supervisor/status.h"

namespace stratabox {

/** Whether something is mounted on a name. The kernel refuses to take such a name away only from inside the mount's own namespace; from outside it
 *  would take the mount away too. */
bool IsMount(int directory, const char* name);

/** Removes `path` and what is below it. After `budget` names it stops with EAGAIN, and goes on when it is called again. */
StepResult RemoveTree(int dir_fd, const char* path, int64_t budget = INT64_MAX);

}  // namespace stratabox
