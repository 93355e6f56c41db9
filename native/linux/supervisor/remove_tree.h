// rm -r, never through a link.
#pragma once
#include <cstdint>

#include "linux/supervisor/status.h"

namespace stratabox {

/** Removes `path` and what is below it. After `budget` names it stops with EAGAIN, and goes on when it is called again. */
StepResult RemoveTree(int dir_fd, const char* path, int64_t budget = INT64_MAX);

}  // namespace stratabox
