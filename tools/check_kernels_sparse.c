/* Products of sparse rows against the dense product of the same numbers, which they have to equal bit for
   bit: check_kernels_products.c compares that with plain loops. */
#include "check_kernels.h"

/* What stands in outputs before a call, and has to stand there after it wherever the call may not write. */
static const float UNTOUCHED = 12345;

enum { MOST_ROWS = 33, MOST_DEPTH = 100, MOST_PANELS = 13 };

/* Rows [rows x depth] in panels, and their numbers other than zero; each row in two stretches that meet at
 * `cut`. */
typedef struct rows {
  size_t rows, depth;
  panels dense;
  sparse_entry entry[MOST_ROWS * MOST_DEPTH];
  uint32_t bound[MOST_ROWS * 3];
} rows;

static void make_rows(rows *a, size_t count, size_t depth, double density) {
  uint32_t entries = 0;
  *a = (rows){.rows = count, .depth = depth, .dense = {NULL, panel_stride(count)}};
  a->dense.data = take_floats((panels_of(depth) + 1) * a->dense.stride);
  for (size_t i = 0; i < (panels_of(depth) + 1) * a->dense.stride; i++) a->dense.data[i] = 0;
  for (size_t r = 0; r < count; r++) {
    a->bound[3 * r] = a->bound[3 * r + 1] = entries;
    for (size_t t = 0; t < depth; t++) {
      if (fabs(random_float(1)) >= density) continue;
      float value = random_float(2);
      a->dense.data[t / PANEL * a->dense.stride + r * PANEL + t % PANEL] = value;
      a->entry[entries++] = (sparse_entry){(uint32_t)t, value};
      if (t < depth / 3) a->bound[3 * r + 1] = entries;
    }
    a->bound[3 * r + 2] = entries;
  }
}

/* A part of the rows: both stretches together, or one after the other. */
static void sparse(const kernels *k, const rows *a, bool in_two, const float *b, size_t b_stride,
                   size_t panels, const float *bias, float *c, size_t c_stride) {
  uint32_t whole[2 * MOST_ROWS];
  for (size_t r = 0; r < a->rows; r++) whole[2 * r] = a->bound[3 * r], whole[2 * r + 1] = a->bound[3 * r + 2];
  sparse_part part = {a->entry, in_two ? a->bound : whole, in_two ? 3 : 2, a->rows};
  k->sparse_product(&part, b, b_stride, panels, bias, false, c, c_stride);
  if (!in_two) return;
  part.bound++;
  k->sparse_product(&part, b, b_stride, panels, NULL, true, c, c_stride);
}

static void check_case(const kernels *k, size_t count, size_t depth, size_t panels, double density,
                       bool biased) {
  static rows a;
  size_t stride = panel_stride(count + 1), floats = panels * stride, b_stride = panel_stride(depth + 1);
  float *b = take_floats(panels * b_stride), *bias = take_floats(panels * PANEL);
  float *expected = take_floats(floats), *got = take_floats(floats);
  make_rows(&a, count, depth, density);
  for (size_t i = 0; i < panels * b_stride; i++) b[i] = random_float(2);
  for (size_t i = 0; i < panels * PANEL; i++) bias[i] = random_float(2);
  for (size_t i = 0; i < floats; i++) expected[i] = UNTOUCHED;
  const float *start = biased ? bias : NULL;
  k->product(a.dense.data, a.dense.stride, count, depth, b, b_stride, panels * PANEL, start, expected,
             stride);
  for (int in_two = 0; in_two < 2; in_two++) {
    for (size_t i = 0; i < floats; i++) got[i] = UNTOUCHED;
    sparse(k, &a, in_two, b, b_stride, panels, start, got, stride);
    expect_same(k, "sparse_product", expected, got, floats);
  }
  free(a.dense.data), free(b), free(bias), free(expected), free(got);
}

void check_sparse(const kernels *k) {
  const size_t depths[] = {0, 1, 15, 17, MOST_DEPTH};
  const double densities[] = {0, .05, .3, 2};
  for (size_t count = 1; count <= MOST_ROWS; count += count < 6 ? 1 : 9)
    for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
      for (size_t panels = 1; panels <= MOST_PANELS; panels++)
        check_case(k, count, depths[d], panels, densities[(d + panels) % 4], panels % 2);
}
