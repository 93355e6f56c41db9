// SOCK_SEQPACKET with file descriptors: sendmsg(2), recvmsg(2), unix(7).
#pragma once
#include "linux/supervisor/message.h"

namespace stratabox {

struct Message {
  char* data = nullptr;
  size_t size = 0;
  int fds[kMaxFds];
  int fd_count = 0;
  bool mapped = false;

  void CloseFds();
  /** Unmaps a message that came in a memfd. */
  void Release();
};

/** 1: a message, 0: end of file, -1: errno. Blocks. A truncated or malformed message is an empty one. The buffer is static: one message at a time. */
int Receive(int channel, Message* message);

/** False when the other side is gone or does not read. */
bool Send(int channel, const Writer& writer, const int* fds = nullptr, int fd_count = 0);

/** Sends bytes as they are. */
bool SendRaw(int channel, const void* data, size_t size, const int* fds, int fd_count);

/** Sends without waiting. False when the other side is gone, or has not read what was sent before. */
bool TrySend(int channel, const Writer& writer);

/** The same for an answer too long for a Writer: `head` names an op whose bytes stand in a memfd. */
bool SendMemfd(int channel, uint32_t id, int memfd);

}  // namespace stratabox
