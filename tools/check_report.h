/* What the check programs in C share: failures that count, the worst of many errors, measures of error. */
#ifndef FASTMLP_CHECK_REPORT_H
#define FASTMLP_CHECK_REPORT_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "common.h"

/* The largest error so far and where it arose. */
typedef struct worst {
  double error;
  float at;
} worst;

void worst_update(worst *w, double error, float at);

/* Prints a largest error beside its bound; beyond the bound it is a failure. */
void report(const char *what, const char *unit, worst w, double bound);

/* Prints what does not hold; that is a failure. */
void expect(bool holds, const char *what);

/* Prints the number of failures; the program's exit status. */
int report_end(void);

/* The float with these bits. */
static inline float float_of_bits(uint32_t bits) {
  union {
    uint32_t u;
    float f;
  } value = {bits};
  return value.f;
}

/* Limits +-Inf to +-2^128, where floats overflow to it. */
static inline double bounded(double x) { return x > 0x1p128 ? 0x1p128 : x < -0x1p128 ? -0x1p128 : x; }

/* Relative error; where the exact result is below `small`, relative to that. */
static inline double relative_error(float got, double exact, double small) {
  if (isinf(got) || isnan(got)) return got == (float)exact ? 0 : INFINITY;
  if (isinf((float)exact)) exact = bounded(exact);
  return fabs(got - exact) / fmax(fabs(exact), small);
}

/* An absolute error in roundings of a number of a size. */
static inline double error_in_roundings(double actual, double exact, double size) {
  return fabs(actual - exact) / (0x1p-24 * size + 1e-300);
}

/* A pseudorandom number from -scale / 2 to scale / 2. */
static inline float random_float(double scale) { return (float)(scale * (rand() / (double)RAND_MAX - .5)); }

/* n floats on a cache line. */
static inline float *take_floats(size_t n) {
  float *floats = aligned_alloc(ALIGNMENT, (n + PANEL - 1) / PANEL * PANEL * sizeof *floats);
  if (!floats) abort();
  return floats;
}

#endif
