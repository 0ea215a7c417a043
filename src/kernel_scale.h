/* Scales of the inputs of a layer, and of its units, which the product takes into its weights. */
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

static void scale_both(const float *w, const float *row, const float *column, size_t rows, float *out) {
  for (size_t r = 0; r < rows; r++) {
    UNROLLED for (size_t j = 0; j < PANEL; j += LANES) {
      vf scale = row[r] * vector_load(column + j);
      vector_store(out + r * PANEL + j, scale * vector_load(w + r * PANEL + j));
    }
  }
}

/* sums[r] = the sum over row r of a panel, zero beyond its rows. Sums over columns become sums over rows of
   the transpose, in an order of its own for no vector. */
ALWAYS_INLINE void total_rows(const float *panel, size_t rows, float *sums) {
  float turned[PANEL * PANEL] __attribute__((aligned(64)));
  transpose_panel(panel, rows, PANEL, turned, PANEL * PANEL);
  for (size_t r = 0; r < PANEL; r += LANES) {
    vf sum = {0};
    for (size_t j = 0; j < PANEL; j++) sum += vector_load(turned + j * PANEL + r);
    vector_store(sums + r, sum);
  }
}

static void scale_gradient(const float *w, size_t w_stride, float *g, size_t g_stride, size_t rows,
                           size_t panels, const float *scale, float *products) {
  float product[PANEL * PANEL] __attribute__((aligned(64)));
  for (size_t i = 0; i < rows * PANEL; i += LANES) {
    vf sum = {0};
    for (size_t p = 0; p < panels; p++) {
      vf gradient = vector_load(g + p * g_stride + i);
      sum += vector_load(w + p * w_stride + i) * gradient;
      vector_store(g + p * g_stride + i, scale[i / PANEL] * gradient);
    }
    vector_store(product + i, sum);
  }
  total_rows(product, rows, products);
}

/* One panel of shared_gradient(): its columns, and what it adds to products[rows][16], whose sums over a
   row are to be the rows'. */
ALWAYS_INLINE void shared_panel(const shared_part *part, size_t p, const float *g, bool accumulate,
                                float *products, float *columns) {
  const float *w = part->w + p * part->stride;
  float *dw = part->dw + p * part->stride;
  for (size_t j = 0; j < PANEL; j += LANES) {
    vf s = vector_load(part->column + p * PANEL + j), sum = {0};
    for (size_t r = 0; r < part->rows; r++) {
      size_t at = r * PANEL + j;
      vf gradient = vector_load(g + at), product = vector_load(w + at) * gradient;
      vf own = part->row[r] * s * gradient, scaled = s * product;
      sum += part->row[r] * product;
      if (p > 0) scaled += vector_load(products + at);
      if (accumulate) own += vector_load(dw + at);
      vector_store(products + at, scaled);
      vector_store(dw + at, own);
    }
    vector_store(columns + j, sum);
  }
}

static void shared_gradient(const shared_part *part, const float *g, size_t g_stride, bool accumulate,
                            float *rows, float *columns) {
  float products[PANEL * PANEL] __attribute__((aligned(64)));
  for (size_t p = 0; p < part->panels; p++) {
    shared_panel(part, p, g + p * g_stride, accumulate, products, columns + p * PANEL);
  }
  total_rows(products, part->rows, rows);
}

#endif
