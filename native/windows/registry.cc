// The registry: keys by handle, values as bytes, links, hives from files, and another root for a process that is about to start.
// Source: Win32 "Registry Functions"; RegOverridePredefKey.
#include "windows/call.h"
#include "windows/rooms.h"

namespace stratabox {
namespace {

HKEY Key(const Call& call, size_t at) { return static_cast<HKEY>(call.Handle(at)); }

// createKey(parent, path, options): REG_OPTION_… such as volatile (1) or create-link (2).
Napi::Value CreateKey(const Napi::CallbackInfo& info) {
  Call call(info, "RegCreateKeyEx");
  HKEY key = nullptr;
  LONG error = RegCreateKeyExW(Key(call, 0), call.Text(1).c_str(), 0, nullptr, call.Unsigned(2), KEY_ALL_ACCESS, nullptr, &key, nullptr);
  if (error != ERROR_SUCCESS) call.Fail(error);
  return HandleValue(call.Env(), key);
}

Napi::Value OpenKey(const Napi::CallbackInfo& info) {
  Call call(info, "RegOpenKeyEx");
  HKEY key = nullptr;
  LONG error = RegOpenKeyExW(Key(call, 0), call.TextOr(1).c_str(), call.Unsigned(2), call.Unsigned(3), &key);
  if (error != ERROR_SUCCESS) call.Fail(error);
  return HandleValue(call.Env(), key);
}

void SetValue(const Napi::CallbackInfo& info) {
  Call call(info, "RegSetValueEx");
  std::span<uint8_t> bytes = call.Bytes(3);
  LONG error = RegSetValueExW(Key(call, 0), call.Text(1).c_str(), 0, call.Unsigned(2), bytes.data(), static_cast<DWORD>(bytes.size()));
  if (error != ERROR_SUCCESS) call.Fail(error);
}

// RegEnumKeyEx: the names of all subkeys.
Napi::Value Subkeys(const Napi::CallbackInfo& info) {
  Call call(info, "RegEnumKeyEx");
  Napi::Array names = Napi::Array::New(call.Env());
  for (DWORD index = 0;; index++) {
    wchar_t name[256];
    DWORD length = 256;
    LONG error = RegEnumKeyExW(Key(call, 0), index, name, &length, nullptr, nullptr, nullptr, nullptr);
    if (error == ERROR_NO_MORE_ITEMS) return names;
    if (error != ERROR_SUCCESS) call.Fail(error);
    names.Set(index, Napi::String::New(call.Env(), std::u16string(name, name + length)));
  }
}

// RegEnumValue: [name, type, bytes] of each value.
Napi::Value Values(const Napi::CallbackInfo& info) {
  Call call(info, "RegEnumValue");
  HKEY key = Key(call, 0);
  Napi::Array values = Napi::Array::New(call.Env());
  std::vector<wchar_t> name(16384);
  std::vector<uint8_t> bytes(1024);
  for (DWORD index = 0;;) {
    DWORD length = static_cast<DWORD>(name.size());
    DWORD size = static_cast<DWORD>(bytes.size());
    DWORD type = 0;
    LONG error = RegEnumValueW(key, index, name.data(), &length, nullptr, &type, bytes.data(), &size);
    if (error == ERROR_NO_MORE_ITEMS) return values;
    if (error == ERROR_MORE_DATA) {
      bytes.resize(std::max<size_t>(size, bytes.size() * 2));
      continue;
    }
    if (error != ERROR_SUCCESS) call.Fail(error);
    Napi::Array value = Napi::Array::New(call.Env(), 3);
    value.Set(0u, Napi::String::New(call.Env(), std::u16string(name.data(), name.data() + length)));
    value.Set(1u, Napi::Number::New(call.Env(), type));
    value.Set(2u, BytesValue(call.Env(), bytes.data(), size));
    values.Set(index++, value);
  }
}

void DeleteTree(const Napi::CallbackInfo& info) {
  Call call(info, "RegDeleteTree");
  LONG error = RegDeleteTreeW(Key(call, 0), call.Text(1).c_str());
  if (error != ERROR_SUCCESS && error != ERROR_FILE_NOT_FOUND) call.Fail(error);
}

// A link itself: RegDeleteTree would follow it.
void DeleteLink(const Napi::CallbackInfo& info) {
  Call call(info, "NtDeleteKey");
  using Delete = LONG(WINAPI*)(HANDLE);
  static const auto remove = Optional<Delete>(L"ntdll.dll", "NtDeleteKey");
  if (remove == nullptr) call.Missing();
  LONG status = remove(call.Handle(0));
  if (status < 0) call.FailStatus(status);
}

void CloseKey(const Napi::CallbackInfo& info) {
  Call call(info, "RegCloseKey");
  LONG error = RegCloseKey(Key(call, 0));
  if (error != ERROR_SUCCESS) call.Fail(error);
}

// loadHive(file): the root key of a hive file that is loaded for this process alone, and unloaded with its last handle.
Napi::Value LoadHive(const Napi::CallbackInfo& info) {
  Call call(info, "RegLoadAppKey");
  HKEY key = nullptr;
  LONG error = RegLoadAppKeyW(call.Text(0).c_str(), &key, KEY_ALL_ACCESS, 0, 0);
  if (error != ERROR_SUCCESS) call.Fail(error);
  return HandleValue(call.Env(), key);
}

// overrideKey(process, thread, predefined, key): before its own code runs, the suspended process takes `key` (a handle it inherits) for a predefined key
// such as HKEY_LOCAL_MACHINE. Asynchronous calls on its first thread: they are made when the loader is done, and system DLLs lie at one address in all
// processes. The first loads advapi32, which not every program does by itself.
void OverrideKey(const Napi::CallbackInfo& info) {
  Call call(info, "NtQueueApcThread");
  using Queue = LONG(WINAPI*)(HANDLE, void*, void*, void*, void*);
  static const auto queue = Optional<Queue>(L"ntdll.dll", "NtQueueApcThread");
  static auto* override = Optional<void*>(L"advapi32.dll", "RegOverridePredefKey");
  static auto* load = Optional<void*>(L"kernel32.dll", "LoadLibraryW");
  if (queue == nullptr || override == nullptr || load == nullptr) call.Missing();
  static constexpr wchar_t kLibrary[] = L"advapi32.dll";
  HANDLE process = call.Handle(0);
  void* name = VirtualAllocEx(process, nullptr, sizeof(kLibrary), MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
  if (name == nullptr || !WriteProcessMemory(process, name, kLibrary, sizeof(kLibrary), nullptr)) call.Fail(GetLastError());
  LONG status = queue(call.Handle(1), load, name, nullptr, nullptr);
  if (status < 0) call.FailStatus(status);
  auto predefined = reinterpret_cast<void*>(static_cast<intptr_t>(static_cast<int32_t>(call.Unsigned(2))));
  status = queue(call.Handle(1), override, predefined, call.Handle(3), nullptr);
  if (status < 0) call.FailStatus(status);
}

}  // namespace

void InitRegistry(Napi::Env env, Napi::Object exports) {
  exports.Set("createKey", Napi::Function::New(env, CreateKey));
  exports.Set("openKey", Napi::Function::New(env, OpenKey));
  exports.Set("setKeyValue", Napi::Function::New(env, SetValue));
  exports.Set("subkeys", Napi::Function::New(env, Subkeys));
  exports.Set("keyValues", Napi::Function::New(env, Values));
  exports.Set("deleteKeyTree", Napi::Function::New(env, DeleteTree));
  exports.Set("deleteKeyLink", Napi::Function::New(env, DeleteLink));
  exports.Set("closeKey", Napi::Function::New(env, CloseKey));
  exports.Set("loadHive", Napi::Function::New(env, LoadHive));
  exports.Set("overrideKey", Napi::Function::New(env, OverrideKey));
}

}  // namespace stratabox
