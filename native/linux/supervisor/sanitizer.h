// What AddressSanitizer must be told where this code does what it does not expect; nothing in other builds.
#pragma once
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace stratabox {

/** The frames on a stack are gone without having returned (execve(2), _exit(2)): what marked their bounds goes too. */
inline void ForgetFrames([[maybe_unused]] void* stack, [[maybe_unused]] size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(stack, size);
#endif
}

}  // namespace stratabox
