// What a PID 1 that was taken over could do with its socket to Node, which is descriptor 3 here.
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static char filler[16 * 1024];

/** Sends as fast as it is taken. */
static int flood(void) {
  while (send(3, filler, sizeof filler, MSG_NOSIGNAL) > 0) {
  }
  return 0;
}

/** A connection whose peer does not read, with SO_LINGER: its last close(2) waits a minute. Node gets that one. */
static int linger(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr*)&address, length) != 0 || listen(server, 1) != 0) return 1;
  if (getsockname(server, (struct sockaddr*)&address, &length) != 0) return 1;
  if (connect(client, (struct sockaddr*)&address, length) != 0) return 1;
  while (send(client, filler, sizeof filler, MSG_DONTWAIT) > 0) {
  }
  const struct linger minute = {1, 60};
  if (setsockopt(client, SOL_SOCKET, SO_LINGER, &minute, sizeof minute) != 0) return 1;
  struct iovec vector = {filler, 100};
  char control[CMSG_SPACE(sizeof client)] = {0};
  struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr* part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof client);
  memcpy(CMSG_DATA(part), &client, sizeof client);
  if (sendmsg(3, &header, MSG_NOSIGNAL) < 0) return 1;
  // Not the last: what is exiting does not linger.
  client = dup2(0, client);
  pause();
  return 0;
}

/** Speaks in the place of a sandbox's own PID 1, through its descriptor 10 (native/linux/supervisor/fds.h). */
static int speak(const char* pid) {
  const int process = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
  const int channel = (int)syscall(SYS_pidfd_getfd, process, 10, 0);
  return channel >= 0 && send(channel, filler, 100, MSG_NOSIGNAL) == 100 ? 0 : 1;
}

int main(int count, char** arguments) {
  if (count == 3) return speak(arguments[2]);
  return count == 2 && strcmp(arguments[1], "flood") == 0 ? flood() : linger();
}
