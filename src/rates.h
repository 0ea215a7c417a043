/* Factors of the learning rate and the like, one a step, which come in runs while training goes on. */
#ifndef FASTMLP_RATES_H
#define FASTMLP_RATES_H

#include "common.h"

/* What has factors, each its own. */
typedef enum rate_kind { RATE_LEARN, RATE_DECAY, RATE_DROPOUT, RATE_KINDS } rate_kind;

/* Those of the steps first .. first + count - 1; without any every factor is 1. */
typedef struct rates {
  double *factor; /* [count] */
  size_t count;
  double first;
} rates;

/* Copies the factors of the steps from `first` on, at least one, in place of all earlier ones. */
status rates_set(rates *rates, const double *factor, size_t count, double first);

void rates_free(rates *rates);

/* The factor at a step; behind the last one known, that one. */
double rates_at(const rates *rates, double step);

/* Whether there are factors, but none for this step. */
bool rates_used_up(const rates *rates, double step);

#endif
