// The contents of many small files in one answer: a request and a descriptor for each would cost several times what reading it does.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "linux/supervisor/file_open.h"
#include "linux/supervisor/long_answer.h"

namespace stratabox {

namespace {

// Of one file, and of a whole answer; what is over either is left to kFsOpen.
constexpr size_t kFileMax = 64u << 10, kAnswerMax = 4u << 20;

char content[kFileMax + 1];

/** The content in `content`, or an errno. */
int ReadWhole(const Base& base, const char* path, size_t* size) {
  StepResult failure;
  const Fd fd(OpenForNode(base, path, O_RDONLY | O_NOFOLLOW, 0, 0, 0, &failure));
  if (fd.number < 0) return failure.error;
  for (*size = 0; *size < sizeof content;) {
    const ssize_t got = read(fd.number, content + *size, sizeof content - *size);
    if (got < 0) return errno;
    if (got == 0) return 0;
    *size += static_cast<size_t>(got);
  }
  return EFBIG;
}

}  // namespace

int ReadFiles(const Base& base, const char* paths, size_t length, uint32_t id, StepResult* failure) {
  LongAnswer out;
  out.Begin(id);
  for (const char* path = paths; path < paths + length && out.size < kAnswerMax; path += strlen(path) + 1) {
    size_t size = 0;
    const int error = ReadWhole(base, path, &size);
    out.Numbered(error, content, error == 0 ? size : 0);
  }
  return out.Memfd(failure);
}

}  // namespace stratabox
