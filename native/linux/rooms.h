// The rooms of the Linux addon. Each adds its functions to `exports`.
#pragma once
#include <napi.h>

namespace stratabox {

void InitFs(Napi::Env env, Napi::Object exports);
void InitChannel(Napi::Env env, Napi::Object exports);
void InitRelays(Napi::Env env, Napi::Object exports);
/** (path) → { pid, channel }. Exported with the channels. */
Napi::Value StartSupervisor(const Napi::CallbackInfo& info);

}  // namespace stratabox
