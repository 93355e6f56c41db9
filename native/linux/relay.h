// Two connected sockets whose bytes are passed on both ways by splice(2): they go through a pipe and are not copied.
#pragma once
#include <cstddef>
#include <cstdint>

namespace stratabox {

/** One published connection. Takes both sockets, which must be non-blocking. */
class Relay {
 public:
  enum class State { kWaiting, kMoreToDo, kOver };

  Relay(int a, int b, uint32_t group);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /** Makes the pipes: false and errno when it cannot. */
  bool Open();
  /** Passes on what can be, up to a bound, so that others get their turn. Never blocks. After kOver nothing is left to do. */
  State Run();
  int socket(int side) const { return ends_[side]; }
  uint32_t group() const { return group_; }

 private:
  struct Way {
    int pipe[2] = {-1, -1};
    size_t held = 0;          // bytes in the pipe
    bool has_ended = false;   // end of file was read
    bool is_shut = false;     // and passed on
  };
  enum class Step { kMoved, kStuck, kBroken };

  Step RunWay(int from, size_t* moved);
  /** Both peers get a reset: what was broken here is not taken for an end of file there. */
  void Reset();

  int ends_[2];
  Way ways_[2];
  uint32_t group_;
};

}  // namespace stratabox
