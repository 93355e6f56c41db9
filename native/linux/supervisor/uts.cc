// uts_namespaces(7).
#include <unistd.h>

#include "linux/supervisor/rooms.h"

namespace stratabox {

StepResult SetHostname(const char* name, uint32_t size) {
  return Check(sethostname(name, size) == 0, "sethostname", name);
}

}  // namespace stratabox
