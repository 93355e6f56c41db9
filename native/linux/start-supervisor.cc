// Starting the supervisor: posix_spawn(3), which costs the same whatever Node's size.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "linux/rooms.h"
#include "napi/errors.h"

namespace stratabox {

Napi::Value StartSupervisor(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw SyscallError(info.Env(), errno, "socketpair");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
#if defined(__SANITIZE_ADDRESS__)
  // Reports go through this descriptor: inside a sandbox no path of the host's leads anywhere.
  const char* const reports = getenv("STRATABOX_SANITIZER_LOG");
  if (reports != nullptr) posix_spawn_file_actions_addopen(&actions, 2, reports, O_WRONLY | O_APPEND, 0);
#else
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
#endif
  posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
  char* const argv[] = {const_cast<char*>("stratabox-supervisor"), nullptr};
  char* const envp[] = {nullptr};
  pid_t pid;
  const int error = posix_spawn(&pid, path.c_str(), &actions, nullptr, argv, envp);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    throw SyscallError(info.Env(), error, "posix_spawn", path);
  }
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("pid", Napi::Number::New(info.Env(), pid));
  result.Set("channel", Napi::Number::New(info.Env(), ends[0]));
  return result;
}

}  // namespace stratabox
