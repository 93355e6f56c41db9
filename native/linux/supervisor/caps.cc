// capabilities(7).
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/supervisor/rooms.h"

namespace stratabox {

StepResult SetCapabilities(uint64_t mask) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const uint32_t low = static_cast<uint32_t>(mask), high = static_cast<uint32_t>(mask >> 32);
  // Nothing inheritable (CVE-2022-24769): a file's own inheritable set must not bring anything back.
  const struct __user_cap_data_struct sets[2] = {{low, low, 0}, {high, high, 0}};
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return Fail("prctl", "PR_CAP_AMBIENT_CLEAR_ALL");
  return Check(syscall(SYS_capset, &header, sets) == 0, "capset");
}

StepResult LimitBounding(uint64_t bounding) {
  for (int cap = 0; cap < 64; cap++) {
    if ((bounding >> cap & 1) != 0) continue;
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
      if (errno == EINVAL) break;  // past the last one this kernel knows
      return Fail("prctl", "PR_CAPBSET_DROP");
    }
  }
  return Ok();
}

StepResult DropCapabilities(uint64_t bounding, uint64_t own) {
  const StepResult limited = LimitBounding(bounding);
  return limited.ok() ? SetCapabilities(own) : limited;
}

}  // namespace stratabox
