// What the supervisor is to the host: root with a leased range of ids, or an ordinary user in an outer namespace of its own.
#pragma once
#include <sys/types.h>

#include "linux/supervisor/message.h"
#include "linux/supervisor/status.h"

namespace stratabox {

/** kConfigure. For sub-ids it asks Node to run newuidmap(1) and waits for the answer on `channel`. */
StepResult Configure(int channel, uint32_t id, const Step& step);
/** A user namespace below that of `parent_userns`, mapping (uid, gid) to its root: an fd, or -1 and why. */
int NestedUserns(int parent_userns, uint32_t uid, uint32_t gid, StepResult* failure);

}  // namespace stratabox
