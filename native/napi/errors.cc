// errno → JavaScript error.
#include "napi/errors.h"

#include <cstring>

namespace stratabox {

Napi::Error SyscallError(Napi::Env env, int error, const char* syscall, const std::string& path) {
  Napi::Error result = Napi::Error::New(env, std::string(syscall) + ": " + strerror(error));
  Napi::Object value = result.Value();
  value.Set("errno", Napi::Number::New(env, error));
  value.Set("syscall", Napi::String::New(env, syscall));
  if (!path.empty()) value.Set("path", Napi::String::New(env, path));
  return result;
}

}  // namespace stratabox
