// An answer of many steps, put together in memory and sent as a memfd: u32 id, u32 zero, then kFsReply steps.
#pragma once
#include <cstddef>
#include <cstdint>

#include "linux/supervisor/status.h"

namespace stratabox {

class LongAnswer {
 public:
  ~LongAnswer();
  /** Before the first step. */
  void Begin(uint32_t id);
  void Put(const void* bytes, size_t count);
  /** One string of a step. */
  void Text(const void* bytes, size_t count);
  /** A step of one int and one string. */
  void Numbered(int64_t number, const void* bytes, size_t count);
  /** All of it as a memfd, which is the caller's; -1 and why. */
  int Memfd(StepResult* failure) const;

  char* data = nullptr;
  size_t size = 0;

 private:
  size_t room_ = 0;
};

}  // namespace stratabox
