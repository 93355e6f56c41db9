// Restricted tokens and integrity levels. Source: Win32 CreateRestrictedToken, "Mandatory Integrity Control".
#include "windows/call.h"
#include "windows/rooms.h"
// After windows.h, which it needs.
#include <sddl.h>

namespace stratabox {
namespace {

// restrictToken(deletePrivileges, denyOnlySids, restrictingSids): a primary token from this process's own. SIDs as bytes.
std::vector<SID_AND_ATTRIBUTES> Sids(const Call& call, const Napi::CallbackInfo& info, size_t at) {
  Napi::Array array = info[at].As<Napi::Array>();
  std::vector<SID_AND_ATTRIBUTES> sids;
  for (uint32_t k = 0; k < array.Length(); k++) {
    Napi::Uint8Array bytes = array.Get(k).As<Napi::Uint8Array>();
    if (!IsValidSid(bytes.Data())) call.Fail(ERROR_INVALID_SID);
    sids.push_back({bytes.Data(), 0});
  }
  return sids;
}

Napi::Value RestrictToken(const Napi::CallbackInfo& info) {
  Call call(info, "CreateRestrictedToken");
  HANDLE own = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | TOKEN_QUERY | TOKEN_ADJUST_DEFAULT, &own))
    call.Fail(GetLastError());
  Owned owned(own);
  std::vector<SID_AND_ATTRIBUTES> denied = Sids(call, info, 1);
  std::vector<SID_AND_ATTRIBUTES> restricting = Sids(call, info, 2);
  HANDLE token = nullptr;
  BOOL ok = CreateRestrictedToken(own, call.Flag(0) ? DISABLE_MAX_PRIVILEGE : 0, static_cast<DWORD>(denied.size()), denied.data(), 0, nullptr,
                                  static_cast<DWORD>(restricting.size()), restricting.data(), &token);
  if (!ok) call.Fail(GetLastError());
  return HandleValue(call.Env(), token);
}

// The mandatory label of a token: the last part of S-1-16-N.
void SetIntegrity(const Napi::CallbackInfo& info) {
  Call call(info, "SetTokenInformation");
  std::span<uint8_t> sid = call.Bytes(1);
  TOKEN_MANDATORY_LABEL label{};
  label.Label.Attributes = SE_GROUP_INTEGRITY;
  label.Label.Sid = sid.data();
  if (!SetTokenInformation(call.Handle(0), TokenIntegrityLevel, &label, static_cast<DWORD>(sizeof(label) + sid.size())))
    call.Fail(GetLastError());
}

template <typename Class>
std::vector<uint8_t> Query(HANDLE token, Class what) {
  DWORD size = 0;
  GetTokenInformation(token, what, nullptr, 0, &size);
  std::vector<uint8_t> bytes(size);
  if (size == 0 || !GetTokenInformation(token, what, bytes.data(), size, &size)) bytes.clear();
  return bytes;
}

// What a token really is, read back: what was asked for and what came of it are two things.
Napi::Value TokenFacts(const Napi::CallbackInfo& info) {
  Call call(info, "GetTokenInformation");
  HANDLE token = call.Handle(0);
  Napi::Object facts = Napi::Object::New(call.Env());
  facts.Set("isRestricted", Napi::Boolean::New(call.Env(), IsTokenRestricted(token) != FALSE));
  std::vector<uint8_t> label = Query(token, TokenIntegrityLevel);
  uint32_t integrity = 0;
  if (!label.empty()) {
    PSID sid = reinterpret_cast<TOKEN_MANDATORY_LABEL*>(label.data())->Label.Sid;
    integrity = *GetSidSubAuthority(sid, static_cast<DWORD>(*GetSidSubAuthorityCount(sid) - 1));
  }
  facts.Set("integrity", Napi::Number::New(call.Env(), integrity));
  std::vector<uint8_t> privileges = Query(token, TokenPrivileges);
  uint32_t count = privileges.empty() ? 0 : reinterpret_cast<TOKEN_PRIVILEGES*>(privileges.data())->PrivilegeCount;
  facts.Set("privileges", Napi::Number::New(call.Env(), count));
  std::vector<uint8_t> groups = Query(token, TokenGroups);
  Napi::Array denied = Napi::Array::New(call.Env());
  if (!groups.empty()) {
    auto* list = reinterpret_cast<TOKEN_GROUPS*>(groups.data());
    for (DWORD k = 0; k < list->GroupCount; k++) {
      if ((list->Groups[k].Attributes & SE_GROUP_USE_FOR_DENY_ONLY) == 0) continue;
      wchar_t* text = nullptr;
      if (!ConvertSidToStringSidW(list->Groups[k].Sid, &text)) continue;
      std::wstring sid(text);
      LocalFree(text);
      denied.Set(denied.Length(), Napi::String::New(call.Env(), std::u16string(sid.begin(), sid.end())));
    }
  }
  facts.Set("denied", denied);
  return facts;
}

// The SID of the user who runs this process, as text.
Napi::Value UserSid(const Napi::CallbackInfo& info) {
  Call call(info, "GetTokenInformation");
  HANDLE own = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &own)) call.Fail(GetLastError());
  Owned owned(own);
  std::vector<uint8_t> user = Query(own, TokenUser);
  if (user.empty()) call.Fail(GetLastError());
  wchar_t* text = nullptr;
  if (!ConvertSidToStringSidW(reinterpret_cast<TOKEN_USER*>(user.data())->User.Sid, &text)) call.Fail(GetLastError());
  std::wstring sid(text);
  LocalFree(text);
  return Napi::String::New(call.Env(), std::u16string(sid.begin(), sid.end()));
}

}  // namespace

void InitToken(Napi::Env env, Napi::Object exports) {
  exports.Set("restrictToken", Napi::Function::New(env, RestrictToken));
  exports.Set("setIntegrity", Napi::Function::New(env, SetIntegrity));
  exports.Set("userSid", Napi::Function::New(env, UserSid));
  exports.Set("tokenFacts", Napi::Function::New(env, TokenFacts));
}

}  // namespace stratabox
