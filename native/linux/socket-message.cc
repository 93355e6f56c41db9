// One message of a unix(7) SOCK_SEQPACKET socket, with descriptors: sendmsg(2), recvmsg(2).
#include "linux/socket-message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace stratabox {

namespace {

// SCM_MAX_FD of unix(7). All of them are taken, although no honest message has as many: those left over would be closed by the kernel, as they are.
constexpr size_t kSentFdMax = 253;

}  // namespace

Outgoing::~Outgoing() {
  // One descriptor may stand in it twice: stdout that is stderr too.
  std::sort(fds.begin(), fds.end());
  fds.erase(std::unique(fds.begin(), fds.end()), fds.end());
  for (const int fd : fds) close(fd);
}

int SendOne(int socket, const Outgoing& message) {
  struct iovec vector = {const_cast<char*>(message.bytes.data()), message.bytes.size()};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * kOutgoingFdMax)];
  struct msghdr header = {};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  if (!message.fds.empty()) {
    const size_t size = sizeof(int) * message.fds.size();
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(size);
    struct cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(part), message.fds.data(), size);
  }
  return sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : 0;
}

Received ReceiveOne(int socket, std::vector<char>* bytes, std::vector<int>* fds) {
  static thread_local char buffer[kIncomingMax];
  struct iovec vector = {buffer, sizeof buffer};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * kSentFdMax)];
  struct msghdr header = {};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Received::kNothing;
  if (got < 0) return Received::kEnd;
  for (struct cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const size_t before = fds->size();
    fds->resize(before + count);
    memcpy(fds->data() + before, CMSG_DATA(part), count * sizeof(int));
  }
  // A message of no bytes looks like the end, which has no descriptors; nobody honest sends one, so it is the end.
  if (got == 0) {
    CloseReceived(*fds);
    fds->clear();
    return Received::kEnd;
  }
  if ((header.msg_flags & MSG_TRUNC) == 0 && fds->size() <= kIncomingFdMax) {
    bytes->assign(buffer, buffer + got);
    return Received::kMessage;
  }
  CloseReceived(*fds);
  fds->clear();
  return Received::kMessage;
}

void CloseReceived(const std::vector<int>& fds) {
  for (const int fd : fds) {
    // socket(7): the last close(2) of a socket with SO_LINGER waits as long as its sender liked.
    const struct linger off = {0, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
    close(fd);
  }
}

void Drain(int socket) {
  shutdown(socket, SHUT_RDWR);
  for (;;) {
    std::vector<char> bytes;
    std::vector<int> fds;
    if (ReceiveOne(socket, &bytes, &fds) != Received::kMessage) return;
    CloseReceived(fds);
  }
}

}  // namespace stratabox
