// Terminals for commands, from the sandbox's own devpts.
#pragma once
#include <sys/types.h>

#include <cstdint>

#include "linux/supervisor/status.h"

namespace stratabox {

struct Terminal {
  int master = -1;
  int slave = -1;

  void Close();
};

/** pts(4): opens a terminal that belongs to (uid, gid), of the given size. Both ends are close-on-exec, and nobody's controlling terminal yet. */
StepResult OpenTerminal(uid_t uid, gid_t gid, int64_t columns, int64_t rows, Terminal* terminal);

}  // namespace stratabox
