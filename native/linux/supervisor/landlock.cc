// landlock(7).
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/supervisor/rooms.h"

namespace stratabox {

namespace {

// linux/landlock.h of Linux 6.12; older headers lack members. The kernel takes a longer structure as long as what it does not know is zero.
struct RulesetAttributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};
struct __attribute__((packed)) PathBeneath {
  uint64_t allowed_access;
  int32_t parent_fd;
};
constexpr int kRulePathBeneath = 1;
constexpr int kCreateRulesetVersion = 1;
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;

}  // namespace

int LandlockAbi() {
  const long abi = syscall(kCreateRuleset, nullptr, 0, kCreateRulesetVersion);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

StepResult ConfineTo(uint64_t access, uint64_t scoped, const char* root) {
  const RulesetAttributes attributes = {access, 0, scoped};
  const int ruleset = static_cast<int>(syscall(kCreateRuleset, &attributes, sizeof attributes, 0));
  if (ruleset < 0) return Fail("landlock_create_ruleset");
  StepResult result;
  if (access != 0) {
    const PathBeneath rule = {access, open(root, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0) result = Fail("open", root);
    if (result.ok()) result = Check(syscall(kAddRule, ruleset, kRulePathBeneath, &rule, 0) == 0, "landlock_add_rule", root);
    if (rule.parent_fd >= 0) close(rule.parent_fd);
  }
  if (result.ok()) result = Check(syscall(kRestrictSelf, ruleset, 0) == 0, "landlock_restrict_self");
  close(ruleset);
  return result;
}

}  // namespace stratabox
