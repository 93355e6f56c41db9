// One call from JavaScript: its arguments, and how it fails. Handles travel as numbers: they have 32 significant bits.
#pragma once
#include <napi.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "windows/win32.h"

namespace stratabox {

/** The arguments of one call. `function` is what errors are reported under. */
class Call {
 public:
  Call(const Napi::CallbackInfo& info, const char* function) : info_(info), function_(function) {}

  uint32_t Unsigned(size_t at) const;
  HANDLE Handle(size_t at) const;
  std::vector<HANDLE> Handles(size_t at) const;
  bool Flag(size_t at) const;
  /** Whether the argument is there. */
  bool Has(size_t at) const { return !info_[at].IsNull() && !info_[at].IsUndefined(); }
  /** UTF-16 without NUL. */
  std::wstring Text(size_t at) const;
  /** As Text, empty where the argument is null. */
  std::wstring TextOr(size_t at) const { return Has(at) ? Text(at) : std::wstring(); }
  /** Valid while the call lasts. */
  std::span<uint8_t> Bytes(size_t at) const;

  Napi::Env Env() const { return info_.Env(); }
  /** Throws for `error`, a Win32 error that was read on the line after the call. */
  [[noreturn]] void Fail(DWORD error) const;
  /** Throws for an NTSTATUS. */
  [[noreturn]] void FailStatus(long status) const;
  /** Throws UnsupportedError's raw form: this Windows does not have the function. */
  [[noreturn]] void Missing() const { Fail(ERROR_CALL_NOT_IMPLEMENTED); }

 protected:
  Napi::Value Argument(size_t at) const { return info_[at]; }
  const char* function() const { return function_; }

 private:
  [[noreturn]] void Misuse(size_t at, const char* wanted) const;
  const Napi::CallbackInfo& info_;
  const char* function_;
};

/** A handle as JavaScript has it. */
Napi::Value HandleValue(Napi::Env env, HANDLE handle);
/** A copy of bytes. */
Napi::Value BytesValue(Napi::Env env, const void* bytes, size_t size);

}  // namespace stratabox
