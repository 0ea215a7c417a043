/* Scales of the inputs of a layer, which the product takes into its weights. */
#ifndef FASTMLP_KERNEL_SCALE_H
#define FASTMLP_KERNEL_SCALE_H

#include "kernel_transpose.h"

static void scale_rows(const float *w, const float *scale, size_t rows, float *out) {
  for (size_t r = 0; r < rows; r++) {
    UNROLLED for (size_t j = 0; j < PANEL; j += LANES) {
      vector_store(out + r * PANEL + j, scale[r] * vector_load(w + r * PANEL + j));
    }
  }
}

/* Sums over columns become sums over rows of the transpose, in an order of its own for no vector. */
static void scale_gradient(const float *w, size_t w_stride, float *g, size_t g_stride, size_t rows,
                           size_t panels, const float *scale, float *products) {
  float product[PANEL * PANEL] __attribute__((aligned(64)));
  float turned[PANEL * PANEL] __attribute__((aligned(64)));
  for (size_t i = 0; i < rows * PANEL; i += LANES) {
    vf sum = {0};
    for (size_t p = 0; p < panels; p++) {
      vf gradient = vector_load(g + p * g_stride + i);
      sum += vector_load(w + p * w_stride + i) * gradient;
      vector_store(g + p * g_stride + i, scale[i / PANEL] * gradient);
    }
    vector_store(product + i, sum);
  }
  transpose_panel(product, rows, PANEL, turned, PANEL * PANEL);
  for (size_t r = 0; r < PANEL; r += LANES) {
    vf sum = {0};
    for (size_t j = 0; j < PANEL; j++) sum += vector_load(turned + j * PANEL + r);
    vector_store(products + r, sum);
  }
}

#endif
