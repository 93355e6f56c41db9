// The smallest program: no C library, exit status 0. What is left of a start is what starting costs. With -DIDLE it waits for ever instead.
//   cc -O2 -static -nostdlib -o true true.c
void _start(void) {
#if defined(__x86_64__)
#if defined(IDLE)
  for (;;) __asm__ volatile("mov $34, %%eax\n syscall" ::: "rax", "rcx", "r11", "memory");
#endif
  __asm__ volatile("xor %edi, %edi\n mov $60, %eax\n syscall");
#elif defined(__aarch64__)
#if defined(IDLE)
  for (;;) __asm__ volatile("mov x0, #0\n mov x1, #0\n mov x2, #0\n mov x3, #0\n mov x8, #73\n svc #0" ::: "x0", "x1", "x2", "x3", "x8", "memory");
#endif
  __asm__ volatile("mov x0, #0\n mov x8, #93\n svc #0");
#else
#error "no exit for this machine"
#endif
}
