// A terminal's bytes: pts(4), pipe(7), poll(2). Done here and not in Node, whose libuv spins while a terminal takes no input, and loses the rest of the
// output when a terminal is hung up.
#include "linux/supervisor/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace stratabox {

namespace {

constexpr char kEndOfFile = 4;  // Ctrl-D, the VEOF of a new terminal (termios(3))

struct Buffer {
  char bytes[4096];
  size_t size;
  bool is_full() const { return size == sizeof bytes; }
};

struct Pump {
  uint32_t request;
  int master;
  int in;   // what is typed; -1 when there will be no more
  int out;  // what the programs write
  bool is_line_start;
  bool owes_end;  // the end-of-file character is still to be typed
  bool is_hung;         // no program has the terminal open
  bool has_lost_leader;  // the command has ended
  Buffer typed;
  Buffer written;
};

// In .bss and filled from the front: a sandbox without terminals touches none of it.
Pump pumps[kMaxPumps];
int pump_count = 0;

void CloseOne(int* fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/** Closing the master hangs the terminal up. */
void Stop(Pump* pump) {
  CloseOne(&pump->in);
  CloseOne(&pump->out);
  CloseOne(&pump->master);
}

/** Reads what fits. False at the end of the file, or on an error, but for those that say "later". */
bool Fill(int fd, Buffer* buffer) {
  const ssize_t got = read(fd, buffer->bytes + buffer->size, sizeof buffer->bytes - buffer->size);
  if (got > 0) buffer->size += static_cast<size_t>(got);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/** Writes what is taken. False when nothing ever will be. */
bool Empty(int fd, Buffer* buffer) {
  const ssize_t put = write(fd, buffer->bytes, buffer->size);
  if (put < 0) return errno == EAGAIN || errno == EINTR;
  buffer->size -= static_cast<size_t>(put);
  memmove(buffer->bytes, buffer->bytes + put, buffer->size);
  return true;
}

void Type(Pump* pump) {
  if (!Fill(pump->in, &pump->typed)) {
    CloseOne(&pump->in);
    pump->owes_end = true;
  } else if (pump->typed.size > 0) {
    pump->is_line_start = pump->typed.bytes[pump->typed.size - 1] == '\n';
  }
}

/** In the middle of a line the first end-of-file character only ends that line. */
void TypeEnd(Pump* pump) {
  pump->owes_end = false;
  pump->typed.bytes[0] = pump->typed.bytes[1] = kEndOfFile;
  pump->typed.size = pump->is_line_start ? 1 : 2;
}

void Run(Pump* pump, short master, short in, short out) {
  // Nobody reads what is written: Node has ended it.
  if ((out & (POLLERR | POLLNVAL)) != 0) return Stop(pump);
  if (in != 0) Type(pump);
  if (pump->typed.size == 0 && pump->owes_end) TypeEnd(pump);
  // One that is hung up is not polled, but tried at every chance.
  if (master != 0 || pump->is_hung) {
    // EIO: no program has the terminal open, and what is typed is lost, as it is at a real one.
    if (pump->typed.size > 0 && !Empty(pump->master, &pump->typed)) pump->typed.size = 0;
    // EIO here comes after all that was written.
    if (!pump->written.is_full()) pump->is_hung = !Fill(pump->master, &pump->written);
  }
  if (pump->written.size > 0 && !Empty(pump->out, &pump->written)) return Stop(pump);
  // Not before its leader has ended, which often closes the terminal first: a hang-up would kill it by SIGHUP on its way out.
  if (pump->is_hung && pump->has_lost_leader && pump->written.size == 0) Stop(pump);
}

}  // namespace

bool HasRoomForPump() {
  return pump_count < kMaxPumps;
}

void AddPump(uint32_t request, int master, int in, int out) {
  Pump* pump = &pumps[pump_count++];
  pump->request = request;
  pump->master = master;
  pump->in = in;
  pump->out = out;
  pump->is_line_start = true;
  pump->owes_end = pump->is_hung = pump->has_lost_leader = false;
  pump->typed.size = pump->written.size = 0;
  const int all[] = {master, in, out};
  for (const int fd : all) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void ResizeTerminal(uint32_t request, int64_t columns, int64_t rows) {
  struct winsize size = {};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  for (int k = 0; k < pump_count; k++)
    if (pumps[k].request == request) ioctl(pumps[k].master, TIOCSWINSZ, &size);
}

void EndLeader(uint32_t request) {
  for (int k = 0; k < pump_count; k++) {
    if (pumps[k].request != request) continue;
    pumps[k].has_lost_leader = true;
    // Polled once more, for the rest.
    pumps[k].is_hung = false;
  }
}

bool IsPumpHung() {
  for (int k = 0; k < pump_count; k++)
    if (pumps[k].is_hung) return true;
  return false;
}

int PumpPolls(struct pollfd* polls) {
  for (int k = 0; k < pump_count; k++) {
    const Pump& pump = pumps[k];
    const bool wants_output = !pump.written.is_full();
    const bool has_input = pump.typed.size > 0;
    const short events = static_cast<short>((wants_output ? POLLIN : 0) | (has_input ? POLLOUT : 0));
    // A hang-up is told whether it was asked for or not, so what nothing is wanted of is left out.
    polls[0] = {events == 0 || pump.is_hung ? -1 : pump.master, events, 0};
    polls[1] = {has_input || pump.is_hung ? -1 : pump.in, POLLIN, 0};
    polls[2] = {pump.out, static_cast<short>(pump.written.size > 0 ? POLLOUT : 0), 0};
    polls += kPollsPerPump;
  }
  return pump_count * kPollsPerPump;
}

void RunPumps(const struct pollfd* polls) {
  const int count = pump_count;
  for (int k = 0; k < count; k++, polls += kPollsPerPump) Run(&pumps[k], polls[0].revents, polls[1].revents, polls[2].revents);
  for (int k = 0; k < pump_count; k++)
    if (pumps[k].master < 0) pumps[k--] = pumps[--pump_count];
}

}  // namespace stratabox
