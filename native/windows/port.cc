// One completion port and one thread for all jobs and processes of this Node process. Source: Win32 "I/O Completion Ports", JOBOBJECT_ASSOCIATE_COMPLETION_PORT.
#include <thread>

#include "windows/call.h"
#include "windows/rooms.h"

namespace stratabox {
namespace {

// The kinds of src/native/windows-binding.ts. A job's message codes are below 16.
constexpr DWORD kProcessEnded = 100;

struct Message {
  DWORD kind;
  uint32_t key;
  uint32_t value;
};

HANDLE port = nullptr;
Napi::ThreadSafeFunction receiver;

void Deliver(Napi::Env env, Napi::Function callback, Message* message) {
  Message own = *message;
  delete message;
  if (env == nullptr) return;
  callback.Call({Napi::Number::New(env, own.kind), Napi::Number::New(env, own.key), Napi::Number::New(env, own.value)});
}

[[noreturn]] void Receive() {
  for (;;) {
    DWORD kind = 0;
    ULONG_PTR key = 0;
    OVERLAPPED* value = nullptr;
    // A job sends its message's code as the byte count, and a process id as the overlapped pointer.
    if (!GetQueuedCompletionStatus(port, &kind, &key, &value, INFINITE) && value == nullptr) continue;
    auto* message = new Message{kind, static_cast<uint32_t>(key), static_cast<uint32_t>(reinterpret_cast<uintptr_t>(value))};
    if (receiver.NonBlockingCall(message, Deliver) != napi_ok) delete message;
  }
}

void OnMessage(const Napi::CallbackInfo& info) {
  Call call(info, "CreateIoCompletionPort");
  if (port != nullptr) call.Fail(ERROR_ALREADY_EXISTS);
  port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
  if (port == nullptr) call.Fail(GetLastError());
  receiver = Napi::ThreadSafeFunction::New(call.Env(), info[0].As<Napi::Function>(), "stratabox", 0, 1);
  receiver.Unref(call.Env());
  std::thread(Receive).detach();
}

void WatchJob(const Napi::CallbackInfo& info) {
  Call call(info, "SetInformationJobObject");
  JOBOBJECT_ASSOCIATE_COMPLETION_PORT association{};
  association.CompletionKey = reinterpret_cast<void*>(static_cast<uintptr_t>(call.Unsigned(1)));
  association.CompletionPort = port;
  BOOL ok = SetInformationJobObject(call.Handle(0), JobObjectAssociateCompletionPortInformation, &association, sizeof(association));
  if (!ok) call.Fail(GetLastError());
}

struct Watch {
  HANDLE process;
  uint32_t key;
  HANDLE wait;
};

void CALLBACK Ended(void* context, BOOLEAN) {
  auto* watch = static_cast<Watch*>(context);
  DWORD code = 0;
  GetExitCodeProcess(watch->process, &code);
  PostQueuedCompletionStatus(port, kProcessEnded, watch->key, reinterpret_cast<OVERLAPPED*>(static_cast<uintptr_t>(code)));
  // Null: does not wait for this very callback.
  UnregisterWaitEx(watch->wait, nullptr);
  CloseHandle(watch->process);
  delete watch;
}

void WatchProcess(const Napi::CallbackInfo& info) {
  Call call(info, "RegisterWaitForSingleObject");
  HANDLE own = nullptr;
  if (!DuplicateHandle(GetCurrentProcess(), call.Handle(0), GetCurrentProcess(), &own, 0, FALSE, DUPLICATE_SAME_ACCESS))
    call.Fail(GetLastError());
  auto* watch = new Watch{own, call.Unsigned(1), nullptr};
  // The process is suspended still, so the callback cannot come before `wait` is there.
  if (!RegisterWaitForSingleObject(&watch->wait, own, Ended, watch, INFINITE, WT_EXECUTEONLYONCE)) {
    DWORD error = GetLastError();
    CloseHandle(own);
    delete watch;
    call.Fail(error);
  }
}

}  // namespace

void InitPort(Napi::Env env, Napi::Object exports) {
  exports.Set("onMessage", Napi::Function::New(env, OnMessage));
  exports.Set("watchJob", Napi::Function::New(env, WatchJob));
  exports.Set("watchProcess", Napi::Function::New(env, WatchProcess));
}

}  // namespace stratabox
