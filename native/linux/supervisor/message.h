// Reading and writing messages: no allocation, every length checked.
#pragma once
#include <cstring>

#include "linux/supervisor/protocol.h"

namespace stratabox {

constexpr int kMaxInts = 16;
constexpr int kMaxStrings = 8;

struct Step {
  uint16_t op = 0;
  int ints = 0;
  int strings = 0;
  int64_t i[kMaxInts] = {};
  const char* s[kMaxStrings] = {};
  uint32_t n[kMaxStrings] = {};

  const char* text(int index) const { return index < strings ? s[index] : ""; }
};

class Reader {
 public:
  Reader(const void* data, size_t size) : at_(static_cast<const char*>(data)), end_(at_ + size) {}
  bool Id(uint32_t* id);
  /** False at the end, and for anything malformed. */
  bool Next(Step* step);

 private:
  bool Take(void* out, size_t size);
  const char* at_;
  const char* end_;
};

class Writer {
 public:
  Writer(uint32_t id, Op op);
  Writer& Int(int64_t value);
  Writer& Text(const char* text) { return Bytes(text, strlen(text)); }
  Writer& Bytes(const void* data, size_t size);
  const char* data() const { return buffer_; }
  size_t size() const { return size_; }
  /** Whether something did not fit. */
  bool full() const { return full_; }

 private:
  void Put(const void* data, size_t size);
  void Count(size_t at);
  char buffer_[8 * 1024];
  size_t size_ = 0;
  bool full_ = false;
};

}  // namespace stratabox
