// Starting the supervisor: posix_spawn(3), which costs the same whatever Node's size.
//
// What runs is a sealed copy in memory, memfd_create(2): a process inside may get hold of its executable (argv[0] or an interpreter line of
// /proc/self/exe, CVE-2019-5736), and that must not be a file which the host's user could write.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "linux/rooms.h"
#include "napi/errors.h"

namespace stratabox {

namespace {

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

/** A sealed copy of an executable file. Throws with the call that failed. */
int SealedCopy(Napi::Env env, const std::string& path) {
  const int from = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (from < 0) throw SyscallError(env, errno, "open", path);
  struct stat info = {};
  // Linux before 6.3 does not know MFD_EXEC, and takes it for granted.
  int copy = memfd_create("stratabox-supervisor", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (copy < 0 && errno == EINVAL) copy = memfd_create("stratabox-supervisor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const char* call = copy < 0 ? "memfd_create" : nullptr;
  if (call == nullptr && fstat(from, &info) != 0) call = "fstat";
  for (off_t done = 0; call == nullptr && done < info.st_size;) {
    const ssize_t sent = sendfile(copy, from, &done, static_cast<size_t>(info.st_size - done));
    if (sent == 0) errno = EIO;
    if (sent <= 0) call = "sendfile";
  }
  if (call == nullptr && fchmod(copy, 0555) != 0) call = "fchmod";
  if (call == nullptr && fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) call = "fcntl";
  // Away from the numbers that the file actions below give out.
  const int kept = call == nullptr ? fcntl(copy, F_DUPFD_CLOEXEC, 16) : -1;
  if (call == nullptr && kept < 0) call = "fcntl";
  const int error = errno;
  close(from);
  if (copy >= 0) close(copy);
  if (call == nullptr) return kept;
  throw SyscallError(env, error, call, path);
}

}  // namespace

Napi::Value StartSupervisor(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const int executable = SealedCopy(info.Env(), path);
  const std::string by_number = "/proc/self/fd/" + std::to_string(executable);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    const int error = errno;
    close(executable);
    throw SyscallError(info.Env(), error, "socketpair");
  }
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
  const int error = posix_spawn(&pid, by_number.c_str(), &actions, nullptr, argv, envp);
  posix_spawn_file_actions_destroy(&actions);
  close(executable);
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
