#include "cpu.h"

#if defined(__x86_64__) || defined(__i386__)

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
