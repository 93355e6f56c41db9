// One function for each small kernel concern of the child.
#pragma once
#include <sys/types.h>

#include <cstdint>

#include "linux/supervisor/status.h"

namespace stratabox {

/** user_namespaces(7): becomes root inside; with `groups`, drops the supplementary ones. */
StepResult SetIds(bool groups);
/** cgroups(7): joins a v1 group, by its tasks file or by the descriptor of one that came for it. */
StepResult JoinGroup(const char* tasks_file);
/** Takes the place of the next tasks file that is asked for. */
void PassGroup(int fd);
/** uts_namespaces(7): the hostname the sandboxed processes see. */
StepResult SetHostname(const char* name, uint32_t size);
/** network_namespaces(7), netdevice(7): lo up. */
StepResult LoopbackUp();
/** capabilities(7): what the children may have at most, and what PID 1 itself keeps. */
StepResult DropCapabilities(uint64_t bounding, uint64_t own);
/** capabilities(7): takes what is not in the mask out of the bounding set. */
StepResult LimitBounding(uint64_t mask);
/** keyctl(2): leaves the session keyring that came with the host's login. Ok on a kernel without keyrings. */
StepResult LeaveKeyring();
/** landlock(7): the ABI of this kernel, 0 for none. */
int LandlockAbi();
/** landlock(7): from now on the rights `access` exist below `root` only, and `scoped` holds. Inherited by every child. */
StepResult ConfineTo(uint64_t access, uint64_t scoped, const char* root);
/** The three sets of the calling thread to one mask, the ambient set to nothing. */
StepResult SetCapabilities(uint64_t mask);
/** prctl(2) PR_SET_PDEATHSIG, then a look whether the parent died before it was armed. */
StepResult DieWithParent(int alive_fd);

}  // namespace stratabox
