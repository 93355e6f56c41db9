// The plan: a flat list of steps, done in the order written. The first half is the supervisor's, the second the child's.
#pragma once
#include "linux/supervisor/message.h"
#include "linux/supervisor/status.h"

namespace stratabox {

/** One step of the child. Steps that are the supervisor's are passed over. */
StepResult RunChildStep(const Step& step);

/** A user namespace over the same ids as the sandboxes', for idmapped mounts; -1 before there is one. */
extern int idmap_userns;

/** The room a step belongs to, as errors name it. */
const char* RoomOf(uint16_t op);

}  // namespace stratabox
