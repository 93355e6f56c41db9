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

/** What waits, by channel. Used by Node's thread and by the one that watches the channels. */
class Outbox {
 public:
  /** Sends, or queues behind what waits already: 0, or an errno. Queued descriptors are duplicates; `*waits` says that somebody must call Flush when
   *  the channel is writable. */
  int Send(int channel, const void* data, size_t size, const std::vector<int>& fds, bool* waits);
  /** Sends what now can be. False when nothing waits any more (an error of the socket drops it: its reader sees the end). */
  bool Flush(int channel);
  /** Forgets what waits on a channel that is given up. */
  void Drop(int channel);
  void DropAll();

 private:
  std::mutex mutex_;
  std::map<int, std::deque<Outgoing>> waiting_;
};

/** How many descriptors one message may carry. */
constexpr size_t kOutgoingFdMax = 16;

}  // namespace stratabox
