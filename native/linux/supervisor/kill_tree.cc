// Ending one command and what descends from it: proc_pid_stat(5). Repeated until a pass finds nobody, so a process that forks meanwhile is caught.
#include "linux/supervisor/kill_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace stratabox {

namespace {

struct Process {
  pid_t pid, parent, session;
  unsigned long long started;
  char state;
  bool member;
};
constexpr int kProcesses = 8192;
Process processes[kProcesses];

bool ReadStat(const char* name, Process* out) {
  char path[300], text[512];
  snprintf(path, sizeof path, "/proc/%s/stat", name);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  if (got <= 0) return false;
  text[got] = 0;
  // The name stands in brackets and may hold any byte, so the fields are counted from the last bracket.
  const char* fields = strrchr(text, ')');
  if (fields == nullptr) return false;
  out->pid = atoi(name);
  return sscanf(fields + 1, " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &out->state, &out->parent,
                &out->session, &out->started) == 4;
}

int ListProcesses() {
  const int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return 0;
  int count = 0;
  alignas(8) char buffer[4096];
  for (;;) {
    const long got = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
    if (got <= 0) break;
    for (long at = 0; at < got && count < kProcesses;) {
      const struct dirent64* entry = reinterpret_cast<struct dirent64*>(buffer + at);
      at += entry->d_reclen;
      if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
      processes[count].member = false;
      if (ReadStat(entry->d_name, &processes[count]) && processes[count].pid != 1) count++;
    }
  }
  close(fd);
  return count;
}

/** Whoever traces a process is told of its end first, and may keep its parent from ever hearing of it: the tracer ends too. */
void KillTracer(pid_t pid) {
  char path[64], text[2048];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  text[got > 0 ? got : 0] = 0;
  const char* line = strstr(text, "\nTracerPid:");
  const int tracer = line == nullptr ? 0 : atoi(line + strlen("\nTracerPid:"));
  if (tracer > 1) kill(tracer, SIGKILL);
}

}  // namespace

void KillTree(pid_t leader, bool alone) {
  unsigned long long since = ~0ULL;
  for (int pass = 0; pass < 100; pass++) {
    const int count = ListProcesses();
    for (int k = 0; k < count; k++)
      if (processes[k].pid == leader && pass == 0) since = processes[k].started;
    bool grown = true;
    while (grown) {
      grown = false;
      for (int k = 0; k < count; k++) {
        Process& one = processes[k];
        if (one.member) continue;
        bool joins = one.pid == leader || one.session == leader || (alone && one.parent == 1 && one.started >= since);
        for (int m = 0; !joins && m < count; m++) joins = processes[m].member && processes[m].pid == one.parent;
        if (joins) one.member = grown = true;
      }
    }
    int alive = 0;
    for (int k = 0; k < count; k++) {
      if (!processes[k].member) continue;
      if (processes[k].state != 'Z') {
        kill(processes[k].pid, SIGKILL);
        alive++;
      }
      KillTracer(processes[k].pid);
    }
    if (alive == 0) return;
    // Where there is much to do they get no time to end in.
    if (pass > 10) usleep(500);
  }
}

}  // namespace stratabox
