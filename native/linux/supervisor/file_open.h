// Opening for Node: what a request may get as a descriptor, and whose a new file is.
#pragma once
#include <unistd.h>

#include <cstdint>

#include "linux/supervisor/files.h"

namespace stratabox {

/** Owns a descriptor. */
struct Fd {
  int number;
  explicit Fd(int fd) : number(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (number >= 0) close(number);
  }
};

/** While it lives, what is created belongs to a user of the sandbox: there is no moment at which it is root's. setfsuid(2), setfsgid(2). */
class InNameOf {
 public:
  InNameOf(int64_t uid, int64_t gid);
  ~InNameOf();
  /** EINVAL for ids that the sandbox does not have. */
  StepResult result;
};

/** An open regular file or directory; -1 and why. Nothing else: a FIFO or device would let a sandbox block, or feed, whoever reads it. */
int OpenForNode(const Base& base, const char* path, uint64_t flags, uint64_t mode, int64_t uid, int64_t gid, StepResult* failure);

}  // namespace stratabox
