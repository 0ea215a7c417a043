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

static const uint64_t FLUSH = 1 << 15 | 1 << 6; /* results, operands */

static uint64_t read_state(void) { return __builtin_ia32_stmxcsr(); }

void cpu_restore(uint64_t state) { __builtin_ia32_ldmxcsr((unsigned)state); }

#elif defined(__aarch64__)

static const uint64_t FLUSH = UINT64_C(1) << 24;

static uint64_t read_state(void) {
  uint64_t state;
  __asm__ __volatile__("mrs %0, fpcr" : "=r"(state));
  return state;
}

void cpu_restore(uint64_t state) { __asm__ __volatile__("msr fpcr, %0" : : "r"(state)); }

#else

static const uint64_t FLUSH = 0;

static uint64_t read_state(void) { return 0; }

void cpu_restore(uint64_t state) { (void)state; }

#endif

uint64_t cpu_flush_subnormals(void) {
  uint64_t state = read_state();
  cpu_restore(state | FLUSH);
  return state;
}

uint64_t cpu_keep_subnormals(void) {
  uint64_t state = read_state();
  cpu_restore(state & ~FLUSH);
  return state;
}
