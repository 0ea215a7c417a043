/* Products of sparse rows with panel matrices: a row's sums stay in registers while its entries go by. Every
   element is summed in order of the entries, one multiply-add at a time: with entries in order of their index
   it is the bits of the dense product, where zeros are added, too. */
#ifndef FASTMLP_KERNEL_SPARSE_H
#define FASTMLP_KERNEL_SPARSE_H

#include "kernel_product.h"

/* The most rows whose sums are at work together. */
enum { SPARSE_ROWS = 4 };

#define FOR_SPARSE_VECTORS(v) UNROLLED for (int v = 0; v < panels * PANEL_VECTORS; v++)

/* The operands of one call, as kernels.h describes them; `from` and `from_step` say where sums start, as in
   products of panels. */
typedef struct sparse_operands {
  const sparse_part *a;
  const float *b;
  size_t b_stride;
  const float *from;
  size_t from_stride, from_step;
  float *c;
  size_t c_stride;
} sparse_operands;

/* The entries of a row. */
typedef struct sparse_span {
  const sparse_entry *entry, *end;
} sparse_span;

ALWAYS_INLINE sparse_span sparse_row(const sparse_part *a, size_t row) {
  const uint32_t *bound = a->bound + row * a->step;
  return (sparse_span){a->entry + bound[0], a->entry + bound[1]};
}

ALWAYS_INLINE void sparse_add(vf sum[], const sparse_entry *entry, const float *b, size_t b_stride,
                              int panels) {
  const float *b_row = b + (size_t)entry->index * PANEL;
  vf factor = vector_splat(entry->value);
  FOR_SPARSE_VECTORS (v) sum[v] += factor * vector_load(b_row + tile_offset(v, b_stride));
}

/* Some neighbouring rows side by side, so that no sum waits for its last addition: together as far as the
   shortest goes, and then one by one. */
ALWAYS_INLINE void sparse_tile(const sparse_operands *o, size_t row, int rows, int panels) {
  vf sum[SPARSE_ROWS][SPARSE_PANELS * PANEL_VECTORS];
  sparse_span span[SPARSE_ROWS];
  size_t common = SIZE_MAX;
  UNROLLED for (int i = 0; i < rows; i++) {
    const float *from = o->from + (row + (size_t)i) * o->from_step;
    FOR_SPARSE_VECTORS (v) sum[i][v] = vector_load(from + tile_offset(v, o->from_stride));
    span[i] = sparse_row(o->a, row + (size_t)i);
    common = size_min(common, (size_t)(span[i].end - span[i].entry));
  }
  for (size_t k = 0; k < common && rows > 1; k++) {
    UNROLLED for (int i = 0; i < rows; i++) sparse_add(sum[i], span[i].entry + k, o->b, o->b_stride, panels);
  }
  UNROLLED for (int i = 0; i < rows; i++) {
    const sparse_entry *entry = span[i].entry + (rows > 1 ? common : 0);
    for (; entry < span[i].end; entry++) sparse_add(sum[i], entry, o->b, o->b_stride, panels);
    float *c = o->c + (row + (size_t)i) * PANEL;
    FOR_SPARSE_VECTORS (v) vector_store(c + tile_offset(v, o->c_stride), sum[i][v]);
  }
}

/* As many rows at a time as registers have room for, and then one by one. */
ALWAYS_INLINE void sparse_panels(const sparse_operands *o, int panels) {
  const int together = SPARSE_PANELS / panels < SPARSE_ROWS ? SPARSE_PANELS / panels : SPARSE_ROWS;
  size_t row = 0;
  for (; row + (size_t)together <= o->a->rows && together > 1; row += (size_t)together)
    sparse_tile(o, row, together, panels);
  for (; row < o->a->rows; row++) sparse_tile(o, row, 1, panels);
}

/* Each count of panels has its own unrolled function. */
#define SPARSE_FUNCTION(n) \
  static NEVER_INLINE void sparse_panels_##n(const sparse_operands *o) { sparse_panels(o, n); }
SPARSE_WIDTHS(SPARSE_FUNCTION)

#define SPARSE_STEP(n)                                                         \
  for (; panels >= n; panels -= n) {                                           \
    sparse_panels_##n(&o);                                                     \
    o.b += (n)*o.b_stride, o.from += (n)*o.from_stride, o.c += (n)*o.c_stride; \
  }

static void sparse_product(const sparse_part *a, const float *b, size_t b_stride, size_t panels,
                           const float *bias, bool accumulate, float *c, size_t c_stride) {
  sparse_operands o = {.a = a,
                       .b = b,
                       .b_stride = b_stride,
                       .from = accumulate     ? c
                               : bias != NULL ? bias
                                              : zero_panel,
                       .from_stride = accumulate     ? c_stride
                                      : bias != NULL ? PANEL
                                                     : 0,
                       .from_step = accumulate ? PANEL : 0,
                       .c = c,
                       .c_stride = c_stride};
  SPARSE_WIDTHS(SPARSE_STEP)
}

/* ---- a row by itself ---- */

/* The row of d stays in registers while it is added, entry by entry, to the rows of g. */
ALWAYS_INLINE void scatter_panels(const sparse_entry *a, size_t n, const float *d, size_t d_stride, float *g,
                                  size_t g_stride, int panels) {
  vf row[SPARSE_PANELS * PANEL_VECTORS];
  FOR_SPARSE_VECTORS (v) row[v] = vector_load(d + tile_offset(v, d_stride));
  for (size_t k = 0; k < n; k++) {
    float *g_row = g + (size_t)a[k].index * PANEL;
    vf factor = vector_splat(a[k].value);
    FOR_SPARSE_VECTORS (v) {
      float *sum = g_row + tile_offset(v, g_stride);
      vector_store(sum, vector_load(sum) + factor * row[v]);
    }
  }
}

#define SCATTER_FUNCTION(p)                                                                    \
  static NEVER_INLINE void scatter_panels_##p(const sparse_entry *a, size_t n, const float *d, \
                                              size_t d_stride, float *g, size_t g_stride) {    \
    scatter_panels(a, n, d, d_stride, g, g_stride, p);                                         \
  }
SPARSE_WIDTHS(SCATTER_FUNCTION)

#define SCATTER_STEP(p)                                 \
  for (; panels >= p; panels -= p) {                    \
    scatter_panels_##p(a, n, d, d_stride, g, g_stride); \
    d += (p)*d_stride, g += (p)*g_stride;               \
  }

static void sparse_scatter(const sparse_entry *a, size_t n, const float *d, size_t d_stride, size_t panels,
                           float *g, size_t g_stride) {
  SPARSE_WIDTHS(SCATTER_STEP)
}

#endif
