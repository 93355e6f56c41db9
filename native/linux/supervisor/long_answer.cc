// Long answers: memfd_create(2).
#include "linux/supervisor/long_answer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "linux/supervisor/protocol.h"

namespace stratabox {

LongAnswer::~LongAnswer() { free(data); }

void LongAnswer::Begin(uint32_t id) {
  const uint32_t head[2] = {id, 0};
  Put(head, sizeof head);
}

void LongAnswer::Put(const void* bytes, size_t count) {
  if (size + count > room_) {
    room_ = (size + count) * 2;
    char* more = static_cast<char*>(realloc(data, room_));
    if (more == nullptr) _exit(1);
    data = more;
  }
  if (count > 0) memcpy(data + size, bytes, count);
  size += count;
}

void LongAnswer::Text(const void* bytes, size_t count) {
  const uint32_t length = static_cast<uint32_t>(count);
  Put(&length, sizeof length);
  Put(bytes, count);
  Put("", 1);
}

void LongAnswer::Numbered(int64_t number, const void* bytes, size_t count) {
  const uint16_t head[4] = {kFsReply, 1, 1, 0};
  Put(head, sizeof head);
  Put(&number, sizeof number);
  Text(bytes, count);
}

int LongAnswer::Memfd(StepResult* failure) const {
  const int fd = memfd_create("stratabox-answer", MFD_CLOEXEC);
  if (fd < 0 || write(fd, data, size) != static_cast<ssize_t>(size)) {
    *failure = {fd < 0 ? errno : ENOMEM, "memfd_create", ""};
    if (fd >= 0) close(fd);
    return -1;
  }
  lseek(fd, 0, SEEK_SET);
  return fd;
}

}  // namespace stratabox
