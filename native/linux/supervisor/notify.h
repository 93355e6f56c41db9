// seccomp_unotify(2): system calls that a filter hands to PID 1. Each is refused at once; Node hears of them counted, and not too often.
#pragma once
#include <poll.h>

namespace stratabox {

constexpr int kListeners = 1024;

/** Whether another listener can be taken. */
bool HasRoomForListener();
/** Takes a filter's listener over: its calls are answered with `error` until nothing runs under that filter any more. */
void TakeListener(int listener, int error);
/** Fills in what to poll; returns how many (kListeners at most). */
int ListenersToPoll(struct pollfd* out);
/** Answers what `polled`, as it came from ListenersToPoll, says is waiting. */
void AnswerCalls(const struct pollfd* polled, int count);
/** Tells Node what was refused since the last time, if it is time. Never waits for Node. */
void ReportDenials(int socket);
/** When ReportDenials must be called again: null for never. */
const struct timespec* ReportDue(struct timespec* out);

}  // namespace stratabox
