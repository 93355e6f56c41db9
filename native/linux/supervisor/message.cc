// Reading and writing messages.
#include "linux/supervisor/message.h"

namespace stratabox {

bool Reader::Take(void* out, size_t size) {
  if (static_cast<size_t>(end_ - at_) < size) return false;
  memcpy(out, at_, size);
  at_ += size;
  return true;
}

bool Reader::Id(uint32_t* id) {
  uint32_t zero;
  return Take(id, sizeof *id) && Take(&zero, sizeof zero);
}

bool Reader::Next(Step* step) {
  uint16_t head[4];
  if (!Take(head, sizeof head) || head[1] > kMaxInts || head[2] > kMaxStrings) return false;
  step->op = head[0];
  step->ints = head[1];
  step->strings = head[2];
  if (!Take(step->i, sizeof(int64_t) * head[1])) return false;
  for (int k = head[1]; k < kMaxInts; k++) step->i[k] = 0;
  for (int k = 0; k < head[2]; k++) {
    uint32_t length;
    if (!Take(&length, sizeof length) || static_cast<size_t>(end_ - at_) < static_cast<size_t>(length) + 1 || at_[length] != 0) return false;
    step->s[k] = at_;
    step->n[k] = length;
    at_ += static_cast<size_t>(length) + 1;
  }
  return true;
}

Writer::Writer(uint32_t id, Op op) {
  const uint32_t zero = 0;
  const uint16_t head[4] = {op, 0, 0, 0};
  Put(&id, sizeof id);
  Put(&zero, sizeof zero);
  Put(head, sizeof head);
}

void Writer::Put(const void* data, size_t size) {
  if (sizeof buffer_ - size_ < size) {
    full_ = true;
    return;
  }
  memcpy(buffer_ + size_, data, size);
  size_ += size;
}

void Writer::Count(size_t at) {
  uint16_t count;
  memcpy(&count, buffer_ + at, sizeof count);
  count++;
  memcpy(buffer_ + at, &count, sizeof count);
}

Writer& Writer::Int(int64_t value) {
  Count(10);
  Put(&value, sizeof value);
  return *this;
}

Writer& Writer::Bytes(const void* data, size_t size) {
  const uint32_t length = static_cast<uint32_t>(size);
  if (sizeof buffer_ - size_ < size + sizeof length + 1) {
    full_ = true;
    return *this;
  }
  Count(12);
  Put(&length, sizeof length);
  Put(data, size);
  Put("", 1);
  return *this;
}

}  // namespace stratabox
