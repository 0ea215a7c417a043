/* A loop of multiply-adds on registers, the fastest that the processor can do. Compile with
   -ffp-contract=fast, which makes a product and a sum one FMA.

   Every accumulator depends only on itself, and there are more of them than latency times throughput asks
   for, so nothing but the FMA units limits the loop. */
#ifndef FASTMLP_BENCH_FMA_H
#define FASTMLP_BENCH_FMA_H

#include <stdio.h>
#include <stdlib.h>

enum { ACCUMULATORS = 12 };

#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)

/* A loop over named accumulators (an array would be spilled), which returns something made from all of
   them. The empty asm keeps each in a register and the compiler from folding rounds together. */
#define DECLARE(i) vector sum##i = {(float)i};
#define MULTIPLY_ADD(i)    \
  sum##i = sum##i * x + y; \
  __asm__ volatile("" : "+v"(sum##i));
#define TOTAL(i) x += sum##i;
#define FMA_LOOP(name, bytes, features)                              \
  __attribute__((target(features))) static float name(long rounds) { \
    typedef float vector __attribute__((vector_size(bytes)));        \
    vector x = {.999f}, y = {.001f};                                 \
    EACH(DECLARE)                                                    \
    for (long round = 0; round < rounds; round++) {                  \
      EACH(MULTIPLY_ADD)                                             \
    }                                                                \
    EACH(TOTAL)                                                      \
    return x[0];                                                     \
  }

FMA_LOOP(loop_avx512, 64, "avx512f")
FMA_LOOP(loop_avx2, 32, "avx2,fma")

typedef struct fma_loop {
  const char *name;
  float (*run)(long rounds);
  int lanes;
} fma_loop;

static fma_loop widest(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return (fma_loop){"avx512", loop_avx512, 16};
  if (__builtin_cpu_supports("avx2")) return (fma_loop){"avx2", loop_avx2, 8};
  fprintf(stderr, "peak: neither AVX-512 nor AVX2 here\n");
  exit(1);
}

/* Floating-point operations of so many rounds. */
static inline double fma_flops(fma_loop loop, long rounds) {
  return 2.0 * loop.lanes * ACCUMULATORS * (double)rounds;
}

#endif
