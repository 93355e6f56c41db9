// Locks, shared extents and holes of open files.
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "linux/file-calls.h"
#include "napi/arguments.h"

namespace stratabox::fs {

// flock(2), never waiting: a lock that is held elsewhere is an answer, not an error.
Napi::Value Flock(const Napi::CallbackInfo& info) {
  Arguments args(info, "flock");
  int result = ::flock(args.Int(0), (args.Flag(1) ? LOCK_EX : LOCK_SH) | LOCK_NB);
  int error = errno;
  if (result < 0 && error == EWOULDBLOCK) return Napi::Boolean::New(args.Env(), false);
  args.Check(result, error);
  return Napi::Boolean::New(args.Env(), true);
}

// ioctl_ficlone(2): false where the two files cannot share extents.
Napi::Value Reflink(const Napi::CallbackInfo& info) {
  Arguments args(info, "ioctl(FICLONE)");
  int from = args.Int(0);
  int result = ::ioctl(args.Int(1), FICLONE, from);
  int error = errno;
  bool cannot = error == EOPNOTSUPP || error == ENOTTY || error == EXDEV || error == EINVAL || error == ENOSYS;
  if (result < 0 && cannot) return Napi::Boolean::New(args.Env(), false);
  args.Check(result, error);
  return Napi::Boolean::New(args.Env(), true);
}

// lseek(2), SEEK_DATA and SEEK_HOLE. ENXIO: nothing but a hole from here to the end.
Napi::Value NextData(const Napi::CallbackInfo& info) {
  Arguments args(info, "lseek");
  int fd = args.Int(0);
  __int128 offset = args.Wide(1);
  if (offset < 0 || offset != static_cast<off_t>(offset)) args.Fail(EINVAL);
  off_t start = ::lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
  int error = errno;
  if (start < 0 && error == ENXIO) return args.Env().Undefined();
  args.Check(start, error);
  off_t end = ::lseek(fd, start, SEEK_HOLE);
  args.Check(end, errno);
  Napi::Object range = Napi::Object::New(args.Env());
  range.Set("start", WideBigInt(args.Env(), start));
  range.Set("end", WideBigInt(args.Env(), end));
  return range;
}

}  // namespace stratabox::fs
