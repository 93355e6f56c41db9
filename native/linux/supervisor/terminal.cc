// pts(4), ioctl_tty(2): TIOCGPTPEER opens the slave without a path.
#include "linux/supervisor/terminal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

namespace stratabox {

namespace {

constexpr const char* kPtmx = "/dev/pts/ptmx";

/** Root inside may have mounted something else there. */
bool IsOfDevpts(int fd) {
  struct statfs info = {};
  struct stat inode = {};
  if (fstatfs(fd, &info) != 0 || fstat(fd, &inode) != 0) return false;
  errno = ENODEV;
  return info.f_type == DEVPTS_SUPER_MAGIC && S_ISCHR(inode.st_mode);
}

/** Input is UTF-8, so that erasing a character erases all its bytes. */
bool SetUtf8(int fd) {
  struct termios modes = {};
  if (tcgetattr(fd, &modes) != 0) return false;
  modes.c_iflag |= IUTF8;
  return tcsetattr(fd, TCSANOW, &modes) == 0;
}

}  // namespace

void Terminal::Close() {
  if (slave >= 0) close(slave);
  if (master >= 0) close(master);
  slave = master = -1;
}

StepResult OpenTerminal(uid_t uid, gid_t gid, int64_t columns, int64_t rows, Terminal* terminal) {
  // The file system makes the slave in the name of whoever opens the master. setfsuid(2): the group first, while that is still allowed.
  syscall(SYS_setfsgid, gid);
  syscall(SYS_setfsuid, uid);
  terminal->master = open(kPtmx, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  StepResult result = Check(terminal->master >= 0, "open", kPtmx);
  if (result.ok()) result = Check(IsOfDevpts(terminal->master), "fstatfs", kPtmx);
  const int unlocked = 0;
  if (result.ok()) result = Check(ioctl(terminal->master, TIOCSPTLCK, &unlocked) == 0, "ioctl", "TIOCSPTLCK");
  if (result.ok()) {
    terminal->slave = ioctl(terminal->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    result = Check(terminal->slave >= 0, "ioctl", "TIOCGPTPEER");
  }
  syscall(SYS_setfsuid, 0);
  syscall(SYS_setfsgid, 0);
  struct winsize size = {};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  if (result.ok()) result = Check(ioctl(terminal->slave, TIOCSWINSZ, &size) == 0, "ioctl", "TIOCSWINSZ");
  if (result.ok()) result = Check(SetUtf8(terminal->slave), "tcsetattr");
  if (!result.ok()) terminal->Close();
  return result;
}

}  // namespace stratabox
