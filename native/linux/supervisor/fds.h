// Which descriptor numbers mean what, in the supervisor and in a child that shares its table until close_range(2) splits it.
#pragma once
#include <cstdint>

#include "linux/supervisor/status.h"

namespace stratabox {

constexpr int kInitSocket = 10;  // PID 1's own socket to Node
constexpr int kRestSocket = 11;  // on which a child that was made ahead gets the rest of its plan
constexpr int kSlotBase = 16;    // the plan's slots
constexpr int kSlots = 144;
constexpr int kHigh = 176;       // everything that outlives one plan; a child drops all from here on

inline int SlotFd(int64_t slot) { return kSlotBase + static_cast<int>(slot); }
inline bool IsSlot(int64_t slot) { return slot >= 0 && slot < kSlots; }

/** dup3(2) to a fixed number, close-on-exec, and closes the original. */
StepResult MoveTo(int fd, int target);
/** The same fd at a number of kHigh or more; -1 and errno when there is none. */
int MoveHigh(int fd);
/** Closes the numbers that belong to one plan. */
void CloseSlots();

}  // namespace stratabox
