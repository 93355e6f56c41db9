// Names in a directory and what they lead to: open, make, link, move, remove, list.
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <vector>

#include "linux/file-calls.h"
#include "napi/arguments.h"

namespace stratabox::fs {

// openat2(2): the only open that can promise to stay beneath a directory. EAGAIN means that a rename raced with the walk: again.
Napi::Value Openat2(const Napi::CallbackInfo& info) {
  Arguments args(info, "openat2");
  int directory = args.Int(0);
  std::string path = args.Path(1);
  open_how how{};
  how.flags = args.Unsigned(2) | O_CLOEXEC;
  how.mode = args.Unsigned(3);
  how.resolve = args.Unsigned(4);
  for (int tries = 0;; ++tries) {
    long fd = ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof(how));
    int error = errno;
    if (fd < 0 && (error == EAGAIN || error == EINTR) && tries < 32) continue;
    args.Check(fd, error, path);
    return Napi::Number::New(args.Env(), static_cast<double>(fd));
  }
}

// close(2): not repeated on EINTR, the fd is gone either way.
void Close(const Napi::CallbackInfo& info) {
  Arguments args(info, "close");
  int result = ::close(args.Int(0));
  int error = errno;
  if (result < 0 && error != EINTR) args.Fail(error);
}

// dup3(2): close-on-exec, like every fd here.
void Dup3(const Napi::CallbackInfo& info) {
  Arguments args(info, "dup3");
  int result = ::dup3(args.Int(0), args.Int(1), O_CLOEXEC);
  args.Check(result, errno);
}

// mkdirat(2)
void Mkdirat(const Napi::CallbackInfo& info) {
  Arguments args(info, "mkdirat");
  std::string path = args.Path(1);
  int result = ::mkdirat(args.Int(0), path.c_str(), args.Unsigned(2));
  args.Check(result, errno, path);
}

// mknodat(2)
void Mknodat(const Napi::CallbackInfo& info) {
  Arguments args(info, "mknodat");
  std::string path = args.Path(1);
  dev_t device = ::makedev(args.Unsigned(3), args.Unsigned(4));
  int result = ::mknodat(args.Int(0), path.c_str(), args.Unsigned(2), device);
  args.Check(result, errno, path);
}

// symlinkat(2)
void Symlinkat(const Napi::CallbackInfo& info) {
  Arguments args(info, "symlinkat");
  std::string target = args.Path(0);
  std::string path = args.Path(2);
  int result = ::symlinkat(target.c_str(), args.Int(1), path.c_str());
  args.Check(result, errno, path);
}

// linkat(2): without AT_SYMLINK_FOLLOW, so a link to a symlink is one to the symlink itself. An empty old path means the old fd (AT_EMPTY_PATH needs
// CAP_DAC_READ_SEARCH, so it goes through /proc, as the man page says).
void Linkat(const Napi::CallbackInfo& info) {
  Arguments args(info, "linkat");
  int from = args.Int(0);
  std::string fromPath = args.Path(1);
  std::string path = args.Path(3);
  int flags = 0;
  if (fromPath.empty()) {
    fromPath = "/proc/self/fd/" + std::to_string(from);
    flags = AT_SYMLINK_FOLLOW;
  }
  int result = ::linkat(from, fromPath.c_str(), args.Int(2), path.c_str(), flags);
  args.Check(result, errno, path);
}

// unlinkat(2)
void Unlinkat(const Napi::CallbackInfo& info) {
  Arguments args(info, "unlinkat");
  std::string path = args.Path(1);
  int result = ::unlinkat(args.Int(0), path.c_str(), args.Int(2));
  args.Check(result, errno, path);
}

// renameat2(2)
void Renameat2(const Napi::CallbackInfo& info) {
  Arguments args(info, "renameat2");
  std::string from = args.Path(1);
  std::string to = args.Path(3);
  int result = ::renameat2(args.Int(0), from.c_str(), args.Int(2), to.c_str(), args.Unsigned(4));
  args.Check(result, errno, from);
}

// readlinkat(2): a target is at most PATH_MAX - 1 bytes, so one call is enough. An empty path means the fd.
Napi::Value Readlinkat(const Napi::CallbackInfo& info) {
  Arguments args(info, "readlinkat");
  std::string path = args.Path(1);
  char target[PATH_MAX];
  ssize_t length = ::readlinkat(args.Int(0), path.c_str(), target, sizeof(target));
  args.Check(length, errno, path);
  Napi::Uint8Array bytes = Napi::Uint8Array::New(args.Env(), static_cast<size_t>(length));
  memcpy(bytes.Data(), target, static_cast<size_t>(length));
  return bytes;
}

// getdents64(2): names as bytes; readdir(3) would need a DIR that owns the fd.
Napi::Value Readdir(const Napi::CallbackInfo& info) {
  Arguments args(info, "getdents64");
  int fd = args.Int(0);
  off_t start = ::lseek(fd, 0, SEEK_SET);
  args.Check(start, errno);
  std::vector<char> buffer(64 * 1024);
  Napi::Array names = Napi::Array::New(args.Env());
  uint32_t count = 0;
  for (;;) {
    long filled = ::syscall(SYS_getdents64, fd, buffer.data(), buffer.size());
    args.Check(filled, errno);
    if (filled == 0) return names;
    for (long at = 0; at < filled;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      size_t length = strlen(entry->d_name);
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      Napi::Uint8Array name = Napi::Uint8Array::New(args.Env(), length);
      memcpy(name.Data(), entry->d_name, length);
      names.Set(count++, name);
    }
  }
}

}  // namespace stratabox::fs
