// Reading a call's arguments: each reader throws a TypeError (misuse of the binding) or EINVAL (a NUL inside a path).
#pragma once
#include <napi.h>

#include <cstdint>
#include <span>
#include <string>

namespace stratabox {

/** The arguments of one call. `syscall` is what errors are reported under. */
class Arguments {
 public:
  Arguments(const Napi::CallbackInfo& info, const char* syscall) : info_(info), syscall_(syscall) {}

  int Int(size_t at) const;
  uint32_t Unsigned(size_t at) const;
  bool Flag(size_t at) const;
  /** The bytes of a Uint8Array, valid while the call lasts. */
  std::span<const uint8_t> Bytes(size_t at) const;
  /** A Uint8Array as a C string's content. */
  std::string Path(size_t at) const;
  /** A JavaScript string in UTF-8, as a C string's content. */
  std::string Text(size_t at) const;
  /** A bigint of up to 127 bits: nanoseconds of the year 2300 do not fit 64. */
  __int128 Wide(size_t at) const;

  Napi::Env Env() const { return info_.Env(); }
  /** Throws the error for `error` unless `result` is a success. */
  void Check(long result, int error, const std::string& path = {}) const;
  /** Throws the error for `error`, an errno. */
  [[noreturn]] void Fail(int error, const std::string& path = {}) const;

 private:
  [[noreturn]] void Misuse(size_t at, const char* wanted) const;
  const Napi::CallbackInfo& info_;
  const char* syscall_;
};

/** A bigint from up to 127 bits. */
Napi::Value WideBigInt(Napi::Env env, __int128 value);

}  // namespace stratabox
