// Messages and descriptors between Node and the sandboxes: unix(7) SOCK_SEQPACKET, which Node's own sockets refuse. One epoll(7) thread and one
// thread-safe function serve every channel, so a sandbox costs no thread, no timer and no handle.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <vector>

#include "linux/outbox.h"
#include "linux/rooms.h"
#include "napi/errors.h"

namespace stratabox {

namespace {

constexpr size_t kMessageMax = 128 * 1024;
constexpr size_t kFdMax = 16;

struct Delivery {
  int channel;
  bool end;
  std::vector<char> bytes;
  std::vector<int> fds;
};

/** Plain C calls: while the environment is torn down every one of them may fail, and a C++ exception here would end the process. */
bool Hand(napi_env env, napi_value receiver, const Delivery& delivery) {
  napi_value args[3], number, undefined;
  if (napi_create_int32(env, delivery.channel, &args[0]) != napi_ok || napi_get_undefined(env, &undefined) != napi_ok) return false;
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

void Deliver(Napi::Env env, Napi::Function receiver, Delivery* delivery) {
  const std::unique_ptr<Delivery> owned(delivery);
  // Descriptors that nobody got would stay open.
  if (env == nullptr || !Hand(env, receiver, *owned))
    for (const int fd : owned->fds) close(fd);
}

struct Receiver {
  Napi::ThreadSafeFunction function;
  int events = -1;
  int stop = -1;  // an eventfd: readable when the thread shall end
  std::thread thread;
};
Receiver* receiver = nullptr;
Outbox outbox;

/** One message, or the end of the channel: at the end it is taken out of the epoll set first, so it is told once. False when the environment is
 *  closing: after that the thread-safe function must not be touched again. */
bool ReadOne(int channel) {
  static thread_local std::vector<char> buffer(kMessageMax);
  struct iovec vector = {buffer.data(), buffer.size()};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * kFdMax)];
  struct msghdr header = {};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(channel, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  auto delivery = std::make_unique<Delivery>();
  delivery->channel = channel;
  delivery->end = got <= 0;
  if (delivery->end) {
    epoll_ctl(receiver->events, EPOLL_CTL_DEL, channel, nullptr);
    outbox.Drop(channel);
  } else {
    delivery->bytes.assign(buffer.data(), buffer.data() + got);
    for (struct cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
      const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      delivery->fds.resize(count);
      memcpy(delivery->fds.data(), CMSG_DATA(part), count * sizeof(int));
    }
  }
  const napi_status status = receiver->function.NonBlockingCall(delivery.get(), Deliver);
  if (status == napi_ok) delivery.release();
  return status != napi_closing;
}

void Loop() {
  struct epoll_event ready[64];
  for (;;) {
    const int count = epoll_wait(receiver->events, ready, 64, -1);
    if (count < 0 && errno != EINTR) return;
    for (int k = 0; k < count; k++) {
      const int channel = ready[k].data.fd;
      if (channel == receiver->stop) return;
      if ((ready[k].events & EPOLLOUT) != 0) outbox.Flush(receiver->events, channel);
      if ((ready[k].events & ~EPOLLOUT) != 0 && !ReadOne(channel)) return;
    }
  }
}

/** Ends the thread before the environment frees the function it calls: hooks run last in, first out, and this one is added after that one's. */
void Stop(void*) {
  const uint64_t one = 1;
  if (write(receiver->stop, &one, sizeof one) == sizeof one) receiver->thread.join();
  close(receiver->stop);
  close(receiver->events);
  outbox.DropAll();
  delete receiver;
  receiver = nullptr;
}

void OnMessage(const Napi::CallbackInfo& info) {
  if (receiver != nullptr) throw Napi::TypeError::New(info.Env(), "a receiver is set already");
  receiver = new Receiver();
  receiver->events = epoll_create1(EPOLL_CLOEXEC);
  if (receiver->events < 0) throw SyscallError(info.Env(), errno, "epoll_create1");
  receiver->function = Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "stratabox channels", 0, 1);
  receiver->function.Unref(info.Env());
  receiver->stop = eventfd(0, EFD_CLOEXEC);
  struct epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = receiver->stop;
  if (receiver->stop < 0 || epoll_ctl(receiver->events, EPOLL_CTL_ADD, receiver->stop, &event) != 0)
    throw SyscallError(info.Env(), errno, "eventfd");
  receiver->thread = std::thread(Loop);
  napi_add_env_cleanup_hook(info.Env(), Stop, nullptr);
}

void Watch(const Napi::CallbackInfo& info) {
  if (!Interest(receiver->events, EPOLL_CTL_ADD, info[0].As<Napi::Number>().Int32Value(), EPOLLIN)) throw SyscallError(info.Env(), errno, "epoll_ctl");
}

void Unwatch(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>().Int32Value();
  outbox.Drop(fd);
  if (epoll_ctl(receiver->events, EPOLL_CTL_DEL, fd, nullptr) != 0 && errno != ENOENT && errno != EBADF) throw SyscallError(info.Env(), errno, "epoll_ctl");
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
  const int channel = info[0].As<Napi::Number>().Int32Value();
  const auto bytes = info[1].As<Napi::Uint8Array>();
  const auto list = info[2].As<Napi::Array>();
  if (list.Length() > kOutgoingFdMax) throw Napi::RangeError::New(info.Env(), "too many descriptors for one message");
  std::vector<int> fds;
  for (uint32_t k = 0; k < list.Length(); k++) fds.push_back(list.Get(k).As<Napi::Number>().Int32Value());
  const int error = outbox.Send(receiver->events, channel, bytes.Data(), bytes.ByteLength(), fds);
  if (error != 0) throw SyscallError(info.Env(), error, "sendmsg");
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
  exports.Set("unwatch", Napi::Function::New(env, Unwatch));
  exports.Set("send", Napi::Function::New(env, SendMessage));
  exports.Set("ref", Napi::Function::New(env, Ref));
}

}  // namespace stratabox
