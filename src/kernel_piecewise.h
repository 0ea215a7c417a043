/* Piecewise-linear embeddings of a column, PANEL rows at once. */
#ifndef FASTMLP_KERNEL_PIECEWISE_H
#define FASTMLP_KERNEL_PIECEWISE_H

#include "kernels.h"
#include "vector_math.h"

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

static void piecewise_value(const float *x, const piecewise *p, float *out) {
  for (int v = 0; v < PANEL_VECTORS; v++) {
    vf at = vector_load(x + v * LANES), sum[MOST_OUTPUTS];
    for (size_t k = 0; k < p->outputs; k++) sum[k] = (vf){0};
    for (size_t t = 0; t < p->bins; t++) {
      vf share = through_bin(at, p, t);
      for (size_t k = 0; k < p->outputs; k++) sum[k] += p->weight[k * p->bins + t] * share;
    }
    for (size_t k = 0; k < p->outputs; k++) vector_store(out + k * PANEL + v * LANES, sum[k]);
  }
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

static void piecewise_gradient(const float *x, const piecewise *p, const float *d, float *sums) {
  for (int v = 0; v < PANEL_VECTORS; v++) {
    vf at = vector_load(x + v * LANES);
    for (size_t t = 0; t < p->bins; t++) {
      vf share = through_bin(at, p, t);
      for (size_t k = 0; k < p->outputs; k++) {
        float *to = sums + (k * p->bins + t) * PANEL + v * LANES;
        vector_store(to, vector_load(to) + share * vector_load(d + k * PANEL + v * LANES));
      }
    }
  }
}

#endif
