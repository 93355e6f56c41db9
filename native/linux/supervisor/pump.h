// What goes between a terminal's master, which never leaves PID 1, and the two pipes to Node.
#pragma once
#include <poll.h>

#include <cstdint>

namespace stratabox {

// Not more than devpts gives out (TERMINALS_MAX in src/rootfs/system-dirs.ts).
constexpr int kMaxPumps = 256;
constexpr int kPollsPerPump = 3;

/** Whether another terminal can be served. */
bool HasRoomForPump();
/** Takes the three descriptors. `request` is the command's. */
void AddPump(uint32_t request, int master, int in, int out);
/** ioctl_tty(2) TIOCSWINSZ on the terminal of a command, if it has one still: the kernel tells the programs. */
void ResizeTerminal(uint32_t request, int64_t columns, int64_t rows);

/** The command has ended: its terminal ends when no other program has it open either. */
void EndLeader(uint32_t request);
/** Whether a command has closed its terminal and lives: it may open it again, which poll(2) does not tell. */
bool IsPumpHung();

/** What all pumps wait for: fills `polls`, which has room for kMaxPumps * kPollsPerPump, and returns how many. */
int PumpPolls(struct pollfd* polls);
/** Does what poll(2) said can be done. Never blocks. */
void RunPumps(const struct pollfd* polls);

}  // namespace stratabox
