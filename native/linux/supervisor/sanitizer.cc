// Sanitizer builds: the runtime's options, since the supervisor starts with an empty environment.
#if defined(__SANITIZE_ADDRESS__)

extern "C" {

// Looked up by name from the runtime, so neither has a declaration of ours.
const char* __asan_default_options();
const char* __ubsan_default_options();

// No search for leaks: it stops the process by ptrace(2), which a sandbox's PID 1 may not be. A fault is told of even though main() resets all signals.
const char* __asan_default_options() {
  return "detect_leaks=0:handle_segv=2:handle_sigbus=2:handle_sigfpe=2:handle_sigill=2";
}

const char* __ubsan_default_options() {
  return "print_stacktrace=1";
}

}  // extern "C"

#endif
