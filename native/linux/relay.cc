// splice(2), tcp(7), shutdown(2); a reset is socket(7) SO_LINGER of zero and close(2).
#include "linux/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stratabox {

namespace {

// Each slot of a pipe holds one fragment of a packet, often less than a page; where the user's share of pipe memory is used up it stays at 64 KiB.
constexpr int kPipeBytes = 1 << 20;
constexpr size_t kTurnBytes = 8 << 20;

bool IsLater() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

Relay::Relay(int a, int b, uint32_t group) : ends_{a, b}, group_(group) {}

Relay::~Relay() {
  for (const int fd : ends_) close(fd);
  for (const Way& way : ways_)
    for (const int fd : way.pipe)
      if (fd >= 0) close(fd);
}

bool Relay::Open() {
  for (Way& way : ways_) {
    if (pipe2(way.pipe, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    fcntl(way.pipe[1], F_SETPIPE_SZ, kPipeBytes);
  }
  return true;
}

Relay::Step Relay::RunWay(int from, size_t* moved) {
  Way& way = ways_[from];
  const int to = ends_[1 - from];
  Step step = Step::kStuck;
  if (!way.has_ended) {
    const ssize_t got = splice(ends_[from], nullptr, way.pipe[1], nullptr, kPipeBytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    // Later may mean that the socket has nothing, or that the pipe is full: what comes next is tried in either case.
    if (got < 0 && !IsLater()) return Step::kBroken;
    if (got >= 0) step = Step::kMoved;
    if (got == 0) way.has_ended = true;
    if (got > 0) way.held += static_cast<size_t>(got);
  }
  if (way.held > 0) {
    const ssize_t put = splice(way.pipe[0], nullptr, to, nullptr, way.held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (put < 0 && !IsLater()) return Step::kBroken;
    if (put > 0) {
      way.held -= static_cast<size_t>(put);
      *moved += static_cast<size_t>(put);
      step = Step::kMoved;
    }
  }
  if (way.has_ended && way.held == 0 && !way.is_shut) {
    way.is_shut = true;
    if (shutdown(to, SHUT_WR) != 0) return Step::kBroken;
    step = Step::kMoved;
  }
  return step;
}

void Relay::Reset() {
  const struct linger now = {1, 0};
  for (const int fd : ends_) setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

Relay::State Relay::Run() {
  for (size_t moved = 0;;) {
    bool has_moved = false;
    for (int from = 0; from < 2; from++) {
      const Step step = RunWay(from, &moved);
      if (step == Step::kBroken) {
        Reset();
        return State::kOver;
      }
      has_moved = has_moved || step == Step::kMoved;
    }
    if (ways_[0].is_shut && ways_[1].is_shut) return State::kOver;
    if (!has_moved) return State::kWaiting;
    if (moved >= kTurnBytes) return State::kMoreToDo;
  }
}

}  // namespace stratabox
