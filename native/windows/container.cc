// AppContainers. Source: Win32 CreateAppContainerProfile. Not in Wine, nor before Windows 8: found at run time.
#include "windows/call.h"
#include "windows/rooms.h"

namespace stratabox {
namespace {

// createContainer(name): the SID of a new profile, as bytes. A profile of that name that is there already is an error.
Napi::Value CreateContainer(const Napi::CallbackInfo& info) {
  Call call(info, "CreateAppContainerProfile");
  using Create = HRESULT(WINAPI*)(PCWSTR, PCWSTR, PCWSTR, PSID_AND_ATTRIBUTES, DWORD, PSID*);
  static const auto create = Optional<Create>(L"userenv.dll", "CreateAppContainerProfile");
  if (create == nullptr) call.Missing();
  std::wstring name = call.Text(0);
  PSID sid = nullptr;
  HRESULT result = create(name.c_str(), name.c_str(), name.c_str(), nullptr, 0, &sid);
  if (FAILED(result)) call.Fail(HRESULT_FACILITY(result) == FACILITY_WIN32 ? HRESULT_CODE(result) : ERROR_CALL_NOT_IMPLEMENTED);
  Napi::Value bytes = BytesValue(call.Env(), sid, GetLengthSid(sid));
  FreeSid(sid);
  return bytes;
}

void DeleteContainer(const Napi::CallbackInfo& info) {
  Call call(info, "DeleteAppContainerProfile");
  using Delete = HRESULT(WINAPI*)(PCWSTR);
  static const auto remove = Optional<Delete>(L"userenv.dll", "DeleteAppContainerProfile");
  if (remove == nullptr) call.Missing();
  HRESULT result = remove(call.Text(0).c_str());
  if (FAILED(result)) call.Fail(HRESULT_CODE(result));
}

}  // namespace

void InitContainer(Napi::Env env, Napi::Object exports) {
  exports.Set("createContainer", Napi::Function::New(env, CreateContainer));
  exports.Set("deleteContainer", Napi::Function::New(env, DeleteContainer));
}

}  // namespace stratabox
