/* Piecewise-linear embeddings of a column, in vectors of its rows. */
#ifndef FASTMLP_KERNEL_PIECEWISE_H
#define FASTMLP_KERNEL_PIECEWISE_H

#include "kernel_embedding.h"

/* How far x is through a bin: from 0 to 1, but below the first bin and beyond the last one on and on. */
ALWAYS_INLINE vf through_bin(vf x, const piecewise *p, size_t t) {
  vf share = (x - p->begin[t]) * p->inverse[t];
  if (t > 0) share = vector_max(share, vector_splat(0));
  return t + 1 < p->bins ? vector_min(share, vector_splat(1)) : share;
}

/* All ones where x lies in a bin, the outermost ones going on. */
ALWAYS_INLINE vi within_bin(vf x, const piecewise *p, size_t t) {
  vi within = vector_splat_int(-1);
  if (t > 0) within &= (vi)(x >= vector_splat(p->begin[t]));
  if (t + 1 < p->bins) within &= (vi)(x < vector_splat(p->begin[t + 1]));
  return within;
}

ALWAYS_INLINE void value_of_bins(size_t outputs, const float *x, const piecewise *p, float *out) {
  for (int v = 0; v < PANEL_VECTORS; v++) {
    vf at = vector_load(x + v * LANES), sum[MOST_OUTPUTS] = {{0}};
    for (size_t t = 0; t < p->bins; t++) {
      vf share = through_bin(at, p, t);
      FOR_OUTPUTS (k) sum[k] += p->weight[k * p->bins + t] * share;
    }
    FOR_OUTPUTS (k) vector_store(out + k * PANEL + v * LANES, sum[k]);
  }
}

static void piecewise_value(const float *x, const piecewise *p, float *out) {
  BY_OUTPUTS(value_of_bins, p->outputs, x, p, out)
}

static void piecewise_slope(const float *x, const piecewise *p, const float *d, float *slope) {
  for (int v = 0; v < PANEL_VECTORS; v++) {
    vf at = vector_load(x + v * LANES), sum = {0};
    for (size_t t = 0; t < p->bins; t++) {
      vf pulled = {0};
      for (size_t k = 0; k < p->outputs; k++)
        pulled += p->weight[k * p->bins + t] * vector_load(d + k * PANEL + v * LANES);
      sum += vector_select(within_bin(at, p, t), pulled * p->inverse[t], (vf){0});
    }
    vector_store(slope + v * LANES, sum);
  }
}

/* The sums of bin t over vector v of each run of PANEL rows. */
ALWAYS_INLINE void gradient_of_bin(size_t outputs, const float *x, size_t rows, const piecewise *p,
                                   const float *d, size_t t, size_t v, float *sums) {
  vf weight[MOST_OUTPUTS] = {{0}};
  for (size_t row = v * LANES; row < rows; row += PANEL) {
    vf share = through_bin(vector_load(x + row), p, t);
    FOR_OUTPUTS (k) weight[k] += share * vector_load(d + k * rows + row);
  }
  FOR_OUTPUTS (k) vector_store(sums + (k * p->bins + t) * PANEL + v * LANES, weight[k]);
}

static void piecewise_gradient(const float *x, size_t rows, const piecewise *p, const float *d, float *sums) {
  for (size_t t = 0; t < p->bins; t++) {
    for (size_t v = 0; v < PANEL_VECTORS; v++)
      BY_OUTPUTS(gradient_of_bin, p->outputs, x, rows, p, d, t, v, sums)
  }
}

#endif
