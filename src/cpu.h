/* What this processor can run, and how it treats numbers close to zero. */
#ifndef FASTMLP_CPU_H
#define FASTMLP_CPU_H

#include "common.h"

/* AVX2 with FMA. */
bool cpu_has_avx2(void);

/* AVX-512 F, with a system that saves its registers. */
bool cpu_has_avx512(void);

/* From here on the calling thread takes subnormal numbers (below 1.2e-38) for zero, read or written: for each
   of them processors may take a hundred cycles, and decaying moments are full of them. Returns the state
   before. */
uint64_t cpu_flush_subnormals(void);

/* From here on it takes them for what they are; returns the state before. */
uint64_t cpu_keep_subnormals(void);

/* Back to a state that one of these returned. */
void cpu_restore(uint64_t state);

#endif
