/* Periodic embeddings of a column, in vectors of its rows. */
#ifndef FASTMLP_KERNEL_PERIODIC_H
#define FASTMLP_KERNEL_PERIODIC_H

#include "kernel_embedding.h"
#include "kernel_product.h"

static const float inverse_two_pi = 0.159154943f, two_pi = 6.28318531f;

/* sin and cos of 2 pi frequency x + phase. */
ALWAYS_INLINE void wave(vf x, const periodic *p, size_t j, vf *sine, vf *cosine) {
  vector_turn(x * p->frequency[j] + p->phase[j] * inverse_two_pi, sine, cosine);
}

/* The sum over outputs of w[k][j] d[k], whose vectors lie `step` apart. */
ALWAYS_INLINE vf pulled_back(size_t outputs, const periodic *p, size_t j, const float *d, size_t step) {
  vf sum = {0};
  FOR_OUTPUTS (k) sum += p->weight[k * p->frequencies + j] * vector_load(d + k * step);
  return sum;
}

ALWAYS_INLINE void value_of_waves(size_t outputs, const float *x, const periodic *p, float *out) {
  for (int v = 0; v < PANEL_VECTORS; v++) {
    vf at = vector_load(x + v * LANES), sum[MOST_OUTPUTS] = {{0}}, sine, cosine;
    FOR_OUTPUTS (k) sum[k] = vector_splat(p->bias[k]);
    for (size_t j = 0; j < p->frequencies; j++) {
      wave(at, p, j, &sine, &cosine);
      FOR_OUTPUTS (k) sum[k] += p->weight[k * p->frequencies + j] * cosine;
    }
    FOR_OUTPUTS (k) vector_store(out + k * PANEL + v * LANES, sum[k]);
  }
}

static void periodic_value(const float *x, const periodic *p, float *out) {
  BY_OUTPUTS(value_of_waves, p->outputs, x, p, out)
}

static void periodic_slope(const float *x, const periodic *p, const float *d, float *slope) {
  for (int v = 0; v < PANEL_VECTORS; v++) {
    vf at = vector_load(x + v * LANES), sum = {0}, sine, cosine;
    for (size_t j = 0; j < p->frequencies; j++) {
      wave(at, p, j, &sine, &cosine);
      sum -= p->frequency[j] * sine * pulled_back(p->outputs, p, j, d + v * LANES, PANEL);
    }
    vector_store(slope + v * LANES, sum * two_pi);
  }
}

/* The sums of wave j over vector v of each run of PANEL rows. */
ALWAYS_INLINE void gradient_of_wave(size_t outputs, const float *x, size_t rows, const periodic *p,
                                    const float *d, size_t j, size_t v, float *sums) {
  vf turn = {0}, shift = {0}, weight[MOST_OUTPUTS] = {{0}}, sine, cosine;
  for (size_t row = v * LANES; row < rows; row += PANEL) {
    vf at = vector_load(x + row);
    wave(at, p, j, &sine, &cosine);
    FOR_OUTPUTS (k) weight[k] += cosine * vector_load(d + k * rows + row);
    vf angle = -sine * pulled_back(outputs, p, j, d + row, rows);
    shift += angle;
    turn += angle * at;
  }
  sums += j * PANEL + v * LANES;
  vector_store(sums, turn * two_pi);
  vector_store(sums + p->frequencies * PANEL, shift);
  FOR_OUTPUTS (k) vector_store(sums + (2 + k) * p->frequencies * PANEL, weight[k]);
}

static void periodic_gradient(const float *x, size_t rows, const periodic *p, const float *d, float *sums) {
  for (size_t j = 0; j < p->frequencies; j++) {
    for (size_t v = 0; v < PANEL_VECTORS; v++)
      BY_OUTPUTS(gradient_of_wave, p->outputs, x, rows, p, d, j, v, sums)
  }
  for (size_t k = 0; k < p->outputs; k++)
    column_sums(d + k * rows, rows / PANEL, false, sums + ((2 + p->outputs) * p->frequencies + k) * PANEL);
}

#endif
