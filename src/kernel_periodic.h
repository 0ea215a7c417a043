/* Periodic embeddings of a column, PANEL rows at once. */
#ifndef FASTMLP_KERNEL_PERIODIC_H
#define FASTMLP_KERNEL_PERIODIC_H

#include "kernels.h"
#include "vector_math.h"

static const float inverse_two_pi = 0.159154943f, two_pi = 6.28318531f;

/* sin and cos of 2 pi frequency x + phase. */
ALWAYS_INLINE void wave(vf x, const periodic *p, size_t j, vf *sine, vf *cosine) {
  vector_turn(x * p->frequency[j] + p->phase[j] * inverse_two_pi, sine, cosine);
}

/* The sum over outputs of w[k][j] d[k]. */
ALWAYS_INLINE vf pulled_back(const periodic *p, size_t j, const float *d, int v) {
  vf sum = {0};
  for (size_t k = 0; k < p->outputs; k++)
    sum += p->weight[k * p->frequencies + j] * vector_load(d + k * PANEL + v * LANES);
  return sum;
}

static void periodic_value(const float *x, const periodic *p, float *out) {
  for (int v = 0; v < PANEL_VECTORS; v++) {
    vf at = vector_load(x + v * LANES), sum[MOST_OUTPUTS], sine, cosine;
    for (size_t k = 0; k < p->outputs; k++) sum[k] = vector_splat(p->bias[k]);
    for (size_t j = 0; j < p->frequencies; j++) {
      wave(at, p, j, &sine, &cosine);
      for (size_t k = 0; k < p->outputs; k++) sum[k] += p->weight[k * p->frequencies + j] * cosine;
    }
    for (size_t k = 0; k < p->outputs; k++) vector_store(out + k * PANEL + v * LANES, sum[k]);
  }
}

static void periodic_slope(const float *x, const periodic *p, const float *d, float *slope) {
  for (int v = 0; v < PANEL_VECTORS; v++) {
    vf at = vector_load(x + v * LANES), sum = {0}, sine, cosine;
    for (size_t j = 0; j < p->frequencies; j++) {
      wave(at, p, j, &sine, &cosine);
      sum -= p->frequency[j] * sine * pulled_back(p, j, d, v);
    }
    vector_store(slope + v * LANES, sum * two_pi);
  }
}

ALWAYS_INLINE void add_to(float *sum, vf value) { vector_store(sum, vector_load(sum) + value); }

static void periodic_gradient(const float *x, const periodic *p, const float *d, float *sums) {
  size_t f = p->frequencies;
  for (int v = 0; v < PANEL_VECTORS; v++) {
    float *to = sums + v * LANES;
    vf at = vector_load(x + v * LANES), sine, cosine;
    for (size_t j = 0; j < f; j++) {
      wave(at, p, j, &sine, &cosine);
      vf angle = -sine * pulled_back(p, j, d, v);
      add_to(to + j * PANEL, angle * at * two_pi);
      add_to(to + (f + j) * PANEL, angle);
      for (size_t k = 0; k < p->outputs; k++)
        add_to(to + ((2 + k) * f + j) * PANEL, cosine * vector_load(d + k * PANEL + v * LANES));
    }
    for (size_t k = 0; k < p->outputs; k++)
      add_to(to + ((2 + p->outputs) * f + k) * PANEL, vector_load(d + k * PANEL + v * LANES));
  }
}

#endif
