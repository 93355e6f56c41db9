// Argument readers of the addon.
#include "napi/arguments.h"

#include <cerrno>

#include "napi/errors.h"

namespace stratabox {

int Arguments::Int(size_t at) const {
  if (!info_[at].IsNumber()) Misuse(at, "a number");
  return info_[at].As<Napi::Number>().Int32Value();
}

uint32_t Arguments::Unsigned(size_t at) const {
  if (!info_[at].IsNumber()) Misuse(at, "a number");
  return info_[at].As<Napi::Number>().Uint32Value();
}

bool Arguments::Flag(size_t at) const {
  if (!info_[at].IsBoolean()) Misuse(at, "a boolean");
  return info_[at].As<Napi::Boolean>().Value();
}

std::span<const uint8_t> Arguments::Bytes(size_t at) const {
  if (!info_[at].IsTypedArray() || info_[at].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) Misuse(at, "a Uint8Array");
  Napi::Uint8Array array = info_[at].As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

std::string Arguments::Path(size_t at) const {
  std::span<const uint8_t> bytes = Bytes(at);
  std::string path(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  // The kernel would stop at a NUL and act on another file than the one that was checked.
  if (path.find('\0') != std::string::npos) Fail(EINVAL);
  return path;
}

std::string Arguments::Text(size_t at) const {
  if (!info_[at].IsString()) Misuse(at, "a string");
  std::string text = info_[at].As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) Fail(EINVAL);
  return text;
}

__int128 Arguments::Wide(size_t at) const {
  if (!info_[at].IsBigInt()) Misuse(at, "a bigint");
  Napi::BigInt big = info_[at].As<Napi::BigInt>();
  if (big.WordCount() > 2) Fail(EOVERFLOW);
  int sign = 0;
  size_t count = 2;
  uint64_t words[2] = {0, 0};
  big.ToWords(&sign, &count, words);
  if (words[1] >> 63 != 0) Fail(EOVERFLOW);
  __int128 magnitude = (static_cast<__int128>(words[1]) << 64) | words[0];
  return sign != 0 ? -magnitude : magnitude;
}

void Arguments::Check(long result, int error, const std::string& path) const {
  if (result < 0) Fail(error, path);
}

void Arguments::Fail(int error, const std::string& path) const { throw SyscallError(info_.Env(), error, syscall_, path); }

void Arguments::Misuse(size_t at, const char* wanted) const {
  throw Napi::TypeError::New(info_.Env(), std::string(syscall_) + ": argument " + std::to_string(at + 1) + " must be " + wanted);
}

Napi::Value WideBigInt(Napi::Env env, __int128 value) {
  bool negative = value < 0;
  unsigned __int128 magnitude = negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  uint64_t words[2] = {static_cast<uint64_t>(magnitude), static_cast<uint64_t>(magnitude >> 64)};
  return Napi::BigInt::New(env, negative ? 1 : 0, words[1] == 0 ? 1 : 2, words);
}

}  // namespace stratabox
