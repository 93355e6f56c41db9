// mount_namespaces(7): building the tree a sandbox sees. Paths are the plan's: host paths before Pivot, the sandbox's own after it.
#pragma once
#include <cstdint>

#include "linux/supervisor/status.h"

namespace stratabox {

StepResult PrivateMounts();
/** fsopen(2), fsconfig(2), fsmount(2) into a slot, attached nowhere yet. `options`: "key=value,flag". */
StepResult NewMount(int64_t slot, int64_t attributes, const char* type, char* options);
/** fspick(2): changes options of what is mounted at `path`. */
StepResult Reconfigure(const char* path, char* options);
/** How a tree is cloned: with all that is mounted below it; only when no part of its path is a link. */
constexpr int64_t kRecursive = 1, kNoLinks = 2;
/** open_tree(2) OPEN_TREE_CLONE into a slot, then mount_setattr(2): a private mount. `userns` >= 0 makes it idmapped. */
StepResult CloneTree(int64_t slot, int64_t how, uint64_t attributes, int userns, const char* path);
/** open(2) O_PATH into a slot. */
StepResult OpenPath(int64_t slot, const char* path);
/** move_mount(2) of a slot onto `target`, which is made when absent (kind 0 a directory, 1 a file, 2 must
 *  be there already, 3 a directory; with 2 and 3 a link on the way is ELOOP, with 0 and 1 a target in a procfs is EACCES). */
StepResult Attach(int64_t slot, int64_t kind, const char* target);
/** The same onto what another slot has open: no path, so no permission to walk one is needed. */
StepResult AttachAt(int64_t slot, int64_t target);
/** Attach that is Ok where there is no such target. */
StepResult AttachOver(int64_t slot, const char* target);
StepResult Enter(int64_t slot);
StepResult Overlay(int64_t flags, const char* target, const char* options);
/** pivot_root(2) into the working directory; nothing of the old tree stays reachable. */
StepResult Pivot();
StepResult SetAttributes(uint64_t attributes, bool recursive, const char* path);

/** mkdir -p, each part resolved below the current root and never through a link. */
StepResult MakePath(int64_t mode, const char* path);
StepResult MakeFile(int64_t mode, const char* path, const char* content, uint32_t size);
StepResult MakeWhiteout(const char* path);
StepResult WriteText(const char* path, const char* text, uint32_t size);

}  // namespace stratabox
