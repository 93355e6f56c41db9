// Starting one command inside: vfork(2)-like clone(2), ids, capabilities, filter, execve(2).
#include "linux/supervisor/exec.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/supervisor/rooms.h"
#include "linux/supervisor/sanitizer.h"
#include "linux/supervisor/terminal.h"

namespace stratabox {

namespace {

struct Command {
  const Step* request;
  const int* fds;
  int fd_count;
  char** argv;
  char** envp;
  StepResult failure;
  int listener = -1;
};

constexpr size_t kInlinePointers = 1024;
char* inline_pointers[kInlinePointers];
alignas(64) char stack[64 * 1024];

size_t CountStrings(const char* block, uint32_t size) {
  size_t count = 0;
  for (uint32_t k = 0; k < size; k++) count += block[k] == 0;
  return count;
}

char** Point(char** out, const char* block, uint32_t size) {
  for (uint32_t at = 0; at < size; at += static_cast<uint32_t>(strlen(block + at)) + 1) *out++ = const_cast<char*>(block + at);
  *out++ = nullptr;
  return out;
}

StepResult Limit(int resource, int64_t value) {
  if (value < 0) return Ok();
  struct rlimit now = {};
  if (getrlimit(static_cast<__rlimit_resource>(resource), &now) != 0) return Fail("getrlimit");
  // Lowering is always allowed; above the hard limit the hard limit is what can be had.
  const rlim_t wanted = static_cast<rlim_t>(value) < now.rlim_max ? static_cast<rlim_t>(value) : now.rlim_max;
  const struct rlimit next = {wanted, wanted};
  return Check(setrlimit(static_cast<__rlimit_resource>(resource), &next) == 0, "setrlimit");
}

StepResult Stdio(const Command& command) {
  const Step& request = *command.request;
  int next = 0;
  if ((request.i[3] & kNullStdin) != 0) {
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0) return Fail("open", "/dev/null");
    if (dup2(null, 0) < 0) return Fail("dup2", "stdin");
    close(null);
  } else if (dup2(command.fds[next++], 0) < 0) {
    return Fail("dup2", "stdin");
  }
  if (dup2(command.fds[next], 1) < 0) return Fail("dup2", "stdout");
  if (dup2(command.fds[next + 1], 2) < 0) return Fail("dup2", "stderr");
  if ((request.i[3] & kTerminal) != 0 && ioctl(0, TIOCSCTTY, 0) != 0) return Fail("ioctl", "TIOCSCTTY");
  return Ok();
}

StepResult Identity(const Command& command) {
  const Step& request = *command.request;
  const uid_t uid = static_cast<uid_t>(request.i[0]);
  const gid_t gid = static_cast<gid_t>(request.i[1]);
  if ((request.i[3] & kInUserns) != 0) {
    if (setns(command.fds[command.fd_count - 1], CLONE_NEWUSER) != 0) return Fail("setns", "user");
    // Who enters a user namespace gets every capability in it, the bounding set included.
    const StepResult limited = LimitBounding(static_cast<uint64_t>(request.i[2]));
    if (!limited.ok()) return limited;
  }
  if ((request.i[3] & kSetGroups) != 0) {
    gid_t groups[64];
    const size_t bytes = request.n[4] < sizeof groups ? request.n[4] : sizeof groups;
    memcpy(groups, request.text(4), bytes);
    if (syscall(SYS_setgroups, bytes / sizeof(gid_t), groups) != 0) return Fail("setgroups");
  }
  if (syscall(SYS_setresgid, gid, gid, gid) != 0) return Fail("setresgid");
  if (syscall(SYS_setresuid, uid, uid, uid) != 0) return Fail("setresuid");
  // After the ids: a change away from 0 has cleared the sets, and from 0 to 0 it has not.
  return uid == 0 ? SetCapabilities(static_cast<uint64_t>(request.i[2])) : SetCapabilities(0);
}

int64_t FilterFlags(const Step& request) {
  return request.ints > 11 ? request.i[11] : 0;
}

StepResult Filter(Command& command) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Fail("prctl", "PR_SET_NO_NEW_PRIVS");
  const uint32_t size = command.request->strings > 5 ? command.request->n[5] : 0;
  if (size == 0) return Ok();
  struct sock_fprog program = {};
  program.len = static_cast<unsigned short>(size / sizeof(struct sock_filter));
  program.filter = reinterpret_cast<struct sock_filter*>(const_cast<char*>(command.request->text(5)));
  const int64_t flags = FilterFlags(*command.request);
  const long made = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (made >= 0 && (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) command.listener = static_cast<int>(made);
  return Check(made >= 0, "seccomp");
}

/** execvpe(3) over the sandbox's own PATH: the first that runs; EACCES is remembered over ENOENT. */
StepResult Execute(const Command& command) {
  const char* name = command.argv[0];
  if (strchr(name, '/') != nullptr) {
    execve(name, command.argv, command.envp);
    return Fail("execve", name);
  }
  char path[4096];
  int remembered = ENOENT;
  const size_t name_length = strlen(name);
  for (const char* at = command.request->text(3);;) {
    const char* end = strchrnul(at, ':');
    const size_t length = static_cast<size_t>(end - at);
    if (length > 0 && length + name_length + 2 < sizeof path) {
      memcpy(path, at, length);
      path[length] = '/';
      memcpy(path + length + 1, name, name_length + 1);
      execve(path, command.argv, command.envp);
      if (errno == EACCES) remembered = EACCES;
      else if (errno != ENOENT && errno != ENOTDIR) return Fail("execve", name);
    }
    if (*end == 0) break;
    at = end + 1;
  }
  errno = remembered;
  return Fail("execve", name);
}

/** Shares PID 1's memory, which stands still meanwhile: system calls only. */
int Child(void* argument) {
  Command& command = *static_cast<Command*>(argument);
  const Step& request = *command.request;
  sigset_t none;
  sigemptyset(&none);
  StepResult result;
  if (setsid() < 0) result = Fail("setsid");
  if (result.ok()) result = Stdio(command);
  if (result.ok()) result = Limit(RLIMIT_NOFILE, request.i[5]);
  if (result.ok()) result = Limit(RLIMIT_FSIZE, request.i[6]);
  if (result.ok()) result = Limit(RLIMIT_CORE, request.i[7]);
  if (result.ok() && request.ints > 14) result = Limit(RLIMIT_DATA, request.i[13]);
  if (result.ok() && request.ints > 14) result = Limit(RLIMIT_NPROC, request.i[14]);
  umask(static_cast<mode_t>(request.i[8]));
  if (result.ok()) result = Identity(command);
  // After the ids, so that a directory this user may not enter is refused.
  if (result.ok() && chdir(request.text(0)) != 0) result = Fail("chdir", request.text(0));
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // From here on execve(2) and exit_group(2) alone: whatever else the filter hands over would wait for PID 1, which waits for this process.
  if (result.ok()) result = Filter(command);
  if (result.ok()) result = Execute(command);
  command.failure = result;
  _exit(127);
}

}  // namespace

pid_t Spawn(const Step& request, const int* fds, int fd_count, Spawned* out, StepResult* failure) {
  *out = {-1, -1};
  const bool has_terminal = (request.i[3] & kTerminal) != 0;
  const int needed = 2 + (!has_terminal && (request.i[3] & kNullStdin) == 0) + ((request.i[3] & kInUserns) != 0);
  if (request.ints < 9 || request.strings < 6 || fd_count != needed || request.n[1] == 0 || request.s[1][request.n[1] - 1] != 0 ||
      (request.n[2] > 0 && request.s[2][request.n[2] - 1] != 0)) {
    errno = EINVAL;
    *failure = Fail("spawn");
    return -1;
  }
  const size_t pointers = CountStrings(request.s[1], request.n[1]) + CountStrings(request.s[2], request.n[2]) + 2;
  char** table = inline_pointers;
  if (pointers > kInlinePointers) {
    void* mapped = mmap(nullptr, pointers * sizeof(char*), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
      *failure = Fail("mmap");
      return -1;
    }
    table = static_cast<char**>(mapped);
  }
  Terminal terminal;
  int stdio[4];
  if (has_terminal) {
    // In a namespace of its own the command's user is this one's root.
    const bool is_nested = (request.i[3] & kInUserns) != 0;
    *failure = OpenTerminal(is_nested ? 0 : static_cast<uid_t>(request.i[0]), is_nested ? 0 : static_cast<gid_t>(request.i[1]), request.i[9],
                            request.i[10], &terminal);
    if (!failure->ok()) {
      if (table != inline_pointers) munmap(table, pointers * sizeof(char*));
      return -1;
    }
    stdio[0] = stdio[1] = stdio[2] = terminal.slave;
    if (is_nested) stdio[3] = fds[2];
    fds = stdio;
    fd_count = 3 + is_nested;
  }
  Command command = {&request, fds, fd_count, table, nullptr, {}, -1};
  command.envp = Point(table, request.s[1], request.n[1]);
  Point(command.envp, request.s[2], request.n[2]);
  // A listener is made in the child and needed here, and after the filter nothing may be sent: so the table is shared, until execve(2) splits it.
  const bool is_shared = (FilterFlags(request) & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
  const int null = is_shared ? fcntl(0, F_DUPFD_CLOEXEC, 3) : -1;
  const pid_t pid = clone(Child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | (is_shared ? CLONE_FILES : 0) | SIGCHLD, &command);
  if (pid < 0) command.failure = Fail("clone");
  if (is_shared) {
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    close(null);
    if (command.failure.ok()) out->listener = command.listener;
    else if (command.listener >= 0) close(command.listener);
  }
  ForgetFrames(stack, sizeof stack);
  if (table != inline_pointers) munmap(table, pointers * sizeof(char*));
  *failure = command.failure;
  if (failure->ok()) {
    out->master = terminal.master;
    terminal.master = -1;
  }
  terminal.Close();
  return failure->ok() ? pid : -1;
}

}  // namespace stratabox
