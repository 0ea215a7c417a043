/* Functions in double that two check programs compare with. */
#ifndef FASTMLP_CHECK_EXACT_H
#define FASTMLP_CHECK_EXACT_H

#include <math.h>

/* Beyond +-40 the leading term is exact in double, and quicker. */
static inline double softplus_exact(double x) {
  if (fabs(x) > 40) return x > 0 ? x : exp(x);
  return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

static inline double sigmoid_exact(double x) {
  if (fabs(x) > 40) return x > 0 ? 1 : exp(x);
  return 1 / (1 + exp(-x));
}

static inline double bell_exact(double x) { return exp(-x * x / 2); }

/* P(N(0, 1) > x). */
static inline double tail_exact(double x) { return erfc(x * M_SQRT1_2) / 2; }

#endif
