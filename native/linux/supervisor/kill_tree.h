// Ending one command and what descends from it, when others run in the same sandbox.
#pragma once
#include <sys/types.h>

namespace stratabox {

/** SIGKILL to `leader`, its descendants, everything in its session, and whoever traces one of these.
 *  `alone`: no other command runs, so orphans started after it are its own too. */
void KillTree(pid_t leader, bool alone);

}  // namespace stratabox
