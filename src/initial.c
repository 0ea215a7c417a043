#include "initial.h"

#include <math.h>

static double sd_fixed(const initial *initial, double fan_in, double fan_out) {
  (void)fan_in, (void)fan_out;
  return initial->parameter;
}

static double sd_glorot(const initial *initial, double fan_in, double fan_out) {
  (void)initial;
  return sqrt(2 / (fan_in + fan_out));
}

static double sd_he(const initial *initial, double fan_in, double fan_out) {
  (void)initial, (void)fan_out;
  return sqrt(2 / fan_in);
}

static double sd_lecun(const initial *initial, double fan_in, double fan_out) {
  (void)initial, (void)fan_out;
  return sqrt(1 / fan_in);
}

typedef double (*sd_rule)(const initial *initial, double fan_in, double fan_out);
static const sd_rule sd_of[] = {[INITIAL_FIXED] = sd_fixed,
                                [INITIAL_GLOROT] = sd_glorot,
                                [INITIAL_HE] = sd_he,
                                [INITIAL_LECUN] = sd_lecun};

void initial_weights(const initial *initial, const uint32_t key[2], int layer, int layers, size_t inputs,
                     size_t units, double *weight) {
  double sd = sd_of[initial->scale](initial, (double)inputs, (double)units);
  double bound = initial->scale == INITIAL_FIXED ? sd : sqrt(3) * sd;
  bool zero = initial->zero_last && layer == layers - 1;
  rng rng = rng_make(key, RNG_STREAM_INIT, (uint32_t)layer);
  for (size_t i = 0; i < inputs * units; i++) {
    double draw = zero               ? 0
                  : initial->uniform ? bound * (2 * rng_uniform(&rng, i) - 1)
                                     : sd * rng_normal(&rng, i);
    weight[i] = (float)draw;
  }
}

/* Their draws follow those of the weights. */
void initial_biases(const initial *initial, const uint32_t key[2], int layer, int layers, size_t inputs,
                    size_t units, double *bias) {
  double sd = initial->zero_last && layer == layers - 1 ? 0 : initial->bias;
  rng rng = rng_make(key, RNG_STREAM_INIT, (uint32_t)layer);
  for (size_t j = 0; j < units; j++)
    bias[j] = sd > 0 ? (float)(sd * rng_normal(&rng, inputs * units + j)) : 0;
}
