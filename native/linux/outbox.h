// Messages that a full socket did not take: sendmsg(2) must neither block Node nor fail because the other side is slow.
#pragma once
#include <deque>
#include <map>
#include <mutex>
#include <vector>

namespace stratabox {

/** One message and the descriptors that go with it. */
struct Outgoing {
  std::vector<char> bytes;
  std::vector<int> fds;
};

/** What waits, by channel. Used by Node's thread and by the one that watches the channels, whose epoll(7) set is `events`: what it watches for changes
 *  under the same lock as the queue, or a message could wait for a socket that nobody watches. */
class Outbox {
 public:
  /** Sends, or queues behind what waits already. 0, or an errno. Queued descriptors are duplicates. */
  int Send(int events, int channel, const void* data, size_t size, const std::vector<int>& fds);
  /** Sends what now can be. An error of the socket drops it all: its reader sees the end. */
  void Flush(int events, int channel);
  /** Forgets what waits on a channel that is given up. */
  void Drop(int channel);
  void DropAll();

 private:
  std::mutex mutex_;
  std::map<int, std::deque<Outgoing>> waiting_;
};

/** epoll_ctl(2) on a channel. */
bool Interest(int events, int operation, int channel, unsigned what);

/** How many descriptors one message may carry. */
constexpr size_t kOutgoingFdMax = 16;

}  // namespace stratabox
