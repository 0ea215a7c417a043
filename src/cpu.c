#include "cpu.h"

/* gcc for Windows aligns the stack to 16 bytes only and may fault where it spills a wider vector. */
#if defined(_WIN32) && !defined(__clang__)
#define WIDE_VECTORS_ARE_SAFE 0
#else
#define WIDE_VECTORS_ARE_SAFE 1
#endif

#if defined(__x86_64__) && WIDE_VECTORS_ARE_SAFE

bool cpu_has_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool cpu_has_avx512(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && cpu_has_avx2();
}

#else

bool cpu_has_avx2(void) { return false; }

bool cpu_has_avx512(void) { return false; }

#endif
