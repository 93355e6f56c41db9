// The file system room of the addon: the table of its functions.
#include "linux/file-calls.h"

#include "linux/rooms.h"

namespace stratabox {

void InitFs(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) { exports.Set(name, Napi::Function::New(env, function, name)); };
  add("openat2", fs::Openat2);
  add("close", fs::Close);
  add("dup3", fs::Dup3);
  add("mkdirat", fs::Mkdirat);
  add("mknodat", fs::Mknodat);
  add("symlinkat", fs::Symlinkat);
  add("linkat", fs::Linkat);
  add("unlinkat", fs::Unlinkat);
  add("renameat2", fs::Renameat2);
  add("readlinkat", fs::Readlinkat);
  add("readdir", fs::Readdir);
  add("fchownat", fs::Fchownat);
  add("fchmodat", fs::Fchmodat);
  add("utimensat", fs::Utimensat);
  add("fstatat", fs::Fstatat);
  add("listxattr", fs::Listxattr);
  add("getxattr", fs::Getxattr);
  add("setxattr", fs::Setxattr);
  add("removexattr", fs::Removexattr);
  add("flock", fs::Flock);
  add("reflink", fs::Reflink);
  add("nextData", fs::NextData);
}

}  // namespace stratabox
