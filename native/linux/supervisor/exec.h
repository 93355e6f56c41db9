// Starting one command inside: everything between PID 1's vfork and the user's program.
#pragma once
#include <sys/types.h>

#include "linux/supervisor/message.h"
#include "linux/supervisor/status.h"

namespace stratabox {

// kSpawn: ints   uid, gid, capability mask, flags, argc, open files (-1 as is), file size (-1), core size, umask, columns and rows of the terminal,
//                filter flags (seccomp(2)), errno for calls that the filter hands over, data segment (-1), processes of the user (-1)
//         strings cwd, arguments (each with its NUL), environment, search path, supplementary gids (u32s), seccomp filter
//         fds    stdin or none (kNullStdin), stdout, stderr, then the user namespace (kInUserns). With kTerminal the first three are two: a pipe
//                 with what is typed, and one for what is written
constexpr int64_t kNullStdin = 1;
constexpr int64_t kInUserns = 2;
constexpr int64_t kSetGroups = 4;
constexpr int64_t kTerminal = 8;

/** What PID 1 keeps of a started command, for the caller of Spawn to close; -1: it has none. */
struct Spawned {
  int master;    // its terminal's
  int listener;  // its filter's, to be answered
};

/** The new process's pid (as PID 1 sees it), or -1 and why. Returns when the program runs. */
pid_t Spawn(const Step& request, const int* fds, int fd_count, Spawned* out, StepResult* failure);

}  // namespace stratabox
