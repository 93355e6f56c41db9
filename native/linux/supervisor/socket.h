// Sockets of a sandbox's network namespace, made from outside: nothing that runs inside has a part in it.
#pragma once
#include "linux/supervisor/status.h"

namespace stratabox {

/** A TCP socket, close-on-exec and non-blocking, of the network namespace `netns`; -1 and why. network_namespaces(7). */
int SocketInside(int netns, bool is_ipv6, StepResult* failure);

}  // namespace stratabox
