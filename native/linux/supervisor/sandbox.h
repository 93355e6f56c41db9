// The supervisor's record of each sandbox: what must be ended and removed.
#pragma once
#include <sys/types.h>

#include <cstdint>

#include "linux/supervisor/channel.h"
#include "linux/supervisor/status.h"

namespace stratabox {

struct Cleanup {
  bool is_tree;  // a scratch directory; otherwise a control group
  char* path;
};

struct Sandbox {
  pid_t pid = 0;
  int pidfd = -1;
  int userns = -1;
  int netns = -1;  // none where the network is the host's
  int rest = -1;   // where a child made ahead waits for the rest of its plan
  bool closing = false;
  Cleanup* cleanups = nullptr;
  int cleanup_count = 0;
};

/** How ids inside map to ids outside: one line of user_namespaces(7) "uid_map" for users, one for groups. */
struct IdMap {
  int64_t mode = 2;  // 0 a range (root host), 1 sub-ids, 2 a single id
  uint32_t base = 0, count = 1, uid = 0, gid = 0;
};
extern IdMap id_map;

constexpr uint32_t kMaxSandboxes = 65536;
constexpr int64_t kKeepOomScore = -9999;

/** The record for an id, made when absent; nullptr past kMaxSandboxes. */
Sandbox* At(uint32_t id);
uint32_t SandboxCount();

/** Carries out the supervisor's half of the plan and clones the child, which gets the message's first descriptor. On failure nothing of it is left but
 *  what Remove takes away. */
StepResult Create(Sandbox* sandbox, uint32_t id, Message* message, const char** room);
/** The same with the first part of a plan only, and without a descriptor: the child waits for the rest. */
StepResult CreateBlank(Sandbox* sandbox, uint32_t id, const Message& message, const char** room);
/** Carries out the supervisor's half of the rest, and passes it to the child with the message's first descriptor. */
StepResult Resume(Sandbox* sandbox, Message* message, const char** room);
/** Makes a directory tree one of what Remove takes away; of a record without a process, that is all there is. */
void RemoveAtEnd(Sandbox* sandbox, const char* path);
/** The same for a directory tree, or for a control group. */
StepResult Remember(Sandbox* sandbox, bool is_tree, const char* path);
/** Removes groups and directories. Only after the last process of the sandbox is gone. */
void Remove(Sandbox* sandbox);
/** clone3(2) with the given namespaces and the id map written; the child runs `body`. Used for sandboxes and for the file helper.
 *  `userns` and `netns` get fds of its namespaces: taken while the child is still dumpable, later an ordinary user could not. */
StepResult CloneMapped(uint64_t namespaces, int group_fd, int64_t oom_score, void (*body)(void*), void* argument, pid_t* pid,
                       int* userns = nullptr, int* netns = nullptr);
/** Writes a user namespace's maps for the process `pid` in it. */
StepResult WriteMaps(pid_t pid, const IdMap& map);

}  // namespace stratabox
