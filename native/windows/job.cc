// Job objects. Source: Win32 "Job Objects". What goes in and out as bytes is laid out in TypeScript; the assertions below hold it to the headers.
#include <cstddef>

#include "windows/call.h"
#include "windows/rooms.h"

namespace stratabox {
namespace {

// src/sandbox/job/layouts.ts writes these offsets.
static_assert(sizeof(JOBOBJECT_BASIC_LIMIT_INFORMATION) == 64);
static_assert(offsetof(JOBOBJECT_BASIC_LIMIT_INFORMATION, PerJobUserTimeLimit) == 8);
static_assert(offsetof(JOBOBJECT_BASIC_LIMIT_INFORMATION, LimitFlags) == 16);
static_assert(offsetof(JOBOBJECT_BASIC_LIMIT_INFORMATION, ActiveProcessLimit) == 40);
static_assert(offsetof(JOBOBJECT_BASIC_LIMIT_INFORMATION, Affinity) == 48);
static_assert(offsetof(JOBOBJECT_BASIC_LIMIT_INFORMATION, PriorityClass) == 56);
static_assert(sizeof(JOBOBJECT_EXTENDED_LIMIT_INFORMATION) == 144);
static_assert(offsetof(JOBOBJECT_EXTENDED_LIMIT_INFORMATION, ProcessMemoryLimit) == 112);
static_assert(offsetof(JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobMemoryLimit) == 120);
static_assert(offsetof(JOBOBJECT_EXTENDED_LIMIT_INFORMATION, PeakProcessMemoryUsed) == 128);
static_assert(offsetof(JOBOBJECT_EXTENDED_LIMIT_INFORMATION, PeakJobMemoryUsed) == 136);
static_assert(sizeof(JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION) == 96);
static_assert(offsetof(JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, TotalProcesses) == 36);
static_assert(offsetof(JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, ActiveProcesses) == 40);
static_assert(offsetof(JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION, IoInfo) == 48);
static_assert(offsetof(IO_COUNTERS, ReadTransferCount) == 24);
static_assert(offsetof(IO_COUNTERS, WriteTransferCount) == 32);
static_assert(offsetof(JOBOBJECT_BASIC_PROCESS_ID_LIST, ProcessIdList) == 8);

Napi::Value CreateJob(const Napi::CallbackInfo& info) {
  Call call(info, "CreateJobObject");
  std::wstring name = call.TextOr(0);
  SetLastError(ERROR_SUCCESS);
  HANDLE job = CreateJobObjectW(nullptr, name.empty() ? nullptr : name.c_str());
  DWORD error = GetLastError();
  if (job == nullptr) call.Fail(error);
  // A name that is taken gives the other's job: what was meant to be new would share its fate.
  if (error == ERROR_ALREADY_EXISTS) {
    CloseHandle(job);
    call.Fail(error);
  }
  return HandleValue(call.Env(), job);
}

Napi::Value OpenJob(const Napi::CallbackInfo& info) {
  Call call(info, "OpenJobObject");
  HANDLE job = OpenJobObjectW(JOB_OBJECT_ALL_ACCESS, FALSE, call.Text(0).c_str());
  if (job == nullptr) call.Fail(GetLastError());
  return HandleValue(call.Env(), job);
}

void SetJob(const Napi::CallbackInfo& info) {
  Call call(info, "SetInformationJobObject");
  std::span<uint8_t> bytes = call.Bytes(2);
  BOOL ok = SetInformationJobObject(call.Handle(0), static_cast<JOBOBJECTINFOCLASS>(call.Unsigned(1)), bytes.data(),
                                    static_cast<DWORD>(bytes.size()));
  if (!ok) call.Fail(GetLastError());
}

Napi::Value QueryJob(const Napi::CallbackInfo& info) {
  Call call(info, "QueryInformationJobObject");
  std::vector<uint8_t> bytes(call.Unsigned(2));
  DWORD size = 0;
  BOOL ok = QueryInformationJobObject(call.Handle(0), static_cast<JOBOBJECTINFOCLASS>(call.Unsigned(1)), bytes.data(),
                                      static_cast<DWORD>(bytes.size()), &size);
  DWORD error = GetLastError();
  // A list of processes that does not fit is given as far as it does, and says how long it is.
  if (!ok && error != ERROR_MORE_DATA) call.Fail(error);
  return BytesValue(call.Env(), bytes.data(), ok ? size : bytes.size());
}

void AssignProcess(const Napi::CallbackInfo& info) {
  Call call(info, "AssignProcessToJobObject");
  Owned process(OpenProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, FALSE, call.Unsigned(1)));
  if (!process) call.Fail(GetLastError());
  if (!AssignProcessToJobObject(call.Handle(0), process.get())) call.Fail(GetLastError());
}

void TerminateJob(const Napi::CallbackInfo& info) {
  Call call(info, "TerminateJobObject");
  if (!TerminateJobObject(call.Handle(0), call.Unsigned(1))) call.Fail(GetLastError());
}

// JOBOBJECT_IO_RATE_CONTROL_INFORMATION; not in every header.
struct IoRate {
  LONG64 max_iops;
  LONG64 max_bandwidth;
  LONG64 reservation_iops;
  const wchar_t* volume;
  ULONG base_io_size;
  ULONG flags;
};

void SetIoRate(const Napi::CallbackInfo& info) {
  Call call(info, "SetIoRateControlInformationJobObject");
  using Set = DWORD(WINAPI*)(HANDLE, IoRate*);
  static const auto set = Optional<Set>(L"kernel32.dll", "SetIoRateControlInformationJobObject");
  if (set == nullptr) call.Missing();
  std::wstring volume = call.TextOr(3);
  auto number = [&](size_t at) { return static_cast<LONG64>(info[at].As<Napi::Number>().Int64Value()); };
  IoRate rate{number(1), number(2), 0, volume.empty() ? nullptr : volume.c_str(), 0, 1 /* ENABLE */};
  if (set(call.Handle(0), &rate) == 0) call.Fail(GetLastError());
}

}  // namespace

void InitJob(Napi::Env env, Napi::Object exports) {
  exports.Set("createJob", Napi::Function::New(env, CreateJob));
  exports.Set("openJob", Napi::Function::New(env, OpenJob));
  exports.Set("setJob", Napi::Function::New(env, SetJob));
  exports.Set("queryJob", Napi::Function::New(env, QueryJob));
  exports.Set("assignProcess", Napi::Function::New(env, AssignProcess));
  exports.Set("terminateJob", Napi::Function::New(env, TerminateJob));
  exports.Set("setIoRate", Napi::Function::New(env, SetIoRate));
}

}  // namespace stratabox
