// A TCP server and client that do nothing but move bytes, for throughput.mjs.
//   pour serve             listens on a free port of 127.0.0.1 and prints it; a connection begins with a byte, 'g' (get) or 'p' (put), and a 64-bit count
//   pour get|put PORT N    moves N bytes over one connection and prints the nanoseconds from the first byte asked for to the last
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[256 * 1024];

static void Fail(const char *what) {
  perror(what);
  exit(1);
}

static void Send(int fd, uint64_t count) {
  while (count > 0) {
    const ssize_t put = write(fd, buffer, count < sizeof buffer ? count : sizeof buffer);
    if (put <= 0) Fail("write");
    count -= (uint64_t)put;
  }
}

static void Receive(int fd, uint64_t count) {
  while (count > 0) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got <= 0) Fail("read");
    count -= (uint64_t)got;
  }
}

static void Answer(int fd) {
  char request[9];
  size_t have = 0;
  while (have < sizeof request) {
    const ssize_t got = read(fd, request + have, sizeof request - have);
    if (got <= 0) return;
    have += (size_t)got;
  }
  uint64_t count;
  memcpy(&count, request + 1, sizeof count);
  if (request[0] == 'g') {
    Send(fd, count);
  } else {
    Receive(fd, count);
    Send(fd, 1);
  }
}

int main(int argc, char **argv) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (argc == 2) {
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 16) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0) Fail("listen");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
      const int peer = accept(fd, NULL, NULL);
      if (peer < 0) Fail("accept");
      Answer(peer);
      close(peer);
    }
  }
  const uint64_t count = strtoull(argv[3], NULL, 10);
  address.sin_port = htons((uint16_t)atoi(argv[2]));
  if (connect(fd, (struct sockaddr *)&address, size) != 0) Fail("connect");
  char request[9] = {argv[1][0]};
  memcpy(request + 1, &count, sizeof count);
  struct timespec began, ended;
  clock_gettime(CLOCK_MONOTONIC, &began);
  if (write(fd, request, sizeof request) != sizeof request) Fail("write");
  if (argv[1][0] == 'g') {
    Receive(fd, count);
  } else {
    Send(fd, count);
    Receive(fd, 1);
  }
  clock_gettime(CLOCK_MONOTONIC, &ended);
  printf("%lld\n", (ended.tv_sec - began.tv_sec) * 1000000000LL + (ended.tv_nsec - began.tv_nsec));
  return 0;
}
