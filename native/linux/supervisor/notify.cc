// seccomp_unotify(2). The answer is always an errno and never SECCOMP_USER_NOTIF_FLAG_CONTINUE: what a call's pointers lead to can change
// after it was looked at, so letting one go on would decide nothing.
#include "linux/supervisor/notify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "linux/supervisor/channel.h"

namespace stratabox {

namespace {

struct Listener {
  int fd;
  int error;
};
struct Denial {
  int64_t number;
  int64_t count;
};

constexpr int kDenials = 32;
// What is past the table is told without its number.
constexpr int64_t kOther = -1;
constexpr int64_t kQuietMs = 100;
// The kernel writes its own size of the structure, which a newer one may have enlarged.
constexpr size_t kNotificationMax = 1024;

// In .bss and filled from the front: a sandbox without such a filter touches none of it.
Listener listeners[kListeners];
int listener_count = 0;
Denial denials[kDenials];
int denial_count = 0;
int64_t reported_at = 0;

int64_t NowMs() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void Count(int64_t number) {
  for (int k = 0; k < denial_count; k++) {
    if (denials[k].number != number) continue;
    denials[k].count++;
    return;
  }
  if (denial_count == kDenials) {
    denials[kDenials - 1] = {kOther, denials[kDenials - 1].count + 1};
    return;
  }
  denials[denial_count] = {number, 1};
  denial_count++;
}

void Answer(const Listener& listener) {
  alignas(8) char bytes[kNotificationMax] = {};
  struct seccomp_notif* call = reinterpret_cast<struct seccomp_notif*>(bytes);
  // ENOENT: its process was killed meanwhile.
  if (ioctl(listener.fd, SECCOMP_IOCTL_NOTIF_RECV, call) != 0) return;
  struct seccomp_notif_resp reply = {};
  reply.id = call->id;
  reply.error = -listener.error;
  ioctl(listener.fd, SECCOMP_IOCTL_NOTIF_SEND, &reply);
  Count(call->data.nr);
}

}  // namespace

bool HasRoomForListener() {
  return listener_count < kListeners;
}

void TakeListener(int listener, int error) {
  listeners[listener_count++] = {listener, error};
}

int ListenersToPoll(struct pollfd* out) {
  for (int k = 0; k < listener_count; k++) out[k] = {listeners[k].fd, POLLIN, 0};
  return listener_count;
}

void AnswerCalls(const struct pollfd* polled, int count) {
  // From the back, so that closing one, which moves the last into its place, leaves those still to come where they are.
  for (int k = count - 1; k >= 0; k--) {
    if ((polled[k].revents & POLLIN) != 0) Answer(listeners[k]);
    else if ((polled[k].revents & (POLLHUP | POLLERR)) != 0) {
      close(listeners[k].fd);
      listeners[k] = listeners[--listener_count];
    }
  }
}

void ReportDenials(int socket) {
  if (denial_count == 0) return;
  const int64_t now = NowMs();
  if (now - reported_at < kQuietMs) return;
  reported_at = now;
  while (denial_count > 0) {
    const Denial& last = denials[denial_count - 1];
    // Node is busy: it hears of it later, and meanwhile everybody gets an answer.
    if (!TrySend(socket, Writer(0, kDenied).Int(last.number).Int(last.count))) return;
    denial_count--;
  }
}

const struct timespec* ReportDue(struct timespec* out) {
  if (denial_count == 0) return nullptr;
  const int64_t left = reported_at + kQuietMs - NowMs();
  const int64_t wait = left > 0 ? left : 0;
  *out = {wait / 1000, (wait % 1000) * 1000000};
  return out;
}

}  // namespace stratabox
