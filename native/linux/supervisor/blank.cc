// A child made ahead of its sandbox. Descriptors travel in the order of the steps that they belong to, PID 1's socket first.
#include "linux/supervisor/blank.h"

#include <fcntl.h>
#include <unistd.h>

#include "linux/supervisor/fds.h"
#include "linux/supervisor/plan.h"
#include "linux/supervisor/prepare.h"
#include "linux/supervisor/rooms.h"

namespace stratabox {

namespace {

/** What the supervisor opens for the child: its own trees, and groups that the ids inside may not join. */
bool HasDescriptor(const Step& step) {
  return step.op == kOpenTree || step.op == kAttachGroup;
}

/** The descriptor of a step that has one, the caller's to close; -1 and why. */
int OpenFor(const Step& step, StepResult* result) {
  int fd = -1;
  if (step.op == kAttachGroup) {
    fd = open(step.text(0), O_WRONLY | O_CLOEXEC);
    *result = Check(fd >= 0, "open", step.text(0));
    return fd;
  }
  *result = Prepare(nullptr, step, nullptr);
  if (!result->ok()) return -1;
  fd = fcntl(SlotFd(step.i[0]), F_DUPFD_CLOEXEC, kHigh);
  *result = Check(fd >= 0, "fcntl");
  return fd;
}

}  // namespace

StepResult Resume(Sandbox* sandbox, Message* message, const char** room) {
  *room = "plan";
  if (sandbox == nullptr || sandbox->rest < 0 || sandbox->closing || message->fd_count < 1 || message->mapped) return {EINVAL, "resume", ""};
  Reader reader(message->data, message->size);
  uint32_t ignored;
  Step step;
  StepResult result;
  Preparation none;
  int fds[kMaxFds] = {message->fds[0]};
  int count = 1;
  reader.Id(&ignored);
  while (result.ok() && reader.Next(&step)) {
    *room = RoomOf(step.op);
    // It is in its namespaces and in its v2 group since the clone.
    if (step.op == kNamespaces || step.op == kIntoGroup || step.op == kOomScore) result = {EINVAL, "resume", ""};
    else if (!SlotsInRange(step)) result = {EBADF, "slot", ""};
    else if (!HasDescriptor(step)) result = Prepare(sandbox, step, &none);
    else if (count == kMaxFds) result = {E2BIG, "resume", ""};
    else if (const int fd = OpenFor(step, &result); fd >= 0) fds[count++] = fd;
  }
  // A child that has died says so by its pidfd.
  if (result.ok()) SendRaw(sandbox->rest, message->data, message->size, fds, count);
  for (int k = 1; k < count; k++) close(fds[k]);
  CloseSlots();
  close(sandbox->rest);
  sandbox->rest = -1;
  return result;
}

bool TakeSlots(const Message& rest) {
  Reader reader(rest.data, rest.size);
  uint32_t ignored;
  Step step;
  // Out of the way first: they came at the lowest free numbers, which may be those that others of them are to have.
  int fds[kMaxFds];
  for (int k = 0; k < rest.fd_count; k++) fds[k] = MoveHigh(rest.fds[k]);
  int next = 0;
  if (!reader.Id(&ignored) || rest.fd_count < 1 || !MoveTo(fds[next++], kInitSocket).ok()) return false;
  while (reader.Next(&step)) {
    if (!HasDescriptor(step)) continue;
    if (next == rest.fd_count) return false;
    const int fd = fds[next++];
    if (step.op == kAttachGroup) PassGroup(fd);
    else if (!MoveTo(fd, SlotFd(step.i[0])).ok()) return false;
  }
  close(kRestSocket);
  return true;
}

}  // namespace stratabox
