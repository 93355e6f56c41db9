// user_namespaces(7): the supervisor's own place, and a namespace for a command that runs as somebody else under a single-id map.
#include "linux/supervisor/outer.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/supervisor/channel.h"
#include "linux/supervisor/fds.h"
#include "linux/supervisor/mnt.h"
#include "linux/supervisor/plan.h"
#include "linux/supervisor/sandbox.h"

namespace stratabox {

static StepResult WriteLine(const char* path, const char* format, unsigned a, unsigned b) {
  char text[64];
  const int length = snprintf(text, sizeof text, format, a, b);
  return WriteText(path, text, static_cast<uint32_t>(length));
}

/** Maps one id to another for the calling process's own namespace. */
static StepResult MapSelf(unsigned inside_uid, unsigned outside_uid, unsigned inside_gid, unsigned outside_gid) {
  // Before gid_map (CVE-2014-8989): nobody may drop a group to get past a permission that forbids it.
  StepResult result = WriteText("/proc/self/setgroups", "deny", 4);
  if (result.ok()) result = WriteLine("/proc/self/uid_map", "%u %u 1\n", inside_uid, outside_uid);
  if (result.ok()) result = WriteLine("/proc/self/gid_map", "%u %u 1\n", inside_gid, outside_gid);
  return result;
}

/** A user namespace with the sandboxes' map and nobody in it, for idmapped mounts (mount_setattr(2)). */
static StepResult MakeIdmapNamespace() {
  struct Nothing {
    static void Wait(void*) {
      for (;;) pause();
    }
  };
  pid_t pid;
  const StepResult made = CloneMapped(0, -1, kKeepOomScore, Nothing::Wait, nullptr, &pid, &idmap_userns);
  if (!made.ok()) return made;
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return Ok();
}

StepResult Configure(int channel, uint32_t id, const Step& step) {
  id_map.mode = step.i[0];
  id_map.base = static_cast<uint32_t>(step.i[1]);
  id_map.count = static_cast<uint32_t>(step.i[2]);
  id_map.uid = static_cast<uint32_t>(step.i[3]);
  id_map.gid = static_cast<uint32_t>(step.i[4]);
  if (id_map.mode == 0) return MakeIdmapNamespace();
  if (unshare(CLONE_NEWUSER) != 0) return Fail("unshare", "user");
  if (id_map.mode == 2) {
    const StepResult mapped = MapSelf(0, id_map.uid, 0, id_map.gid);
    if (!mapped.ok()) return mapped;
  } else {
    Send(channel, Writer(id, kNeedsMap).Int(getpid()));
    Message message;
    if (Receive(channel, &message) != 1) {
      errno = EPIPE;
      return Fail("newuidmap");
    }
    message.CloseFds();
    message.Release();
  }
  if (setresgid(0, 0, 0) != 0) return Fail("setresgid");
  return Check(setresuid(0, 0, 0) == 0, "setresuid");
}

int NestedUserns(int parent_userns, uint32_t uid, uint32_t gid, StepResult* failure) {
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) {
    *failure = Fail("pipe2");
    return -1;
  }
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    StepResult result = Check(setns(parent_userns, CLONE_NEWUSER) == 0, "setns", "user");
    if (result.ok()) result = Check(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0, "setresuid");
    // Entering a namespace, and changing ids, makes a process non-dumpable, and then it may not write its own maps.
    if (result.ok()) result = Check(unshare(CLONE_NEWUSER) == 0, "unshare", "user");
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (result.ok()) result = MapSelf(uid, 0, gid, 0);
    if (write(ready[1], &result.error, sizeof result.error) < 0) _exit(1);
    for (;;) pause();
  }
  close(ready[1]);
  int error = EPIPE;
  if (pid < 0 || read(ready[0], &error, sizeof error) != sizeof error) error = error == 0 ? EPIPE : error;
  close(ready[0]);
  int fd = -1;
  if (error == 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) error = errno;
  }
  if (pid > 0) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  errno = error;
  if (fd < 0) *failure = Fail("userns");
  return fd;
}

}  // namespace stratabox
