// clone3(2) into new namespaces, with a table of descriptors that is split only after the clone: its cost does not grow with live sandboxes.
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/supervisor/fds.h"
#include "linux/supervisor/mnt.h"
#include "linux/supervisor/sandbox.h"

namespace stratabox {

IdMap id_map;

namespace {

// One page that the supervisor and the child of the moment share: two flags to wait on.
struct Rendezvous {
  uint32_t split;   // the child has its own descriptor table
  uint32_t mapped;  // the supervisor has written the id maps
};
Rendezvous* rendezvous = nullptr;

void Raise(uint32_t* flag) {
  __atomic_store_n(flag, 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, flag, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

/** Waits for a flag; false when `pid` (0: nobody) ended before it was raised. */
bool Await(uint32_t* flag, pid_t pid) {
  while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0) {
    const struct timespec step = {0, 50 * 1000 * 1000};
    syscall(SYS_futex, flag, FUTEX_WAIT, 0, &step, nullptr, 0);
    siginfo_t info = {};
    if (pid != 0 && waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
      return __atomic_load_n(flag, __ATOMIC_ACQUIRE) != 0;
  }
  return true;
}

/** The map that gives a namespace below the own one all the ids of that one, as they are: line by line, since no line may span two of the parent's. */
StepResult IdentityMap(const char* file, char* out, size_t size) {
  FILE* own = fopen(file, "re");
  if (own == nullptr) return Fail("open", file);
  unsigned inside, outside, length;
  size_t at = 0;
  while (at + 40 < size && fscanf(own, "%u %u %u", &inside, &outside, &length) == 3)
    at += static_cast<size_t>(snprintf(out + at, size - at, "%u %u %u\n", inside, inside, length));
  fclose(own);
  errno = EINVAL;
  return Check(at > 0, "read", file);
}

StepResult WriteMap(pid_t pid, const char* file, const char* text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  const StepResult result = WriteText(path, text, static_cast<uint32_t>(strlen(text)));
  return result.ok() ? Ok() : StepResult{result.error, result.syscall, file};
}

StepResult OpenNamespace(pid_t pid, const char* file, int* out) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  *out = open(path, O_RDONLY | O_CLOEXEC);
  return Check(*out >= 0, "open", file);
}

}  // namespace

StepResult WriteMaps(pid_t pid, const IdMap& map) {
  // An ordinary user's outer namespace never changes its maps once it has them, so they are read once.
  static char uids[1024], gids[1024];
  StepResult result;
  if (uids[0] == 0) {
    if (map.mode == 0) {
      snprintf(uids, sizeof uids, "0 %u %u\n", map.base, map.count);
      memcpy(gids, uids, sizeof gids);
    } else {
      result = IdentityMap("/proc/self/uid_map", uids, sizeof uids);
      if (result.ok()) result = IdentityMap("/proc/self/gid_map", gids, sizeof gids);
    }
  }
  if (result.ok()) result = WriteMap(pid, "uid_map", uids);
  return result.ok() ? WriteMap(pid, "gid_map", gids) : result;
}

StepResult CloneMapped(uint64_t namespaces, int group_fd, int64_t oom_score, void (*body)(void*), void* argument, pid_t* pid, int* userns,
                       int* netns) {
  if (rendezvous == nullptr) {
    void* page = mmap(nullptr, sizeof(Rendezvous), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return Fail("mmap");
    rendezvous = static_cast<Rendezvous*>(page);
  }
  *rendezvous = {0, 0};
  struct clone_args args = {};
  args.flags = namespaces | CLONE_NEWUSER | CLONE_FILES | (group_fd >= 0 ? CLONE_INTO_CGROUP : 0);
  args.exit_signal = SIGCHLD;
  args.cgroup = group_fd >= 0 ? static_cast<uint64_t>(group_fd) : 0;
  const pid_t child = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
  if (child < 0) return Fail("clone3");
  if (child == 0) {
    // First of all, so that a supervisor that dies now takes this half-made child with it; changing ids clears it, and PID 1 arms it again.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    syscall(SYS_close_range, kHigh, ~0U, CLOSE_RANGE_UNSHARE);
    Raise(&rendezvous->split);
    Await(&rendezvous->mapped, 0);
    body(argument);
    _exit(0);
  }
  StepResult result = WriteMaps(child, id_map);
  if (result.ok() && oom_score != kKeepOomScore) {
    char path[64], text[16];
    snprintf(path, sizeof path, "/proc/%d/oom_score_adj", child);
    snprintf(text, sizeof text, "%d", static_cast<int>(oom_score));
    result = WriteText(path, text, static_cast<uint32_t>(strlen(text)));
  }
  // Opened straight into the high numbers' place only after the split: until then the table is the child's too, and it keeps no low number.
  if (result.ok() && userns != nullptr) result = OpenNamespace(child, "ns/user", userns);
  if (result.ok() && netns != nullptr && (namespaces & CLONE_NEWNET) != 0) result = OpenNamespace(child, "ns/net", netns);
  if (!result.ok()) kill(child, SIGKILL);
  else Raise(&rendezvous->mapped);
  // Until the child has its own table, nothing may change in the common one.
  Await(&rendezvous->split, child);
  if (userns != nullptr) *userns = MoveHigh(*userns);
  if (netns != nullptr) *netns = MoveHigh(*netns);
  *pid = child;
  if (!result.ok()) waitpid(child, nullptr, 0);
  return result;
}

}  // namespace stratabox
