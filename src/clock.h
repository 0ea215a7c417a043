/* The clock by which training is divided into slices and measured. */
#ifndef FASTMLP_CLOCK_H
#define FASTMLP_CLOCK_H

/* Seconds on a clock that never goes back. */
double clock_seconds(void);

#endif
