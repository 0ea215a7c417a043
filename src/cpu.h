/* Which instruction sets this processor can run. */
#ifndef FASTMLP_CPU_H
#define FASTMLP_CPU_H

#include "common.h"

/* AVX2 with FMA. */
bool cpu_has_avx2(void);

/* AVX-512 F, with a system that saves its registers. */
bool cpu_has_avx512(void);

#endif
