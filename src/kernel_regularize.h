/* What can happen to gradients before an update and to weights after it. */
#ifndef FASTMLP_KERNEL_REGULARIZE_H
#define FASTMLP_KERNEL_REGULARIZE_H

#include "kernels.h"
#include "vector.h"

static void adjust_gradient(const float *w, float *g, size_t n, const update_step *step) {
  vf scale = vector_splat(step->scale), sparsity = vector_splat(step->sparsity);
  for (size_t i = 0; i < n; i += LANES) {
    vf scaled = scale * vector_load(g + i);
    vf limited = vector_if_finite(vector_clamp(scaled, -step->limit, step->limit), scaled);
    vector_store(g + i, limited + sparsity * vector_sign(vector_load(w + i)));
  }
}

static void average(float *average, const float *w, size_t n, float fresh) {
  for (size_t i = 0; i < n; i += LANES) {
    vf a = vector_load(average + i);
    vector_store(average + i, a + vector_splat(fresh) * (vector_load(w + i) - a));
  }
}

/* One sum a lane of a panel, in single precision; these are added up in double. */
static double sum_of_squares(const float *x, size_t n) {
  vf sum[PANEL_VECTORS] = {{0}};
  for (size_t i = 0; i < n; i += PANEL) {
    UNROLLED for (int v = 0; v < PANEL_VECTORS; v++) {
      vf value = vector_load(x + i + (size_t)(v * LANES));
      sum[v] += value * value;
    }
  }
  double total = 0;
  for (int v = 0; v < PANEL_VECTORS; v++) {
    for (int lane = 0; lane < LANES; lane++) total += (double)sum[v][lane];
  }
  return total;
}

static void limit_norms(float *w, size_t rows, float most) {
  for (int v = 0; v < PANEL_VECTORS; v++, w += LANES) {
    vf sum = {0};
    for (size_t r = 0; r < rows; r++) sum += vector_load(w + r * PANEL) * vector_load(w + r * PANEL);
    vf norm = vector_sqrt(sum), one = vector_splat(1);
    vf factor = vector_select(norm > most, vector_splat(most) / norm, one);
    for (size_t r = 0; r < rows; r++) vector_store(w + r * PANEL, factor * vector_load(w + r * PANEL));
  }
}

#endif
