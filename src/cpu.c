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

#if defined(__x86_64__)

uint64_t cpu_flush_subnormals(void) {
  const unsigned flush_results = 1u << 15, flush_operands = 1u << 6;
  unsigned state = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(state | flush_results | flush_operands);
  return state;
}

void cpu_restore(uint64_t state) { __builtin_ia32_ldmxcsr((unsigned)state); }

#elif defined(__aarch64__)

uint64_t cpu_flush_subnormals(void) {
  const uint64_t flush = UINT64_C(1) << 24;
  uint64_t state;
  __asm__ __volatile__("mrs %0, fpcr" : "=r"(state));
  __asm__ __volatile__("msr fpcr, %0" : : "r"(state | flush));
  return state;
}

void cpu_restore(uint64_t state) { __asm__ __volatile__("msr fpcr, %0" : : "r"(state)); }

#else

uint64_t cpu_flush_subnormals(void) { return 0; }

void cpu_restore(uint64_t state) { (void)state; }

#endif
