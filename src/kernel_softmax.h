/* Softmax over the rows of a panel matrix, in blocks of up to 16 rows and three passes over a block:
   largest logits, exponentials and their sums, scaling.

   Every row is computed by itself, and its sum is taken in the same order at every vector width. A row
   with a NaN, with +Inf, or with nothing but -Inf becomes NaN. */
#ifndef FASTMLP_KERNEL_SOFTMAX_H
#define FASTMLP_KERNEL_SOFTMAX_H

#include "vector_math.h"

/* The four quarters of a panel row, whatever the vector width. */
typedef float quad __attribute__((vector_size(16), may_alias));

/* A row of logits: panel p at start + p * stride. */
typedef struct logit_row {
  const float *start;
  size_t stride, classes;
} logit_row;

/* For each row of a block: the largest logit, and sum(exp(logit - largest)). */
typedef struct softmax_block {
  _Alignas(ALIGNMENT) float largest[PANEL];
  _Alignas(ALIGNMENT) float sum[PANEL];
} softmax_block;

/* The lanes of vector v of panel p that hold classes. */
ALWAYS_INLINE vi class_lanes(size_t classes, size_t p, int v) {
  vi lane;
  UNROLLED for (int i = 0; i < LANES; i++) lane[i] = v * LANES + i;
  return lane < (int32_t)size_min(classes - p * PANEL, PANEL);
}

/* Vector v of panel p; -Inf beyond the classes. */
ALWAYS_INLINE vf logit_load(logit_row row, size_t p, int v) {
  vf z = vector_load(row.start + p * row.stride + (size_t)(v * LANES));
  return vector_select(class_lanes(row.classes, p, v), z, vector_splat(-__builtin_inff()));
}

ALWAYS_INLINE float panel_max(const vf v[PANEL_VECTORS]) {
  const float *lane = (const float *)v;
  float largest[4];
  UNROLLED for (int i = 0; i < 4; i++) {
    float a = lane[i] > lane[i + 4] ? lane[i] : lane[i + 4];
    float b = lane[i + 8] > lane[i + 12] ? lane[i + 8] : lane[i + 12];
    largest[i] = a > b ? a : b;
  }
  float a = largest[0] > largest[1] ? largest[0] : largest[1];
  float b = largest[2] > largest[3] ? largest[2] : largest[3];
  return a > b ? a : b;
}

ALWAYS_INLINE float panel_sum(const vf v[PANEL_VECTORS]) {
  const quad *q = (const quad *)v;
  quad s = (q[0] + q[1]) + (q[2] + q[3]);
  return (s[0] + s[1]) + (s[2] + s[3]);
}

/* The largest logit of a row; NaN is passed over. */
ALWAYS_INLINE float row_largest(logit_row row) {
  vf largest[PANEL_VECTORS];
  UNROLLED for (int v = 0; v < PANEL_VECTORS; v++) largest[v] = logit_load(row, 0, v);
  for (size_t p = 1; p < panels_of(row.classes); p++) {
    UNROLLED for (int v = 0; v < PANEL_VECTORS; v++) {
      largest[v] = vector_max(logit_load(row, p, v), largest[v]);
    }
  }
  return panel_max(largest);
}

/* out = exp(logit - largest), unless NULL; returns the sum. */
ALWAYS_INLINE float row_exponentials(logit_row row, float largest, float *out, size_t out_stride) {
  vf sum[PANEL_VECTORS] = {{0}};
  for (size_t p = 0; p < panels_of(row.classes); p++) {
    UNROLLED for (int v = 0; v < PANEL_VECTORS; v++) {
      vf e = vector_exp(logit_load(row, p, v) - vector_splat(largest));
      sum[v] += e;
      if (out) vector_store(out + p * out_stride + (size_t)(v * LANES), e);
    }
  }
  return panel_sum(sum);
}

/* Multiplies a row by factor, with zero beyond the classes even where the factor is NaN. */
ALWAYS_INLINE void row_scale(float *out, size_t out_stride, size_t classes, float factor) {
  for (size_t p = 0; p < panels_of(classes); p++) {
    UNROLLED for (int v = 0; v < PANEL_VECTORS; v++) {
      float *at = out + p * out_stride + (size_t)(v * LANES);
      vf scaled = vector_load(at) * vector_splat(factor);
      vector_store(at, vector_select(class_lanes(classes, p, v), scaled, vector_splat(0.0f)));
    }
  }
}

/* log_sum[r] = log(sum[r]) for r < n. */
ALWAYS_INLINE void block_log_sum(const softmax_block *block, size_t n, float *log_sum) {
  _Alignas(ALIGNMENT) float result[PANEL];
  UNROLLED for (int r = 0; r < PANEL; r += LANES) {
    vector_store(result + r, vector_log(vector_load(block->sum + r)));
  }
  for (size_t r = 0; r < n; r++) log_sum[r] = result[r];
}

/* The softmax of n <= PANEL rows; see kernels.h. */
ALWAYS_INLINE void softmax_rows(logit_row row, size_t n, float *p, size_t p_stride, float *log_sum) {
  softmax_block block = {.sum = {0}};
  logit_row at = row;
  for (size_t r = 0; r < n; r++, at.start += PANEL) block.largest[r] = row_largest(at);
  at = row;
  for (size_t r = 0; r < n; r++, at.start += PANEL)
    block.sum[r] = row_exponentials(at, block.largest[r], p ? p + r * PANEL : NULL, p_stride);
  if (log_sum) block_log_sum(&block, n, log_sum);
  for (size_t r = 0; p && r < n; r++) row_scale(p + r * PANEL, p_stride, row.classes, 1.0f / block.sum[r]);
}

static void softmax(const float *logits, size_t stride, size_t classes, size_t rows, float *p,
                    size_t p_stride, float *log_sum) {
  for (size_t r = 0; r < rows; r += PANEL) {
    logit_row row = {logits + r * PANEL, stride, classes};
    softmax_rows(row, size_min(rows - r, PANEL), p ? p + r * PANEL : NULL, p_stride,
                 log_sum ? log_sum + r : NULL);
  }
}

#endif
