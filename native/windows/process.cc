// Starting, stopping and asking processes. Source: Win32 CreateProcess, UpdateProcThreadAttribute, "Inheritance".
#include <algorithm>

#include "windows/call.h"
#include "windows/rooms.h"

#ifndef PROC_THREAD_ATTRIBUTE_JOB_LIST
#define PROC_THREAD_ATTRIBUTE_JOB_LIST 0x0002000D
#endif
#ifndef PROC_THREAD_ATTRIBUTE_HANDLE_LIST
#define PROC_THREAD_ATTRIBUTE_HANDLE_LIST 0x00020002
#endif
#ifndef PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES
#define PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES 0x00020009
#endif
#ifndef PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY
#define PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY 0x00020007
#endif
#ifndef PROC_THREAD_ATTRIBUTE_CHILD_PROCESS_POLICY
#define PROC_THREAD_ATTRIBUTE_CHILD_PROCESS_POLICY 0x0002000E
#endif

namespace stratabox {
namespace {

/** A list of process attributes. The values must outlive it. */
class Attributes {
 public:
  explicit Attributes(DWORD count) {
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(nullptr, count, 0, &size);
    bytes_.resize(size);
    isValid_ = InitializeProcThreadAttributeList(list(), count, 0, &size);
  }
  ~Attributes() {
    if (isValid_) DeleteProcThreadAttributeList(list());
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  bool Add(DWORD_PTR attribute, void* value, SIZE_T size) {
    return isValid_ && UpdateProcThreadAttribute(list(), 0, attribute, value, size, nullptr, nullptr);
  }
  LPPROC_THREAD_ATTRIBUTE_LIST list() { return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(bytes_.data()); }

 private:
  std::vector<uint8_t> bytes_;
  bool isValid_ = false;
};

/** Handles that can be inherited while this lives, and no longer: whatever else starts a process meanwhile would leak them. */
class Inheritable {
 public:
  explicit Inheritable(std::vector<HANDLE> handles) : handles_(std::move(handles)) {
    for (HANDLE handle : handles_) SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
  }
  ~Inheritable() {
    for (HANDLE handle : handles_) SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0);
  }
  Inheritable(const Inheritable&) = delete;
  Inheritable& operator=(const Inheritable&) = delete;

 private:
  std::vector<HANDLE> handles_;
};

// createProcess(application, commandLine, environment, directory, [stdin, stdout, stderr], jobs, inherited, token, desktop, containerSid, mitigation)
// The process is suspended: resumeThread lets it go.
Napi::Value StartProcess(const Napi::CallbackInfo& info) {
  Call call(info, "CreateProcess");
  std::wstring application = call.TextOr(0);
  std::wstring command = call.Text(1);
  std::span<uint8_t> environment = call.Bytes(2);
  std::wstring directory = call.TextOr(3);
  std::vector<HANDLE> stdio = call.Handles(4);
  std::vector<HANDLE> jobs = call.Handles(5);
  std::vector<HANDLE> inherited = call.Handles(6);
  HANDLE token = call.Handle(7);
  std::wstring desktop = call.TextOr(8);
  SECURITY_CAPABILITIES container{};
  if (call.Has(9)) container.AppContainerSid = call.Bytes(9).data();
  DWORD64 mitigation = call.Unsigned(10);
  if (stdio.size() != 3) call.Fail(ERROR_INVALID_PARAMETER);

  inherited.insert(inherited.end(), stdio.begin(), stdio.end());
  std::sort(inherited.begin(), inherited.end());
  // A handle that stands twice in the list is ERROR_INVALID_PARAMETER.
  inherited.erase(std::unique(inherited.begin(), inherited.end()), inherited.end());

  Attributes attributes(4);
  if (!attributes.Add(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited.data(), inherited.size() * sizeof(HANDLE))) call.Fail(GetLastError());
  if (!jobs.empty() && !attributes.Add(PROC_THREAD_ATTRIBUTE_JOB_LIST, jobs.data(), jobs.size() * sizeof(HANDLE))) call.Fail(GetLastError());
  if (call.Has(9) && !attributes.Add(PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES, &container, sizeof(container))) call.Fail(GetLastError());
  if (mitigation != 0 && !attributes.Add(PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY, &mitigation, sizeof(mitigation))) call.Fail(GetLastError());

  STARTUPINFOEXW startup{};
  startup.StartupInfo.cb = sizeof(startup);
  startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  startup.StartupInfo.hStdInput = stdio[0];
  startup.StartupInfo.hStdOutput = stdio[1];
  startup.StartupInfo.hStdError = stdio[2];
  startup.StartupInfo.lpDesktop = desktop.empty() ? nullptr : desktop.data();
  startup.lpAttributeList = attributes.list();
  const DWORD flags = CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT | CREATE_NO_WINDOW;
  const wchar_t* program = application.empty() ? nullptr : application.c_str();
  const wchar_t* where = directory.empty() ? nullptr : directory.c_str();

  PROCESS_INFORMATION process{};
  BOOL ok;
  DWORD error;
  {
    Inheritable inheritable(inherited);
    ok = token == nullptr ? CreateProcessW(program, command.data(), nullptr, nullptr, TRUE, flags, environment.data(), where,
                                           &startup.StartupInfo, &process)
                          : CreateProcessAsUserW(token, program, command.data(), nullptr, nullptr, TRUE, flags, environment.data(), where,
                                                 &startup.StartupInfo, &process);
    error = GetLastError();
  }
  if (!ok) call.Fail(error);
  Napi::Object result = Napi::Object::New(call.Env());
  result.Set("pid", Napi::Number::New(call.Env(), process.dwProcessId));
  result.Set("process", HandleValue(call.Env(), process.hProcess));
  result.Set("thread", HandleValue(call.Env(), process.hThread));
  return result;
}

void Resume(const Napi::CallbackInfo& info) {
  Call call(info, "ResumeThread");
  if (ResumeThread(call.Handle(0)) == static_cast<DWORD>(-1)) call.Fail(GetLastError());
}

void Terminate(const Napi::CallbackInfo& info) {
  Call call(info, "TerminateProcess");
  if (!TerminateProcess(call.Handle(0), call.Unsigned(1))) call.Fail(GetLastError());
}

int64_t Ticks(const FILETIME& time) { return static_cast<int64_t>(time.dwHighDateTime) << 32 | time.dwLowDateTime; }

// GetProcessTimes: [user, kernel] in microseconds.
Napi::Value Times(const Napi::CallbackInfo& info) {
  Call call(info, "GetProcessTimes");
  FILETIME created, exited, kernel, user;
  if (!GetProcessTimes(call.Handle(0), &created, &exited, &kernel, &user)) call.Fail(GetLastError());
  Napi::Array result = Napi::Array::New(call.Env(), 2);
  result.Set(0u, Napi::Number::New(call.Env(), static_cast<double>(Ticks(user)) / 10));
  result.Set(1u, Napi::Number::New(call.Env(), static_cast<double>(Ticks(kernel)) / 10));
  return result;
}

// NtSuspendProcess and NtResumeProcess, which Win32 has no names for: every thread of a process at once.
void Freeze(const Napi::CallbackInfo& info) {
  bool isFrozen = info[1].As<Napi::Boolean>().Value();
  Call call(info, isFrozen ? "NtSuspendProcess" : "NtResumeProcess");
  using Act = LONG(WINAPI*)(HANDLE);
  auto act = Optional<Act>(L"ntdll.dll", isFrozen ? "NtSuspendProcess" : "NtResumeProcess");
  if (act == nullptr) call.Missing();
  Owned process(OpenProcess(PROCESS_SUSPEND_RESUME, FALSE, call.Unsigned(0)));
  if (!process) call.Fail(GetLastError());
  LONG status = act(process.get());
  if (status < 0) call.FailStatus(status);
}

// CreateFile for one end of a named pipe, or NUL: synchronous, as programs expect their stdio.
Napi::Value OpenStdio(const Napi::CallbackInfo& info) {
  Call call(info, "CreateFile");
  DWORD access = call.Flag(1) ? GENERIC_WRITE : GENERIC_READ;
  HANDLE file = CreateFileW(call.Text(0).c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0, nullptr);
  if (file == INVALID_HANDLE_VALUE) call.Fail(GetLastError());
  return HandleValue(call.Env(), file);
}

void Close(const Napi::CallbackInfo& info) {
  Call call(info, "CloseHandle");
  if (!CloseHandle(call.Handle(0))) call.Fail(GetLastError());
}

}  // namespace

void InitProcess(Napi::Env env, Napi::Object exports) {
  exports.Set("createProcess", Napi::Function::New(env, StartProcess));
  exports.Set("resumeThread", Napi::Function::New(env, Resume));
  exports.Set("terminateProcess", Napi::Function::New(env, Terminate));
  exports.Set("processTimes", Napi::Function::New(env, Times));
  exports.Set("freezeProcess", Napi::Function::New(env, Freeze));
  exports.Set("openStdio", Napi::Function::New(env, OpenStdio));
  exports.Set("closeHandle", Napi::Function::New(env, Close));
}

}  // namespace stratabox
