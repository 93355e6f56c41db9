// errno → a JavaScript error that src/native turns into a SyscallError: `errno`, `syscall`, `path`.
#pragma once
#include <napi.h>

#include <string>

namespace stratabox {

/** The error to throw for `error` (an errno read on the line after the call). */
Napi::Error SyscallError(Napi::Env env, int error, const char* syscall, const std::string& path = {});

}  // namespace stratabox
