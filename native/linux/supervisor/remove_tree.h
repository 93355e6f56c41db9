// rm -r, never through a link.
#pragma once
#include "linux/supervisor/status.h"

namespace stratabox {

StepResult RemoveTree(int dir_fd, const char* path);

}  // namespace stratabox
