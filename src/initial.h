/* Initial weights, from the counter-based generator. */
#ifndef FASTMLP_INITIAL_H
#define FASTMLP_INITIAL_H

#include "rng.h"

/* How the spread of a layer's weights follows from its inputs (fan in) and units (fan out). */
typedef enum initial_scale {
  INITIAL_FIXED,  /* parameter */
  INITIAL_GLOROT, /* sqrt(2 / (fan in + fan out)) */
  INITIAL_HE,     /* sqrt(2 / fan in) */
  INITIAL_LECUN   /* sqrt(1 / fan in) */
} initial_scale;

typedef struct initial {
  initial_scale scale;
  bool uniform;     /* U(-a, a) with a = sqrt(3) * sd (INITIAL_FIXED: a = parameter); otherwise N(0, sd^2) */
  double parameter; /* INITIAL_FIXED: sd, or the bound a */
  bool zero_last;   /* the last layer starts at zero */
  double bias;      /* sd of the biases */
} initial;

/* Fills weight[inputs x units], column-major, with float32-representable values for layer `layer` of
 * `layers`. */
void initial_weights(const initial *initial, const uint32_t key[2], int layer, int layers, size_t inputs,
                     size_t units, double *weight);

/* Fills bias[units] likewise. */
void initial_biases(const initial *initial, const uint32_t key[2], int layer, int layers, size_t inputs,
                    size_t units, double *bias);

#endif
