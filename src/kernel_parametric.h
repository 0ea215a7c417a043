/* Parametric activations on a panel. */
#ifndef FASTMLP_KERNEL_PARAMETRIC_H
#define FASTMLP_KERNEL_PARAMETRIC_H

#include "vector.h"

static void blend(const float *from, const float *to, size_t rows, const float *share, float *out) {
  for (size_t i = 0; i < rows * PANEL; i += LANES) {
    vf a = vector_load(from + i), b = vector_load(to + i);
    vector_store(out + i, a + vector_load(share + i % PANEL) * (b - a));
  }
}

static void slope_gradient(const float *g, const float *z, float *phi, size_t n) {
  for (size_t i = 0; i < n; i += LANES) {
    vector_store(phi + i, vector_load(g + i) * (vector_load(phi + i) - vector_load(z + i)));
  }
}

#endif
