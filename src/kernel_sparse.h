/* Products of sparse rows with panel matrices: a row's sums stay in registers while its entries go by. Every
   element is summed in order of the entries, one multiply-add at a time: with entries in order of their index
   it is the bits of the dense product, where zeros are added, too. */
#ifndef FASTMLP_KERNEL_SPARSE_H
#define FASTMLP_KERNEL_SPARSE_H

#include "kernel_product.h"

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

/* All rows of a in some panels. */
ALWAYS_INLINE void sparse_panels(const sparse_operands *o, int panels) {
  const sparse_part *a = o->a;
  for (size_t r = 0; r < a->rows; r++) {
    const sparse_entry *entry = a->entry + a->bound[r * a->step], *end = a->entry + a->bound[r * a->step + 1];
    const float *from = o->from + r * o->from_step;
    vf sum[SPARSE_PANELS * PANEL_VECTORS];
    FOR_SPARSE_VECTORS (v) sum[v] = vector_load(from + tile_offset(v, o->from_stride));
    for (; entry < end; entry++) {
      const float *b_row = o->b + (size_t)entry->index * PANEL;
      vf factor = vector_splat(entry->value);
      FOR_SPARSE_VECTORS (v) sum[v] += factor * vector_load(b_row + tile_offset(v, o->b_stride));
    }
    FOR_SPARSE_VECTORS (v) vector_store(o->c + r * PANEL + tile_offset(v, o->c_stride), sum[v]);
  }
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
                                              : zero_panels,
                       .from_stride = accumulate     ? c_stride
                                      : bias != NULL ? PANEL
                                                     : 0,
                       .from_step = accumulate ? PANEL : 0,
                       .c = c,
                       .c_stride = c_stride};
  SPARSE_WIDTHS(SPARSE_STEP)
}

#endif
