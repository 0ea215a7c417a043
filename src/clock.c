#if defined(__linux__)
#define _DEFAULT_SOURCE /* clock_gettime under a strict standard */
#endif
#include "clock.h"

#include <time.h>

double clock_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#if defined(__x86_64__)
uint64_t clock_ticks(void) { return __builtin_ia32_rdtsc(); }
#elif defined(__aarch64__)
uint64_t clock_ticks(void) {
  uint64_t ticks;
  __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
}
#else
uint64_t clock_ticks(void) { return (uint64_t)(clock_seconds() * 1e9); }
#endif
