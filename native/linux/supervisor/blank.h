// A child made ahead of its sandbox: in its namespaces already, it waits for the rest of its plan.
#pragma once
#include "linux/supervisor/channel.h"

namespace stratabox {

/** In the child: puts the descriptors that came with the rest where its steps look for them. False for a message that does not fit its steps. */
bool TakeSlots(const Message& rest);

}  // namespace stratabox
