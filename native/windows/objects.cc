// Directories of the object manager's namespace, for named objects that only their users find. Source: NT "NtCreateDirectoryObject" (in no Win32 header).
#include "windows/call.h"
#include "windows/nt.h"
#include "windows/rooms.h"

namespace stratabox {
namespace {

constexpr ACCESS_MASK kDirectoryAllAccess = 0xF000F;
constexpr ACCESS_MASK kLinkAllAccess = 0xF0001;

/** A name below a directory, as NT calls take it. */
class Named {
 public:
  Named(HANDLE root, std::wstring name) : text_(std::move(name)) {
    string_ = {static_cast<USHORT>(text_.size() * sizeof(wchar_t)), static_cast<USHORT>(text_.size() * sizeof(wchar_t)), text_.data()};
    attributes_ = {sizeof(ObjectAttributes), root, &string_, kCaseInsensitive, nullptr, nullptr};
  }
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;
  ObjectAttributes* attributes() { return &attributes_; }
  UnicodeString* string() { return &string_; }

 private:
  std::wstring text_;
  UnicodeString string_;
  ObjectAttributes attributes_;
};

// createObjectDirectory(parent or 0, name)
Napi::Value CreateObjectDirectory(const Napi::CallbackInfo& info) {
  Call call(info, "NtCreateDirectoryObject");
  using Create = LONG(WINAPI*)(HANDLE*, ACCESS_MASK, ObjectAttributes*);
  static const auto create = Optional<Create>(L"ntdll.dll", "NtCreateDirectoryObject");
  if (create == nullptr) call.Missing();
  Named named(call.Handle(0), call.Text(1));
  HANDLE directory = nullptr;
  LONG status = create(&directory, kDirectoryAllAccess, named.attributes());
  if (status < 0) call.FailStatus(status);
  return HandleValue(call.Env(), directory);
}

// createObjectLink(directory, name, target)
Napi::Value CreateObjectLink(const Napi::CallbackInfo& info) {
  Call call(info, "NtCreateSymbolicLinkObject");
  using Create = LONG(WINAPI*)(HANDLE*, ACCESS_MASK, ObjectAttributes*, UnicodeString*);
  static const auto create = Optional<Create>(L"ntdll.dll", "NtCreateSymbolicLinkObject");
  if (create == nullptr) call.Missing();
  Named named(call.Handle(0), call.Text(1));
  Named target(nullptr, call.Text(2));
  HANDLE link = nullptr;
  LONG status = create(&link, kLinkAllAccess, named.attributes(), target.string());
  if (status < 0) call.FailStatus(status);
  return HandleValue(call.Env(), link);
}

// createEvent(directory, name): whether it is new.
Napi::Value CreateNamedEvent(const Napi::CallbackInfo& info) {
  Call call(info, "NtCreateEvent");
  using Create = LONG(WINAPI*)(HANDLE*, ACCESS_MASK, ObjectAttributes*, int, BOOLEAN);
  static const auto create = Optional<Create>(L"ntdll.dll", "NtCreateEvent");
  if (create == nullptr) call.Missing();
  Named named(call.Handle(0), call.Text(1));
  HANDLE event = nullptr;
  LONG status = create(&event, EVENT_ALL_ACCESS, named.attributes(), 0, FALSE);
  if (status < 0) call.FailStatus(status);
  return HandleValue(call.Env(), event);
}

}  // namespace

void InitObjects(Napi::Env env, Napi::Object exports) {
  exports.Set("createObjectDirectory", Napi::Function::New(env, CreateObjectDirectory));
  exports.Set("createObjectLink", Napi::Function::New(env, CreateObjectLink));
  exports.Set("createEvent", Napi::Function::New(env, CreateNamedEvent));
}

}  // namespace stratabox
