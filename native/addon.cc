// The addon's entry: every room of the addon adds its functions to the one exports object.
#include <napi.h>

#ifdef _WIN32
#include "windows/rooms.h"
#else
#include "linux/rooms.h"
#endif

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
#ifdef _WIN32
  stratabox::InitJob(env, exports);
  stratabox::InitPort(env, exports);
  stratabox::InitProcess(env, exports);
  stratabox::InitToken(env, exports);
  stratabox::InitContainer(env, exports);
  stratabox::InitDesktop(env, exports);
  stratabox::InitObjects(env, exports);
  stratabox::InitFileTree(env, exports);
  stratabox::InitFileInode(env, exports);
  stratabox::InitRegistry(env, exports);
  stratabox::InitSystem(env, exports);
#else
  stratabox::InitFs(env, exports);
  stratabox::InitChannel(env, exports);
  stratabox::InitRelays(env, exports);
#endif
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
