/* Normalisation of panels, by the moments of columns (batch) or of rows (layer), forward above backward, and
   the sum of two spans. Sums over rows run in four parts and are added in one order. */
#ifndef FASTMLP_KERNEL_NORMALIZE_H
#define FASTMLP_KERNEL_NORMALIZE_H

#include "vector.h"

/* sum[i] = a[i] + b[i]. */
static void add_span(const float *a, const float *b, float *sum, size_t n) {
  for (size_t i = 0; i < n; i += LANES) vector_store(sum + i, vector_load(a + i) + vector_load(b + i));
}

/* ---- by columns ---- */

/* What a row adds to a column's sum. */
typedef vf (*column_term)(const float *a, const float *b, vf center);

ALWAYS_INLINE vf value_term(const float *a, const float *b, vf center) {
  (void)b;
  (void)center;
  return vector_load(a);
}

ALWAYS_INLINE vf square_term(const float *a, const float *b, vf center) {
  (void)b;
  vf d = vector_load(a) - center;
  return d * d;
}

/* Both times the row's weight; one of 1 leaves their bits as they are. */
ALWAYS_INLINE vf weighted_value_term(const float *a, const float *weight, vf center) {
  (void)center;
  return *weight * vector_load(a);
}

ALWAYS_INLINE vf weighted_square_term(const float *a, const float *weight, vf center) {
  vf d = vector_load(a) - center;
  return *weight * d * d;
}

ALWAYS_INLINE vf product_term(const float *a, const float *b, vf center) {
  (void)center;
  return vector_load(a) * vector_load(b);
}

/* The sum of the terms of a vector's rows; b has so many floats a row. */
ALWAYS_INLINE vf sum_rows(column_term term, const float *a, const float *b, size_t floats, vf center,
                          size_t rows) {
  size_t fours = rows / 4 * 4;
  vf s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
  for (size_t r = 0; r < fours; r += 4) {
    s0 += term(a + r * PANEL, b + r * floats, center);
    s1 += term(a + (r + 1) * PANEL, b + (r + 1) * floats, center);
    s2 += term(a + (r + 2) * PANEL, b + (r + 2) * floats, center);
    s3 += term(a + (r + 3) * PANEL, b + (r + 3) * floats, center);
  }
  vf sum = (s0 + s1) + (s2 + s3);
  for (size_t r = fours; r < rows; r++) sum += term(a + r * PANEL, b + r * floats, center);
  return sum;
}

/* By terms that read a float of b a row, or nothing of it. */
ALWAYS_INLINE void moments_by(column_term value, column_term square, const float *a, const float *b,
                              size_t rows, float sum, float *mean, float *variance) {
  for (int j = 0; j < PANEL; j += LANES) {
    vf center = sum_rows(value, a + j, b, 1, (vf){0}, rows) / sum;
    vector_store(mean + j, center);
    vector_store(variance + j, sum_rows(square, a + j, b, 1, center, rows) / sum);
  }
}

static void column_moments(const float *a, size_t rows, const float *weight, float sum, float *mean,
                           float *variance) {
  if (weight == NULL) {
    moments_by(value_term, square_term, a, a, rows, sum, mean, variance);
  } else {
    moments_by(weighted_value_term, weighted_square_term, a, weight, rows, sum, mean, variance);
  }
}

static void normalize_columns(float *a, size_t rows, const float *mean, const float *inverse,
                              const float *scale, const float *shift, float *z) {
  for (int j = 0; j < PANEL; j += LANES) {
    vf center = vector_load(mean + j), factor = vector_load(inverse + j);
    vf gain = vector_load(scale + j), offset = vector_load(shift + j);
    for (size_t i = (size_t)j; i < rows * PANEL; i += PANEL) {
      vf normal = (vector_load(a + i) - center) * factor;
      vector_store(a + i, normal);
      vector_store(z + i, normal * gain + offset);
    }
  }
}

static void column_products(const float *a, const float *b, size_t rows, float *sums) {
  for (int j = 0; j < PANEL; j += LANES) {
    vector_store(sums + j, sum_rows(product_term, a + j, b + j, PANEL, (vf){0}, rows));
  }
}

/* Of rows that have weights, or all the same share. */
ALWAYS_INLINE void columns_gradient_by(bool weighted, float *dz, const float *normal, size_t rows,
                                       const float *weight, const float *factor, const float *mean,
                                       const float *slope) {
  for (int j = 0; j < PANEL; j += LANES) {
    vf f = vector_load(factor + j), m = vector_load(mean + j), s = vector_load(slope + j);
    for (size_t r = 0, i = (size_t)j; r < rows; r++, i += PANEL) {
      vf own_m = m, own_s = s;
      if (weighted) own_m *= weight[r], own_s *= weight[r];
      vector_store(dz + i, f * (vector_load(dz + i) - own_m - own_s * vector_load(normal + i)));
    }
  }
}

static void normalize_columns_gradient(float *dz, const float *normal, size_t rows, const float *weight,
                                       const float *factor, const float *mean, const float *slope) {
  if (weight == NULL) {
    columns_gradient_by(false, dz, normal, rows, NULL, factor, mean, slope);
  } else {
    columns_gradient_by(true, dz, normal, rows, weight, factor, mean, slope);
  }
}

/* ---- by rows ---- */

ALWAYS_INLINE float sum_lanes(const vf sum[PANEL_VECTORS]) {
  float lane[PANEL] __attribute__((aligned(64)));
  for (int v = 0; v < PANEL_VECTORS; v++) vector_store(lane + v * LANES, sum[v]);
  for (int width = PANEL / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) lane[i] += lane[i + width];
  }
  return lane[0];
}

/* All ones in the lanes of vector v of panel p that belong to the first `columns` columns. */
ALWAYS_INLINE vi lanes_within(size_t columns, size_t p, int v) {
  vi lane;
  for (int i = 0; i < LANES; i++) lane[i] = i;
  size_t before = p * PANEL + (size_t)(v * LANES);
  return lane < (int32_t)(columns > before ? size_min(columns - before, LANES) : 0);
}

ALWAYS_INLINE vf vector_where(vi mask, vf x) { return (vf)(mask & (vi)x); }

static void normalize_rows(float *a, size_t stride, size_t columns, size_t rows, const float *scale,
                           const float *shift, float epsilon, float *z, size_t z_stride, float *inverse) {
  const size_t panels = panels_of(columns);
  for (size_t r = 0; r < rows; r++, a += PANEL, z += PANEL) {
    vf sum[PANEL_VECTORS] = {{0}}, squares[PANEL_VECTORS] = {{0}};
    for (size_t p = 0; p < panels; p++) {
      for (int v = 0; v < PANEL_VECTORS; v++) {
        sum[v] += vector_where(lanes_within(columns, p, v), vector_load(a + p * stride + v * LANES));
      }
    }
    const float mean = sum_lanes(sum) / (float)columns;
    for (size_t p = 0; p < panels; p++) {
      for (int v = 0; v < PANEL_VECTORS; v++) {
        vf d = vector_where(lanes_within(columns, p, v), vector_load(a + p * stride + v * LANES) - mean);
        squares[v] += d * d;
      }
    }
    inverse[r] = 1 / __builtin_sqrtf(sum_lanes(squares) / (float)columns + epsilon);
    for (size_t p = 0; p < panels; p++) {
      for (int v = 0; v < PANEL_VECTORS; v++) {
        float *at = a + p * stride + v * LANES;
        vf normal = vector_where(lanes_within(columns, p, v), (vector_load(at) - mean) * inverse[r]);
        vector_store(at, normal);
        vector_store(z + p * z_stride + v * LANES, normal * vector_load(scale + p * PANEL + v * LANES) +
                                                       vector_load(shift + p * PANEL + v * LANES));
      }
    }
  }
}

static void normalize_rows_gradient(const float *dz, size_t dz_stride, const float *normal, size_t stride,
                                    size_t columns, size_t rows, const float *scale, const float *inverse,
                                    float *da, size_t da_stride) {
  const size_t panels = panels_of(columns);
  for (size_t r = 0; r < rows; r++, dz += PANEL, normal += PANEL, da += PANEL) {
    vf sum[PANEL_VECTORS] = {{0}}, products[PANEL_VECTORS] = {{0}};
    for (size_t p = 0; p < panels; p++) {
      for (int v = 0; v < PANEL_VECTORS; v++) {
        size_t lane = (size_t)(v * LANES);
        vf g = vector_load(dz + p * dz_stride + lane) * vector_load(scale + p * PANEL + lane);
        sum[v] += g;
        products[v] += g * vector_load(normal + p * stride + lane);
      }
    }
    const float mean = sum_lanes(sum) / (float)columns, slope = sum_lanes(products) / (float)columns;
    for (size_t p = 0; p < panels; p++) {
      for (int v = 0; v < PANEL_VECTORS; v++) {
        size_t lane = (size_t)(v * LANES);
        vf g = vector_load(dz + p * dz_stride + lane) * vector_load(scale + p * PANEL + lane);
        vf d = (g - mean - vector_load(normal + p * stride + lane) * slope) * inverse[r];
        vector_store(da + p * da_stride + lane, vector_where(lanes_within(columns, p, v), d));
      }
    }
  }
}

#endif
