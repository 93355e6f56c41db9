// The thread of all channels: epoll(7), eventfd(2).
#include "linux/channels.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stratabox {

namespace {

constexpr uint32_t kWakeId = 0;
constexpr int kUndeliveredMax = 64;
constexpr int kSendAgainMs = 10;

}  // namespace

int Channels::Start(Receiver receiver) {
  receiver_ = std::move(receiver);
  events_ = epoll_create1(EPOLL_CLOEXEC);
  if (events_ < 0) return errno;
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kWakeId;
  if (wake_ < 0 || epoll_ctl(events_, EPOLL_CTL_ADD, wake_, &event) != 0) return errno;
  thread_ = std::thread([this] { Loop(); });
  return 0;
}

void Channels::Stop() {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    is_stopping_ = true;
    Post(kWakeId);
  }
  thread_.join();
  for (auto& [id, channel] : channels_) {
    Drain(channel.socket);
    close(channel.socket);
  }
  channels_.clear();
  CloseReceived(discarded_);
  close(wake_);
  close(events_);
}

uint32_t Channels::Watch(int socket) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const uint32_t id = next_++;
  struct epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = id;
  channels_[id].socket = socket;
  if (epoll_ctl(events_, EPOLL_CTL_ADD, socket, &event) == 0) return id;
  const int error = errno;
  channels_.erase(id);
  errno = error;
  return 0;
}

bool Channels::Send(uint32_t id, Outgoing message) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto found = channels_.find(id);
  if (found == channels_.end() || found->second.ended || found->second.closing) return false;
  found->second.outgoing.push_back(std::move(message));
  Post(id);
  return true;
}

void Channels::Close(uint32_t id) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  found->second.closing = true;
  Post(id);
}

void Channels::Discard(const std::vector<int>& fds) {
  const std::lock_guard<std::mutex> guard(mutex_);
  discarded_.insert(discarded_.end(), fds.begin(), fds.end());
  Post(kWakeId);
}

void Channels::Consumed(uint32_t id) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  Channel& channel = found->second;
  if (--channel.undelivered == kUndeliveredMax / 2 && channel.held_back) Post(id);
}

/** Under the lock. */
void Channels::Post(uint32_t id) {
  posted_.push_back(id);
  const uint64_t one = 1;
  // Its counter cannot overflow: it is read before it is written again.
  if (!is_woken_) is_woken_ = write(wake_, &one, sizeof one) == sizeof one;
}

Channels::Channel* Channels::Find(uint32_t id) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto found = channels_.find(id);
  return found == channels_.end() ? nullptr : &found->second;
}

void Channels::Loop() {
  struct epoll_event ready[64];
  for (;;) {
    const int count = epoll_wait(events_, ready, 64, is_sending_again_ ? kSendAgainMs : -1);
    if (count < 0 && errno != EINTR) return;
    for (int k = 0; k < count; k++) {
      const uint32_t id = static_cast<uint32_t>(ready[k].data.u64);
      if (id == kWakeId) {
        if (!Wake()) return;
        continue;
      }
      Channel* channel = Find(id);
      if (channel == nullptr) continue;
      if ((ready[k].events & EPOLLOUT) != 0) Flush(id, channel);
      if ((ready[k].events & ~EPOLLOUT) != 0 && !Read(id, channel)) return;
    }
    if (count == 0 && is_sending_again_) {
      is_sending_again_ = false;
      const std::lock_guard<std::mutex> guard(mutex_);
      for (const auto& [id, channel] : channels_)
        if (!channel.outgoing.empty()) Post(id);
    }
  }
}

/** What Node's thread has posted. False when the thread shall end. */
bool Channels::Wake() {
  uint64_t count;
  std::vector<uint32_t> posted;
  std::vector<int> discarded;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (read(wake_, &count, sizeof count) < 0 && errno != EAGAIN) return false;
    is_woken_ = false;
    posted.swap(posted_);
    discarded.swap(discarded_);
    if (is_stopping_) return false;
  }
  CloseReceived(discarded);
  for (const uint32_t id : posted) {
    Channel* channel = Find(id);
    if (channel == nullptr) continue;
    Flush(id, channel);
    std::unique_lock<std::mutex> guard(mutex_);
    const bool closing = channel->closing;
    if (channel->held_back && !channel->ended && channel->undelivered <= kUndeliveredMax / 2) {
      channel->held_back = false;
      Interest(EPOLL_CTL_ADD, id, *channel);
    }
    guard.unlock();
    if (closing) Finish(id, channel);
  }
  return true;
}

/** Sends what the socket takes. */
void Channels::Flush(uint32_t id, Channel* channel) {
  int error = 0;
  for (;;) {
    std::unique_lock<std::mutex> guard(mutex_);
    if (channel->outgoing.empty()) break;
    // Only this thread removes, and a deque that grows moves nothing.
    const Outgoing& first = channel->outgoing.front();
    guard.unlock();
    error = SendOne(channel->socket, first);
    if (error == EAGAIN || error == ETOOMANYREFS) break;
    guard.lock();
    // Closed without the lock: a descriptor's close may wait.
    const Outgoing sent = std::move(channel->outgoing.front());
    channel->outgoing.pop_front();
    guard.unlock();
    // Whoever waits for an answer must see that there will be none: the reading half meets the end now.
    if (error != 0) shutdown(channel->socket, SHUT_RDWR);
  }
  // unix(7): as many descriptors are on their way as this user may have open. They arrive, and no event tells.
  if (error == ETOOMANYREFS) is_sending_again_ = true;
  const bool awaited = error == EAGAIN;
  if (awaited == channel->writable_awaited) return;
  channel->writable_awaited = awaited;
  if (!channel->held_back && !channel->ended) Interest(EPOLL_CTL_MOD, id, *channel);
}

/** One message, or the end. False when Node is going away. */
bool Channels::Read(uint32_t id, Channel* channel) {
  auto incoming = std::make_unique<Incoming>();
  const Received received = ReceiveOne(channel->socket, &incoming->bytes, &incoming->fds);
  if (received == Received::kNothing) return true;
  incoming->channel = id;
  incoming->end = received == Received::kEnd;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    channel->ended = incoming->end;
    channel->held_back = ++channel->undelivered >= kUndeliveredMax || incoming->end;
    if (channel->held_back) Interest(EPOLL_CTL_DEL, id, *channel);
  }
  return receiver_(std::move(incoming));
}

void Channels::Interest(int operation, uint32_t id, const Channel& channel) {
  struct epoll_event event = {};
  event.events = EPOLLIN | (channel.writable_awaited ? static_cast<uint32_t>(EPOLLOUT) : 0u);
  event.data.u64 = id;
  epoll_ctl(events_, operation, channel.socket, &event);
}

void Channels::Finish(uint32_t id, Channel* channel) {
  const int socket = channel->socket;
  std::deque<Outgoing> unsent;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    unsent.swap(channel->outgoing);
    channels_.erase(id);
  }
  Drain(socket);
  close(socket);
}

}  // namespace stratabox
