// unix(7): sendmsg(2) with SCM_RIGHTS.
#include "linux/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

int Outbox::Send(int channel, const void* data, size_t size, const std::vector<int>& fds, bool* waits) {
  const std::lock_guard<std::mutex> guard(mutex_);
  *waits = false;
  const auto queue = waiting_.find(channel);
  if (queue == waiting_.end()) {
    const int error = SendNow(channel, data, size, fds);
    if (error != EAGAIN) return error;
  }
  Outgoing one;
  one.bytes.assign(static_cast<const char*>(data), static_cast<const char*>(data) + size);
  for (const int fd : fds) {
    // The caller closes its own meanwhile, and the number could soon be another file's.
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
      const int error = errno;
      CloseAll(one.fds);
      return error;
    }
    one.fds.push_back(copy);
  }
  waiting_[channel].push_back(std::move(one));
  *waits = true;
  return 0;
}

bool Outbox::Flush(int channel) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto queue = waiting_.find(channel);
  if (queue == waiting_.end()) return false;
  while (!queue->second.empty()) {
    const Outgoing& one = queue->second.front();
    const int error = SendNow(channel, one.bytes.data(), one.bytes.size(), one.fds);
    if (error == EAGAIN) return true;
    if (error != 0) break;
    CloseAll(one.fds);
    queue->second.pop_front();
  }
  CloseAll(queue->second);
  waiting_.erase(queue);
  return false;
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
