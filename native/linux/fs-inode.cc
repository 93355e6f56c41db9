// What an inode says about itself: owner, mode, times. None of these follows a link; an empty path means the fd itself.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "linux/file-calls.h"
#include "napi/arguments.h"

namespace stratabox::fs {

constexpr __int128 kNanosecondsPerSecond = 1000000000;
constexpr int kSelf = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
// The number is the same on every architecture; headers before Linux 6.6 do not have it.
constexpr long kFchmodat2 = 452;

// fchownat(2)
void Fchownat(const Napi::CallbackInfo& info) {
  Arguments args(info, "fchownat");
  std::string path = args.Path(1);
  int result = ::fchownat(args.Int(0), path.c_str(), args.Unsigned(2), args.Unsigned(3), kSelf);
  args.Check(result, errno, path);
}

// fchmodat(2): the kernel's old call has no flags. The new one is tried first; where it is missing (ENOSYS, or EPERM from an old seccomp filter)
// the C library goes through an O_PATH fd and /proc.
void Fchmodat(const Napi::CallbackInfo& info) {
  Arguments args(info, "fchmodat");
  int directory = args.Int(0);
  std::string path = args.Path(1);
  mode_t mode = args.Unsigned(2);
  long result = ::syscall(kFchmodat2, directory, path.c_str(), mode, kSelf);
  int error = errno;
  if (result < 0 && (error == ENOSYS || error == EPERM)) {
    result = path.empty() ? ::chmod(("/proc/self/fd/" + std::to_string(directory)).c_str(), mode)
                          : ::fchmodat(directory, path.c_str(), mode, AT_SYMLINK_NOFOLLOW);
    error = errno;
  }
  args.Check(result, error, path);
}

// utimensat(2)
void Utimensat(const Napi::CallbackInfo& info) {
  Arguments args(info, "utimensat");
  std::string path = args.Path(1);
  __int128 time = args.Wide(2);
  // Nanoseconds count upwards within the second, before 1970 too.
  __int128 seconds = time / kNanosecondsPerSecond - (time % kNanosecondsPerSecond < 0 ? 1 : 0);
  if (seconds != static_cast<time_t>(seconds)) args.Fail(EOVERFLOW, path);
  timespec both{static_cast<time_t>(seconds), static_cast<long>(time - seconds * kNanosecondsPerSecond)};
  timespec times[2] = {both, both};
  int result = ::utimensat(args.Int(0), path.c_str(), times, kSelf);
  args.Check(result, errno, path);
}

// fstatat(2)
Napi::Value Fstatat(const Napi::CallbackInfo& info) {
  Arguments args(info, "fstatat");
  std::string path = args.Path(1);
  struct stat of;
  int result = ::fstatat(args.Int(0), path.c_str(), &of, kSelf);
  args.Check(result, errno, path);
  Napi::Env env = args.Env();
  Napi::Object out = Napi::Object::New(env);
  const auto number = [&](const char* name, double value) { out.Set(name, Napi::Number::New(env, value)); };
  number("mode", of.st_mode);
  number("uid", of.st_uid);
  number("gid", of.st_gid);
  number("nlink", static_cast<double>(of.st_nlink));
  number("rdevMajor", major(of.st_rdev));
  number("rdevMinor", minor(of.st_rdev));
  out.Set("size", WideBigInt(env, of.st_size));
  out.Set("ino", WideBigInt(env, of.st_ino));
  out.Set("dev", WideBigInt(env, of.st_dev));
  out.Set("blocks", WideBigInt(env, of.st_blocks));
  out.Set("mtimeNs", WideBigInt(env, of.st_mtim.tv_sec * kNanosecondsPerSecond + of.st_mtim.tv_nsec));
  return out;
}

}  // namespace stratabox::fs
