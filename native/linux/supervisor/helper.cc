// The file helper's loop: one request, one answer.
#include "linux/supervisor/helper.h"

#include <signal.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/supervisor/channel.h"
#include "linux/supervisor/fds.h"
#include "linux/supervisor/rooms.h"
#include "linux/supervisor/sandbox.h"

namespace stratabox {

namespace {

pid_t helpers[8];
int helper_count = 0;

void Answer(const Message& message) {
  Reader reader(message.data, message.size);
  uint32_t id;
  Step step;
  if (!reader.Id(&id) || !reader.Next(&step) || message.fd_count < 1) return;
  Writer reply(id, kFsReply);
  Writer failed(id, kFsReply);
  reply.Int(0);
  FileAnswer answer = FileRequest(step, message.fds, message.fd_count, id, &reply);
  if (answer.result.ok() && reply.full()) answer.result = {E2BIG, "answer", ""};
  if (!answer.result.ok()) Send(kInitSocket, failed.Int(answer.result.error).Text(answer.result.syscall));
  else if (answer.memfd >= 0) SendMemfd(kInitSocket, id, answer.memfd);
  else Send(kInitSocket, reply, &answer.fd, answer.fd >= 0 ? 1 : 0);
  if (answer.fd >= 0) close(answer.fd);
  if (answer.memfd >= 0) close(answer.memfd);
}

void Run(void*) {
  prctl(PR_SET_NAME, "stratabox-files", 0, 0, 0);
  umask(0);
  if (!SetIds(id_map.mode != 2).ok()) _exit(1);
  // So that files can be made in somebody's name (setfsuid) with all powers kept.
  if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0) _exit(1);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (!DieWithParent(kInitSocket).ok()) _exit(1);
  syscall(SYS_close_range, 3, kInitSocket - 1, 0);
  syscall(SYS_close_range, kInitSocket + 1, ~0U, 0);
  for (;;) {
    Message message;
    if (Receive(kInitSocket, &message) <= 0) _exit(0);
    Answer(message);
    message.CloseFds();
    message.Release();
  }
}

}  // namespace

StepResult StartHelper(int socket) {
  if (helper_count == 8) {
    close(socket);
    return {EAGAIN, "helper", ""};
  }
  StepResult result = MoveTo(socket, kInitSocket);
  if (result.ok()) result = CloneMapped(0, -1, kKeepOomScore, Run, nullptr, &helpers[helper_count]);
  CloseSlots();
  if (result.ok()) helper_count++;
  return result;
}

void ReapHelpers() {
  for (int k = 0; k < helper_count; k++)
    if (waitpid(helpers[k], nullptr, WNOHANG) == helpers[k]) helpers[k--] = helpers[--helper_count];
}

}  // namespace stratabox
