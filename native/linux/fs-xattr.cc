// Extended attributes (xattr(7)) of what a name leads to, links included. There is no *at form before Linux 6.13, so names go through /proc/self/fd.
#include <fcntl.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "linux/file-calls.h"
#include "napi/arguments.h"

namespace stratabox::fs {

namespace {

/** Where the attributes are: the l… calls do not follow a name, but must follow /proc's link to an fd. */
struct Place {
  std::string path;
  bool isFd;
};

Place PlaceOf(const Arguments& args) {
  int directory = args.Int(0);
  std::string path = args.Path(1);
  std::string fd = "/proc/self/fd/" + std::to_string(directory);
  if (path.empty()) return {fd, true};
  if (path[0] == '/' || directory == AT_FDCWD) return {path, false};
  return {fd + "/" + path, false};
}

}  // namespace

// listxattr(2). ENOTSUP (a file system without attributes) is an empty list.
Napi::Value Listxattr(const Napi::CallbackInfo& info) {
  Arguments args(info, "listxattr");
  Place at = PlaceOf(args);
  std::vector<char> buffer(1024);
  for (;;) {
    ssize_t length = at.isFd ? ::listxattr(at.path.c_str(), buffer.data(), buffer.size())
                             : ::llistxattr(at.path.c_str(), buffer.data(), buffer.size());
    int error = errno;
    if (length < 0 && error == ERANGE && buffer.size() < XATTR_LIST_MAX) {
      buffer.resize(XATTR_LIST_MAX);
      continue;
    }
    if (length < 0 && error == ENOTSUP) length = 0;
    args.Check(length, error, at.path);
    Napi::Array names = Napi::Array::New(args.Env());
    uint32_t count = 0;
    for (const char* name = buffer.data(); name < buffer.data() + length; name += strlen(name) + 1) {
      names.Set(count++, Napi::String::New(args.Env(), name));
    }
    return names;
  }
}

// getxattr(2): undefined where there is none.
Napi::Value Getxattr(const Napi::CallbackInfo& info) {
  Arguments args(info, "getxattr");
  Place at = PlaceOf(args);
  std::string name = args.Text(2);
  std::vector<uint8_t> buffer(256);
  for (;;) {
    ssize_t length = at.isFd ? ::getxattr(at.path.c_str(), name.c_str(), buffer.data(), buffer.size())
                             : ::lgetxattr(at.path.c_str(), name.c_str(), buffer.data(), buffer.size());
    int error = errno;
    if (length < 0 && error == ERANGE && buffer.size() < XATTR_SIZE_MAX) {
      buffer.resize(XATTR_SIZE_MAX);
      continue;
    }
    if (length < 0 && (error == ENODATA || error == ENOTSUP)) return args.Env().Undefined();
    args.Check(length, error, at.path);
    Napi::Uint8Array value = Napi::Uint8Array::New(args.Env(), static_cast<size_t>(length));
    // Not of nothing: an empty array's Data() is null, which memcpy(3) must not be given.
    if (length > 0) memcpy(value.Data(), buffer.data(), static_cast<size_t>(length));
    return value;
  }
}

// setxattr(2)
void Setxattr(const Napi::CallbackInfo& info) {
  Arguments args(info, "setxattr");
  Place at = PlaceOf(args);
  std::string name = args.Text(2);
  std::span<const uint8_t> value = args.Bytes(3);
  int result = at.isFd ? ::setxattr(at.path.c_str(), name.c_str(), value.data(), value.size(), 0)
                       : ::lsetxattr(at.path.c_str(), name.c_str(), value.data(), value.size(), 0);
  args.Check(result, errno, at.path);
}

// removexattr(2)
void Removexattr(const Napi::CallbackInfo& info) {
  Arguments args(info, "removexattr");
  Place at = PlaceOf(args);
  std::string name = args.Text(2);
  int result = at.isFd ? ::removexattr(at.path.c_str(), name.c_str()) : ::lremovexattr(at.path.c_str(), name.c_str());
  args.Check(result, errno, at.path);
}

}  // namespace stratabox::fs
