// network_namespaces(7).
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/supervisor/rooms.h"

namespace stratabox {

StepResult LoopbackUp() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Fail("socket");
  struct ifreq request = {};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  const StepResult result = Check(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "ioctl", "lo");
  close(fd);
  return result;
}

}  // namespace stratabox
