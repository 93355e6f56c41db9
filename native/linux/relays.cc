// Published connections: one epoll(7) thread passes on the bytes of all of them, so that Node's event loop has no part in it.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "linux/relay.h"
#include "linux/rooms.h"
#include "napi/errors.h"

namespace stratabox {

namespace {

constexpr uint64_t kStop = ~0ULL;

class Relays {
 public:
  Relays() : events_(epoll_create1(EPOLL_CLOEXEC)), stop_(eventfd(0, EFD_CLOEXEC)) {}

  ~Relays() {
    const uint64_t one = 1;
    if (thread_.joinable() && write(stop_, &one, sizeof one) == sizeof one) thread_.join();
    if (stop_ >= 0) close(stop_);
    if (events_ >= 0) close(events_);
  }

  /** False and errno when there are no descriptors left. */
  bool Start() {
    if (events_ < 0 || stop_ < 0) return false;
    struct epoll_event event = {EPOLLIN, {.u64 = kStop}};
    if (epoll_ctl(events_, EPOLL_CTL_ADD, stop_, &event) != 0) return false;
    // Node's signals are its own threads' to take.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { Loop(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return true;
  }

  bool Add(std::unique_ptr<Relay> relay) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const uint64_t number = next_++;
    // Each edge is told once, and what is ready already counts as one.
    for (int side = 0; side < 2; side++) {
      struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.u64 = number}};
      if (epoll_ctl(events_, EPOLL_CTL_ADD, relay->socket(side), &event) != 0) return false;
    }
    relays_.emplace(number, std::move(relay));
    return true;
  }

  void Stop(uint32_t group) {
    const std::lock_guard<std::mutex> guard(mutex_);
    std::erase_if(relays_, [group](const auto& entry) { return entry.second->group() == group; });
  }

 private:
  void Loop() {
    std::vector<uint64_t> again;
    for (;;) {
      struct epoll_event ready[64];
      const int count = epoll_wait(events_, ready, 64, again.empty() ? -1 : 0);
      if (count < 0 && errno != EINTR) return;
      std::vector<uint64_t> turn;
      turn.swap(again);
      for (int k = 0; k < count; k++) {
        if (ready[k].data.u64 == kStop) return;
        turn.push_back(ready[k].data.u64);
      }
      for (const uint64_t number : turn)
        if (Run(number)) again.push_back(number);
    }
  }

  /** Whether it has more to do. */
  bool Run(uint64_t number) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto relay = relays_.find(number);
    // Ended since this was told.
    if (relay == relays_.end()) return false;
    const Relay::State state = relay->second->Run();
    if (state == Relay::State::kOver) relays_.erase(relay);
    return state == Relay::State::kMoreToDo;
  }

  const int events_;
  const int stop_;
  std::thread thread_;
  std::mutex mutex_;
  std::map<uint64_t, std::unique_ptr<Relay>> relays_;
  uint64_t next_ = 0;
};

Relays* relays = nullptr;

void StopAll(void*) {
  delete relays;
  relays = nullptr;
}

void EnsureStarted(Napi::Env env) {
  if (relays != nullptr) return;
  auto started = std::make_unique<Relays>();
  if (!started->Start()) throw SyscallError(env, errno, "epoll_create1");
  relays = started.release();
  napi_add_env_cleanup_hook(env, StopAll, nullptr);
}

void AddRelay(const Napi::CallbackInfo& info) {
  EnsureStarted(info.Env());
  int copies[2];
  for (size_t k = 0; k < 2; k++) {
    copies[k] = fcntl(info[k + 1].As<Napi::Number>().Int32Value(), F_DUPFD_CLOEXEC, 0);
    if (copies[k] >= 0) continue;
    const int error = errno;
    if (k == 1) close(copies[0]);
    throw SyscallError(info.Env(), error, "fcntl");
  }
  auto relay = std::make_unique<Relay>(copies[0], copies[1], info[0].As<Napi::Number>().Uint32Value());
  if (!relay->Open()) throw SyscallError(info.Env(), errno, "pipe2");
  if (!relays->Add(std::move(relay))) throw SyscallError(info.Env(), errno, "epoll_ctl");
}

void StopRelays(const Napi::CallbackInfo& info) {
  if (relays != nullptr) relays->Stop(info[0].As<Napi::Number>().Uint32Value());
}

}  // namespace

void InitRelays(Napi::Env env, Napi::Object exports) {
  exports.Set("relay", Napi::Function::New(env, AddRelay));
  exports.Set("stopRelays", Napi::Function::New(env, StopRelays));
}

}  // namespace stratabox
