// What a step came to: nothing, or an errno with the system call and the path it was about.
#pragma once
#include <errno.h>

namespace stratabox {

struct StepResult {
  int error = 0;
  const char* syscall = "";
  const char* path = "";
  bool ok() const { return error == 0; }
};

inline StepResult Ok() { return {}; }
// errno is read here, so this must be the next thing after the call.
inline StepResult Fail(const char* syscall, const char* path = "") { return {errno, syscall, path}; }
inline StepResult Check(bool ok, const char* syscall, const char* path = "") { return ok ? Ok() : Fail(syscall, path); }

}  // namespace stratabox
