// What this Windows is.
#include "windows/call.h"
#include "windows/rooms.h"

namespace stratabox {
namespace {

// The version of Wine; undefined on Windows.
Napi::Value WineVersion(const Napi::CallbackInfo& info) {
  using Version = const char*(CDECL*)();
  auto version = Optional<Version>(L"ntdll.dll", "wine_get_version");
  return version == nullptr ? info.Env().Undefined() : Napi::String::New(info.Env(), version());
}

}  // namespace

void InitSystem(Napi::Env env, Napi::Object exports) { exports.Set("wineVersion", Napi::Function::New(env, WineVersion)); }

}  // namespace stratabox
