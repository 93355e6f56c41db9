// unix(7): sendmsg(2) with SCM_RIGHTS.
#include "linux/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stratabox {

namespace {

int SendNow(int channel, const void* data, size_t size, const std::vector<int>& fds) {
  struct iovec vector = {const_cast<void*>(data), size};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * kOutgoingFdMax)];
  struct msghdr header = {};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    struct cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    memcpy(CMSG_DATA(part), fds.data(), sizeof(int) * fds.size());
  }
  return sendmsg(channel, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : 0;
}

void CloseAll(const std::vector<int>& fds) {
  for (const int fd : fds) close(fd);
}

void CloseAll(const std::deque<Outgoing>& queue) {
  for (const Outgoing& one : queue) CloseAll(one.fds);
}

}  // namespace

bool Interest(int events, int operation, int channel, unsigned what) {
  struct epoll_event event = {};
  event.events = what;
  event.data.fd = channel;
  return epoll_ctl(events, operation, channel, &event) == 0;
}

int Outbox::Send(int events, int channel, const void* data, size_t size, const std::vector<int>& fds) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (!waiting_.contains(channel)) {
    const int error = SendNow(channel, data, size, fds);
    if (error != EAGAIN) return error;
    // Not watched: its end was seen.
    if (!Interest(events, EPOLL_CTL_MOD, channel, EPOLLIN | EPOLLOUT)) return EPIPE;
  }
  std::deque<Outgoing>& queue = waiting_[channel];
  Outgoing& one = queue.emplace_back();
  one.bytes.assign(static_cast<const char*>(data), static_cast<const char*>(data) + size);
  for (const int fd : fds) {
    // The caller closes its own meanwhile, and the number could soon be another file's.
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
      const int error = errno;
      CloseAll(one.fds);
      queue.pop_back();
      return error;
    }
    one.fds.push_back(copy);
  }
  return 0;
}

void Outbox::Flush(int events, int channel) {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::deque<Outgoing>& queue = waiting_[channel];
  while (!queue.empty()) {
    const Outgoing& one = queue.front();
    const int error = SendNow(channel, one.bytes.data(), one.bytes.size(), one.fds);
    if (error == EAGAIN) return;
    if (error != 0) break;
    CloseAll(one.fds);
    queue.pop_front();
  }
  CloseAll(queue);
  waiting_.erase(channel);
  Interest(events, EPOLL_CTL_MOD, channel, EPOLLIN);
}

void Outbox::Drop(int channel) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto queue = waiting_.find(channel);
  if (queue == waiting_.end()) return;
  CloseAll(queue->second);
  waiting_.erase(queue);
}

void Outbox::DropAll() {
  const std::lock_guard<std::mutex> guard(mutex_);
  for (const auto& [channel, queue] : waiting_) CloseAll(queue);
  waiting_.clear();
}

}  // namespace stratabox
