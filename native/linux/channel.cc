// Messages and descriptors between Node and the sandboxes: unix(7) SOCK_SEQPACKET, which Node's own sockets refuse. One thread (channels.h) and one
// thread-safe function serve every channel, so a sandbox costs no thread, no timer and no handle.
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "linux/channels.h"
#include "linux/rooms.h"
#include "napi/errors.h"

namespace stratabox {

namespace {

struct Receiver {
  Napi::ThreadSafeFunction function;
  Channels channels;
};
Receiver* receiver = nullptr;

/** Plain C calls: while the environment is torn down every one of them may fail, and a C++ exception here would end the process. */
bool Hand(napi_env env, napi_value receiver, const Incoming& delivery) {
  napi_value args[3], number, undefined;
  if (napi_create_uint32(env, delivery.channel, &args[0]) != napi_ok || napi_get_undefined(env, &undefined) != napi_ok) return false;
  if ((delivery.end ? napi_get_null(env, &args[1])
                    : napi_create_buffer_copy(env, delivery.bytes.size(), delivery.bytes.data(), nullptr, &args[1])) != napi_ok)
    return false;
  if (napi_create_array_with_length(env, delivery.fds.size(), &args[2]) != napi_ok) return false;
  for (uint32_t k = 0; k < delivery.fds.size(); k++)
    if (napi_create_int32(env, delivery.fds[k], &number) != napi_ok || napi_set_element(env, args[2], k, number) != napi_ok) return false;
  const napi_status called = napi_call_function(env, undefined, receiver, 3, args, nullptr);
  napi_value error;
  // As if a timer's callback had thrown: 'uncaughtException', with the stack.
  if (called == napi_pending_exception && napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  return called == napi_ok || called == napi_pending_exception;
}

void Deliver(Napi::Env env, Napi::Function function, Incoming* delivery) {
  const std::unique_ptr<Incoming> owned(delivery);
  if (receiver != nullptr) receiver->channels.Consumed(owned->channel);
  // Descriptors that nobody got would stay open.
  if (env == nullptr || !Hand(env, function, *owned)) CloseReceived(owned->fds);
}

/** On the channels' thread. Once the environment is closing, the thread-safe function must not be touched again. */
bool Enqueue(std::unique_ptr<Incoming> incoming) {
  const napi_status status = receiver->function.NonBlockingCall(incoming.get(), Deliver);
  if (status == napi_ok) incoming.release();
  else CloseReceived(incoming->fds);
  return status != napi_closing;
}

/** Ends the thread before the environment frees the function it calls: hooks run last in, first out, and this one is added after that one's. */
void Stop(void*) {
  receiver->channels.Stop();
  delete receiver;
  receiver = nullptr;
}

void OnMessage(const Napi::CallbackInfo& info) {
  if (receiver != nullptr) throw Napi::TypeError::New(info.Env(), "a receiver is set already");
  receiver = new Receiver();
  receiver->function = Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "stratabox channels", 0, 1);
  receiver->function.Unref(info.Env());
  const int error = receiver->channels.Start(Enqueue);
  if (error != 0) throw SyscallError(info.Env(), error, "epoll_create1");
  napi_add_env_cleanup_hook(info.Env(), Stop, nullptr);
}

Napi::Value Watch(const Napi::CallbackInfo& info) {
  const uint32_t id = receiver->channels.Watch(info[0].As<Napi::Number>().Int32Value());
  if (id == 0) throw SyscallError(info.Env(), errno, "epoll_ctl");
  return Napi::Number::New(info.Env(), id);
}

void CloseChannel(const Napi::CallbackInfo& info) {
  receiver->channels.Close(info[0].As<Napi::Number>().Uint32Value());
}

void Discard(const Napi::CallbackInfo& info) {
  const auto list = info[0].As<Napi::Array>();
  std::vector<int> fds;
  for (uint32_t k = 0; k < list.Length(); k++) fds.push_back(list.Get(k).As<Napi::Number>().Int32Value());
  receiver->channels.Discard(fds);
}

void Ref(const Napi::CallbackInfo& info) {
  if (info[0].As<Napi::Boolean>().Value()) receiver->function.Ref(info.Env());
  else receiver->function.Unref(info.Env());
}

Napi::Value SocketPair(const Napi::CallbackInfo& info) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw SyscallError(info.Env(), errno, "socketpair");
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, Napi::Number::New(info.Env(), ends[0]));
  result.Set(1u, Napi::Number::New(info.Env(), ends[1]));
  return result;
}

Napi::Value Pipe(const Napi::CallbackInfo& info) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw SyscallError(info.Env(), errno, "pipe2");
  const int ours = info[0].As<Napi::String>().Utf8Value() == "read" ? ends[0] : ends[1];
  fcntl(ours, F_SETFL, fcntl(ours, F_GETFL) | O_NONBLOCK);
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, Napi::Number::New(info.Env(), ends[0]));
  result.Set(1u, Napi::Number::New(info.Env(), ends[1]));
  return result;
}

void Fchown(const Napi::CallbackInfo& info) {
  if (fchown(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Uint32Value(), info[2].As<Napi::Number>().Uint32Value()) != 0)
    throw SyscallError(info.Env(), errno, "fchown");
}

Napi::Value Memfd(const Napi::CallbackInfo& info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const int fd = memfd_create("stratabox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) throw SyscallError(info.Env(), errno, "memfd_create");
  for (size_t at = 0; at < bytes.ByteLength();) {
    const ssize_t written = write(fd, bytes.Data() + at, bytes.ByteLength() - at);
    if (written < 0) {
      const int error = errno;
      close(fd);
      throw SyscallError(info.Env(), error, "write");
    }
    at += static_cast<size_t>(written);
  }
  fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return Napi::Number::New(info.Env(), fd);
}

void SendMessage(const Napi::CallbackInfo& info) {
  const auto bytes = info[1].As<Napi::Uint8Array>();
  const auto list = info[2].As<Napi::Array>();
  if (list.Length() > kOutgoingFdMax) throw Napi::RangeError::New(info.Env(), "too many descriptors for one message");
  Outgoing message;
  for (uint32_t k = 0; k < list.Length(); k++) {
    // The caller closes its own meanwhile, and the number could soon be another file's.
    const int copy = fcntl(list.Get(k).As<Napi::Number>().Int32Value(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw SyscallError(info.Env(), errno, "fcntl");
    message.fds.push_back(copy);
  }
  message.bytes.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  if (!receiver->channels.Send(info[0].As<Napi::Number>().Uint32Value(), std::move(message))) throw SyscallError(info.Env(), EPIPE, "sendmsg");
}

}  // namespace

void InitChannel(Napi::Env env, Napi::Object exports) {
  exports.Set("startSupervisor", Napi::Function::New(env, StartSupervisor));
  exports.Set("socketPair", Napi::Function::New(env, SocketPair));
  exports.Set("pipe", Napi::Function::New(env, Pipe));
  exports.Set("fchown", Napi::Function::New(env, Fchown));
  exports.Set("memfd", Napi::Function::New(env, Memfd));
  exports.Set("onMessage", Napi::Function::New(env, OnMessage));
  exports.Set("watch", Napi::Function::New(env, Watch));
  exports.Set("closeChannel", Napi::Function::New(env, CloseChannel));
  exports.Set("discard", Napi::Function::New(env, Discard));
  exports.Set("send", Napi::Function::New(env, SendMessage));
  exports.Set("ref", Napi::Function::New(env, Ref));
}

}  // namespace stratabox
