// PID 1 of a sandbox: pid_namespaces(7). It stays in the supervisor's image (no exec), keeps one socket, and trusts nothing inside.
#include "linux/supervisor/init.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/supervisor/blank.h"
#include "linux/supervisor/channel.h"
#include "linux/supervisor/exec.h"
#include "linux/supervisor/fds.h"
#include "linux/supervisor/kill_tree.h"
#include "linux/supervisor/notify.h"
#include "linux/supervisor/plan.h"
#include "linux/supervisor/pump.h"
#include "linux/supervisor/rooms.h"

namespace stratabox {

int hand_out_root = -1;
int hand_out_upper = -1;

namespace {

struct Run {
  uint32_t request;
  pid_t pid;
};
// In .bss and filled from the front, so an idle sandbox touches none of it.
constexpr int kRuns = 4096;
Run runs[kRuns];
int run_count = 0;
constexpr struct timespec kHungPause = {0, 100 * 1000 * 1000};
struct pollfd polled[1 + kListeners + kMaxPumps * kPollsPerPump];

/** How long to wait for something to happen: `due` (nullptr: for ever), or less where a terminal must be tried again. */
const struct timespec* Sooner(const struct timespec* due) {
  if (!IsPumpHung() || (due != nullptr && due->tv_sec == 0 && due->tv_nsec < kHungPause.tv_nsec)) return due;
  return &kHungPause;
}

void Noop(int) {}

void SendFailure(uint32_t id, Op op, const StepResult& failure, const char* room) {
  Send(kInitSocket, Writer(id, op).Int(failure.error).Text(failure.syscall).Text(room).Text(failure.path));
}

int64_t Micros(const struct timeval& time) {
  return time.tv_sec * 1000000LL + time.tv_usec;
}

void Reap() {
  for (;;) {
    int status;
    struct rusage usage;
    const pid_t pid = static_cast<pid_t>(wait4(-1, &status, WNOHANG, &usage));
    if (pid <= 0) return;
    for (int k = 0; k < run_count; k++) {
      if (runs[k].pid != pid) continue;
      Send(kInitSocket, Writer(runs[k].request, kExit).Int(status).Int(Micros(usage.ru_utime)).Int(Micros(usage.ru_stime)).Int(usage.ru_maxrss * 1024LL));
      EndLeader(runs[k].request);
      runs[k] = runs[--run_count];
      break;
    }
  }
}

void StartCommand(uint32_t request, const Step& step, Message& message) {
  StepResult failure;
  if (run_count == kRuns || ((step.i[3] & kTerminal) != 0 && !HasRoomForPump())) {
    errno = EAGAIN;
    SendFailure(request, kSpawnFailed, Fail("spawn"), "exec");
    return;
  }
  if (!HasRoomForListener()) {
    errno = EMFILE;
    SendFailure(request, kSpawnFailed, Fail("seccomp"), "exec");
    return;
  }
  Spawned spawned;
  const pid_t pid = Spawn(step, message.fds, message.fd_count, &spawned, &failure);
  if (spawned.listener >= 0) TakeListener(spawned.listener, static_cast<int>(step.i[12]));
  if (pid < 0) {
    SendFailure(request, kSpawnFailed, failure, "exec");
    return;
  }
  runs[run_count++] = {request, pid};
  Send(kInitSocket, Writer(request, kSpawned).Int(pid));
  if (spawned.master < 0) return;
  AddPump(request, spawned.master, message.fds[0], message.fds[1]);
  message.fds[0] = message.fds[1] = -1;
}

void SignalRun(const Step& step) {
  for (int k = 0; k < run_count; k++) {
    if (runs[k].request != static_cast<uint32_t>(step.i[0])) continue;
    const int signal = static_cast<int>(step.i[1]);
    if (step.i[2] != 0) KillTree(runs[k].pid, run_count == 1);
    else kill(runs[k].pid, signal);
  }
}

void RunSteps(uint32_t id, const char* plan, size_t size) {
  Reader reader(plan, size);
  uint32_t ignored;
  Step step;
  reader.Id(&ignored);
  while (reader.Next(&step)) {
    const StepResult result = RunChildStep(step);
    if (result.ok()) continue;
    SendFailure(id, kFailed, result, RoomOf(step.op));
    _exit(1);
  }
}

/** False at end of file: Node is gone, or closed the sandbox. */
bool Serve() {
  Message message;
  if (Receive(kInitSocket, &message) <= 0) return false;
  Reader reader(message.data, message.size);
  uint32_t id;
  Step step;
  if (reader.Id(&id) && reader.Next(&step)) {
    if (step.op == kSpawn) StartCommand(id, step, message);
    else if (step.op == kSignal) SignalRun(step);
    else if (step.op == kResize) ResizeTerminal(static_cast<uint32_t>(step.i[0]), step.i[1], step.i[2]);
    else if (step.op == kSignalAll) kill(-1, static_cast<int>(step.i[0]));
  }
  message.CloseFds();
  message.Release();
  return true;
}

}  // namespace

[[noreturn]] void RunSandbox(uint32_t id, const char* plan, unsigned long size, bool is_blank) {
  if (is_blank) prctl(PR_SET_NAME, "stratabox-blank", 0, 0, 0);
  RunSteps(id, plan, size);
  if (is_blank) {
    Message rest;
    // What was made ahead and is not wanted any more ends with the supervisor's end of the socket, or by its signal.
    if (Receive(kRestSocket, &rest) <= 0 || !TakeSlots(rest)) _exit(0);
    RunSteps(id, rest.data, rest.size);
  }
  // What the supervisor ignores would stay ignored across execve(2), and commands must find every default.
  for (const int number : kIgnoredSignals) signal(number, SIG_DFL);
  sigset_t all, all_but_child;
  sigfillset(&all);
  all_but_child = all;
  sigdelset(&all_but_child, SIGCHLD);
  // A handler, because init ignores what it has none for; blocked, so that it runs in ppoll only and none is lost.
  struct sigaction action = {};
  action.sa_handler = Noop;
  sigaction(SIGCHLD, &action, nullptr);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  // In this order: hand-outs are open, now nobody inside may look into PID 1, and last the death signal, which changing ids would have cleared.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_NAME, "stratabox-init", 0, 0, 0);
  const StepResult armed = DieWithParent(kInitSocket);
  if (!armed.ok()) _exit(1);
  int fds[2];
  int count = 0;
  if (hand_out_root >= 0) fds[count++] = hand_out_root;
  if (hand_out_upper >= 0) fds[count++] = hand_out_upper;
  if (!Send(kInitSocket, Writer(id, kReady).Int(hand_out_root >= 0).Int(hand_out_upper >= 0), fds, count)) _exit(1);
  // Everything but stdin, stdout, stderr (all /dev/null) and the socket.
  syscall(SYS_close_range, 3, kInitSocket - 1, 0);
  syscall(SYS_close_range, kInitSocket + 1, ~0U, 0);
  for (;;) {
    polled[0] = {kInitSocket, POLLIN, 0};
    const int listening = ListenersToPoll(polled + 1);
    struct pollfd* const pumped = polled + 1 + listening;
    const int pumping = PumpPolls(pumped);
    struct timespec due;
    ppoll(polled, static_cast<nfds_t>(1 + listening + pumping), Sooner(ReportDue(&due)), &all_but_child);
    // Before anything that starts another pump.
    RunPumps(pumped);
    Reap();
    AnswerCalls(polled + 1, listening);
    ReportDenials(kInitSocket);
    if (polled[0].revents != 0 && !Serve()) _exit(0);
  }
}

}  // namespace stratabox
