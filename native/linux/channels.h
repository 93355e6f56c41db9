// All channels of this process, and the one thread that reads, writes and closes them: Node's own thread never waits for the kernel here. (A sendmsg(2)
// wakes its reader on the sender's own core, which costs the sender up to a time slice.)
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "linux/socket-message.h"

namespace stratabox {

/** A message that has arrived, or the end of its channel. Empty bytes: it was malformed. */
struct Incoming {
  uint32_t channel;
  bool end;
  std::vector<char> bytes;
  std::vector<int> fds;
};

class Channels {
 public:
  /** Hands one to Node; false when Node is going away, and then it is not called again. */
  using Receiver = std::function<bool(std::unique_ptr<Incoming>)>;

  /** 0, or an errno. */
  int Start(Receiver receiver);
  /** Ends the thread and closes every channel. */
  void Stop();

  /** Takes a socket. Its number here, never used again: what a closed channel still delivers can be nobody else's. 0 and errno when it cannot be. */
  uint32_t Watch(int socket);
  /** Sends in order, when the socket takes it. False when the channel has ended. */
  bool Send(uint32_t id, Outgoing message);
  /** Closes the socket, after what was sent before. */
  void Close(uint32_t id);
  /** CloseReceived on the other thread. */
  void Discard(const std::vector<int>& fds);
  /** Node has had one message: as many as it has not had are held back, whoever floods. */
  void Consumed(uint32_t id);

 private:
  struct Channel {
    int socket;
    std::deque<Outgoing> outgoing;
    int undelivered = 0;
    bool held_back = false;  // not in the epoll set until Node has had what there is
    bool writable_awaited = false;
    bool ended = false;
    bool closing = false;
  };

  void Loop();
  bool Wake();
  void Post(uint32_t id);
  Channel* Find(uint32_t id);
  bool Read(uint32_t id, Channel* channel);
  void Flush(uint32_t id, Channel* channel);
  void Interest(int operation, uint32_t id, const Channel& channel);
  void Finish(uint32_t id, Channel* channel);

  Receiver receiver_;
  std::thread thread_;
  int events_ = -1;  // epoll(7)
  int wake_ = -1;    // eventfd(2): something was posted

  // Records are made and asked by Node's thread, and changed and removed by the other; each field that both use is used under the lock.
  std::mutex mutex_;
  std::unordered_map<uint32_t, Channel> channels_;
  std::vector<uint32_t> posted_;
  std::vector<int> discarded_;
  bool is_woken_ = false;
  bool is_stopping_ = false;
  bool is_sending_again_ = false;  // the thread's own: some message found too many descriptors under way
  uint32_t next_ = 1;
};

}  // namespace stratabox
