// A window station and a desktop of their own: no window of the user's can be seen or sent messages. Source: Win32 "Window Stations".
#include "windows/call.h"
#include "windows/rooms.h"

namespace stratabox {
namespace {

// createDesktop(station, desktop, security): [station handle, desktop handle]. The calling thread's own station is put back before this returns.
Napi::Value MakeDesktop(const Napi::CallbackInfo& info) {
  Call call(info, "CreateWindowStation");
  std::wstring station_name = call.Text(0);
  std::wstring desktop_name = call.Text(1);
  // Without a descriptor of its own, a process of a lower integrity could not open it, and would not start.
  SECURITY_ATTRIBUTES security{sizeof(security), call.Bytes(2).data(), FALSE};
  HWINSTA before = GetProcessWindowStation();
  HWINSTA station = CreateWindowStationW(station_name.c_str(), 0, WINSTA_ALL_ACCESS, &security);
  if (station == nullptr) call.Fail(GetLastError());
  // CreateDesktop makes its desktop in the station of the process.
  if (!SetProcessWindowStation(station)) {
    DWORD error = GetLastError();
    CloseWindowStation(station);
    call.Fail(error);
  }
  HDESK desktop = CreateDesktopW(desktop_name.c_str(), nullptr, nullptr, 0, GENERIC_ALL, &security);
  DWORD error = GetLastError();
  SetProcessWindowStation(before);
  if (desktop == nullptr) {
    CloseWindowStation(station);
    Call(info, "CreateDesktop").Fail(error);
  }
  Napi::Array result = Napi::Array::New(call.Env(), 2);
  result.Set(0u, HandleValue(call.Env(), station));
  result.Set(1u, HandleValue(call.Env(), desktop));
  return result;
}

void RemoveDesktop(const Napi::CallbackInfo& info) {
  Call call(info, "CloseDesktop");
  if (!CloseDesktop(static_cast<HDESK>(call.Handle(1)))) call.Fail(GetLastError());
  if (!CloseWindowStation(static_cast<HWINSTA>(call.Handle(0)))) call.Fail(GetLastError());
}

}  // namespace

void InitDesktop(Napi::Env env, Napi::Object exports) {
  exports.Set("createDesktop", Napi::Function::New(env, MakeDesktop));
  exports.Set("closeDesktop", Napi::Function::New(env, RemoveDesktop));
}

}  // namespace stratabox
