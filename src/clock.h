/* The clocks by which training is divided into slices and measured. */
#ifndef FASTMLP_CLOCK_H
#define FASTMLP_CLOCK_H

#include <stdint.h>

/* Seconds on a clock that never goes back. */
double clock_seconds(void);

/* A counter that takes a few nanoseconds to read and grows evenly, at a rate that clock_seconds() tells. */
uint64_t clock_ticks(void);

#endif
