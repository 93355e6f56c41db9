// The addon's entry: every room of the addon adds its functions to the one exports object.
#include <napi.h>

#include "linux/rooms.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  stratabox::InitFs(env, exports);
  stratabox::InitChannel(env, exports);
  stratabox::InitRelays(env, exports);
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
