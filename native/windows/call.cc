// Argument readers and errors of the Windows addon. `errno` is the Win32 error; src/native gives it a name.
#include "windows/call.h"

namespace stratabox {

uint32_t Call::Unsigned(size_t at) const {
  if (!info_[at].IsNumber()) Misuse(at, "a number");
  return info_[at].As<Napi::Number>().Uint32Value();
}

HANDLE Call::Handle(size_t at) const {
  if (!info_[at].IsNumber()) Misuse(at, "a handle");
  return reinterpret_cast<HANDLE>(static_cast<intptr_t>(info_[at].As<Napi::Number>().Int64Value()));
}

std::vector<HANDLE> Call::Handles(size_t at) const {
  if (!info_[at].IsArray()) Misuse(at, "an array of handles");
  Napi::Array array = info_[at].As<Napi::Array>();
  std::vector<HANDLE> handles;
  for (uint32_t k = 0; k < array.Length(); k++) {
    Napi::Value element = array.Get(k);
    if (!element.IsNumber()) Misuse(at, "an array of handles");
    handles.push_back(reinterpret_cast<HANDLE>(static_cast<intptr_t>(element.As<Napi::Number>().Int64Value())));
  }
  return handles;
}

bool Call::Flag(size_t at) const {
  if (!info_[at].IsBoolean()) Misuse(at, "a boolean");
  return info_[at].As<Napi::Boolean>().Value();
}

std::wstring Call::Text(size_t at) const {
  if (!info_[at].IsString()) Misuse(at, "a string");
  std::u16string text = info_[at].As<Napi::String>().Utf16Value();
  // The system would stop at a NUL and act on another name than the one that was checked.
  if (text.find(u'\0') != std::u16string::npos) Fail(ERROR_INVALID_PARAMETER);
  return std::wstring(text.begin(), text.end());
}

std::span<uint8_t> Call::Bytes(size_t at) const {
  if (!info_[at].IsTypedArray() || info_[at].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) Misuse(at, "a Uint8Array");
  Napi::Uint8Array array = info_[at].As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

void Call::Fail(DWORD error) const {
  Napi::Error result = Napi::Error::New(Env(), std::string(function_) + ": Win32 error " + std::to_string(error));
  result.Value().Set("errno", Napi::Number::New(Env(), error));
  result.Value().Set("syscall", Napi::String::New(Env(), function_));
  throw result;
}

void Call::FailStatus(long status) const {
  using ToDosError = ULONG(WINAPI*)(LONG);
  static const auto convert = Optional<ToDosError>(L"ntdll.dll", "RtlNtStatusToDosError");
  Fail(convert == nullptr ? ERROR_MR_MID_NOT_FOUND : convert(status));
}

void Call::Misuse(size_t at, const char* wanted) const {
  throw Napi::TypeError::New(Env(), std::string(function_) + ": argument " + std::to_string(at + 1) + " must be " + wanted);
}

Napi::Value HandleValue(Napi::Env env, HANDLE handle) {
  return Napi::Number::New(env, static_cast<double>(reinterpret_cast<intptr_t>(handle)));
}

Napi::Value BytesValue(Napi::Env env, const void* bytes, size_t size) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, size);
  memcpy(array.Data(), bytes, size);
  return array;
}

}  // namespace stratabox
