// PID 1 of a sandbox: starts processes on request, reaps, tells Node.
#pragma once
#include <signal.h>

#include <cstdint>

namespace stratabox {

/** What the supervisor ignores: a Ctrl-C in the terminal is Node's to handle, and end of file on the channel ours. */
constexpr int kIgnoredSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

/** What PID 1 passes out in its first message. -1: nothing. */
extern int hand_out_root;
extern int hand_out_upper;

/** The child's whole life from the clone on: the plan, then PID 1. `is_blank`: the rest of the plan comes through kRestSocket. Does not return. */
[[noreturn]] void RunSandbox(uint32_t id, const char* plan, unsigned long size, bool is_blank);

}  // namespace stratabox
