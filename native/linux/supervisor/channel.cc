// SOCK_SEQPACKET with file descriptors: sendmsg(2), recvmsg(2), unix(7).
#include "linux/supervisor/channel.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stratabox {

// In .bss: pages that no message reaches are never touched, so an idle PID 1 does not pay for them.
static char inline_buffer[kInlineMax];

void Message::CloseFds() {
  for (int k = 0; k < fd_count; k++)
    if (fds[k] >= 0) close(fds[k]);
  fd_count = 0;
}

void Message::Release() {
  if (mapped) munmap(data, size);
  mapped = false;
  data = nullptr;
  size = 0;
}

/** Replaces a kInMemfd message by what stands in its first fd. */
static void Unfold(Message* message) {
  Reader reader(message->data, message->size);
  uint32_t id;
  Step step;
  if (!reader.Id(&id) || !reader.Next(&step) || step.op != kInMemfd || message->fd_count < 1) return;
  struct stat info;
  void* mapped = MAP_FAILED;
  if (fstat(message->fds[0], &info) == 0 && info.st_size > 0 && info.st_size < (1 << 28))
    mapped = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ | PROT_WRITE, MAP_PRIVATE, message->fds[0], 0);
  close(message->fds[0]);
  message->fd_count--;
  memmove(message->fds, message->fds + 1, sizeof(int) * static_cast<size_t>(message->fd_count));
  message->size = 0;
  if (mapped == MAP_FAILED) return;
  message->data = static_cast<char*>(mapped);
  message->size = static_cast<size_t>(info.st_size);
  message->mapped = true;
}

int Receive(int channel, Message* message) {
  struct iovec vector = {inline_buffer, sizeof inline_buffer};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFds)];
  struct msghdr header = {};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t got;
  do got = recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  *message = Message();
  if (got <= 0) return static_cast<int>(got);
  for (struct cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const int count = static_cast<int>((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(message->fds, CMSG_DATA(part), sizeof(int) * static_cast<size_t>(count));
    message->fd_count = count;
  }
  message->data = inline_buffer;
  message->size = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ? 0 : static_cast<size_t>(got);
  Unfold(message);
  return 1;
}

static bool SendBytes(int channel, const void* data, size_t size, const int* fds, int fd_count, int flags) {
  struct iovec vector = {const_cast<void*>(data), size};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFds)];
  struct msghdr header = {};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  if (fd_count > 0) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * static_cast<size_t>(fd_count));
    struct cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * static_cast<size_t>(fd_count));
    memcpy(CMSG_DATA(part), fds, sizeof(int) * static_cast<size_t>(fd_count));
  }
  ssize_t sent;
  do sent = sendmsg(channel, &header, MSG_NOSIGNAL | flags);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(size);
}

bool Send(int channel, const Writer& writer, const int* fds, int fd_count) {
  return SendBytes(channel, writer.data(), writer.size(), fds, fd_count, 0);
}

bool SendRaw(int channel, const void* data, size_t size, const int* fds, int fd_count) {
  return SendBytes(channel, data, size, fds, fd_count, 0);
}

bool TrySend(int channel, const Writer& writer) {
  return SendBytes(channel, writer.data(), writer.size(), nullptr, 0, MSG_DONTWAIT);
}

bool SendMemfd(int channel, uint32_t id, int memfd) {
  return Send(channel, Writer(id, kInMemfd), &memfd, 1);
}

}  // namespace stratabox
