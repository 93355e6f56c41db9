// The file helper: one process per id mapping, inside a user namespace with that map, that reads and writes the files of any sandbox for Node.
#pragma once
#include "linux/supervisor/message.h"
#include "linux/supervisor/status.h"

namespace stratabox {

StepResult StartHelper(int socket);
void ReapHelpers();

/** One answer: ints and strings in `reply` after the errno, and perhaps a descriptor to pass on. */
struct FileAnswer {
  StepResult result;
  int fd = -1;      // passed on, then closed
  int memfd = -1;   // a whole message too long for a Writer
};

/** One request. The first of `fds` is the directory that paths are below; links in them lead nowhere else. */
FileAnswer FileRequest(const Step& step, const int* fds, int fd_count, uint32_t id, Writer* reply);

}  // namespace stratabox
