/* Products of panel matrices, in tiles that live in registers. A tile of some rows x some panels is
   accumulated over the whole depth; the instruction set's file lists its shapes, TILE_SHAPES, the widest
   first and one panel last, so that accumulators, one row of b and a broadcast fill the registers;
   TILE_PANELS and TILE_ROWS are the most of any. Every element is summed in order of depth, one multiply-add
   at a time, whatever tile it falls into: so results depend neither on the rows beside it nor on threads. */
#ifndef FASTMLP_KERNEL_PRODUCT_H
#define FASTMLP_KERNEL_PRODUCT_H

#include "vector.h"

enum { TILE_VECTORS = TILE_PANELS * PANEL_VECTORS };

/* Loops over a tile run to constant bounds and skip what lies beyond the tile: once the height and the number
   of panels are constants, nothing is left but straight code on registers. */
#define FOR_TILE_ROWS(i) UNROLLED for (int i = 0; i < TILE_ROWS; i++) if (i < rows)
#define FOR_TILE_VECTORS(v) UNROLLED for (int v = 0; v < TILE_VECTORS; v++) if (v < panels * PANEL_VECTORS)

/* Where vector v of a row of panels lies, from the row's start in the first panel. */
ALWAYS_INLINE size_t tile_offset(int v, size_t stride) {
  return (size_t)(v / PANEL_VECTORS) * stride + (size_t)(v % PANEL_VECTORS * LANES);
}

/* sum[i][.] += over t < depth of a[i * row_step + t * depth_step] * b[t][.], b in panels. */
ALWAYS_INLINE void tile_accumulate(vf sum[][TILE_VECTORS], int rows, int panels, const float *a,
                                   size_t row_step, size_t depth_step, size_t depth, const float *b,
                                   size_t b_stride) {
  for (size_t t = 0; t < depth; t++) {
    vf b_row[TILE_VECTORS];
    FOR_TILE_VECTORS (v) b_row[v] = vector_load(b + t * PANEL + tile_offset(v, b_stride));
    FOR_TILE_ROWS (i) {
      vf factor = vector_splat(a[(size_t)i * row_step + t * depth_step]);
      FOR_TILE_VECTORS (v) sum[i][v] += factor * b_row[v];
    }
  }
}

/* Moves a tile between registers and c[rows x 16 panels]; a row_step of 0 reads one row for all. */
ALWAYS_INLINE void tile_load(vf sum[][TILE_VECTORS], int rows, int panels, const float *c, size_t c_stride,
                             size_t row_step) {
  FOR_TILE_ROWS (i) {
    FOR_TILE_VECTORS (v) sum[i][v] = vector_load(c + (size_t)i * row_step + tile_offset(v, c_stride));
  }
}

ALWAYS_INLINE void tile_store(vf sum[][TILE_VECTORS], int rows, int panels, float *c, size_t c_stride) {
  FOR_TILE_ROWS (i) {
    FOR_TILE_VECTORS (v) vector_store(c + (size_t)(i * PANEL) + tile_offset(v, c_stride), sum[i][v]);
  }
}

/* The operands of one call, as kernels.h describes them; `from` and `from_step` say where sums start:
   a zero row, a bias row, or c itself. */
typedef struct product_operands {
  const float *a;
  size_t a_stride, depth;
  const float *b;
  size_t b_stride;
  const float *from;
  size_t from_stride, from_step;
  float *c;
  size_t c_stride;
} product_operands;

/* How many panels of a, at most, are asked for before their turn: they lie far apart, and another core may
   have them. */
enum { AHEAD_PANELS = 4 };

/* c tile = start + a[rows x depth] b: depth runs along a's rows, panel after panel. Behind the last panel the
   rows that follow are asked for, the next tile's as a rule. */
ALWAYS_INLINE void product_tile(const product_operands *o, size_t row, int rows, int panels) {
  const float *a = o->a + row * PANEL, *ahead_end = a + panels_of(o->depth) * o->a_stride;
  const float *ahead = a + size_min(AHEAD_PANELS, panels_of(o->depth)) * o->a_stride;
  vf sum[TILE_ROWS][TILE_VECTORS];
  tile_load(sum, rows, panels, o->from + row * o->from_step, o->from_stride, o->from_step);
  for (size_t k = 0; k < o->depth; k += PANEL, a += o->a_stride, ahead += o->a_stride) {
    if (ahead == ahead_end) ahead = o->a + (row + (size_t)rows) * PANEL;
    for (int i = 0; i < rows; i++) __builtin_prefetch(ahead + i * PANEL);
    tile_accumulate(sum, rows, panels, a, PANEL, 1, size_min(PANEL, o->depth - k), o->b + k * PANEL,
                    o->b_stride);
  }
  tile_store(sum, rows, panels, o->c + row * PANEL, o->c_stride);
}

/* c tile = start + a[depth x rows]' b: depth runs down a's panel, whose columns are the tile's rows. */
ALWAYS_INLINE void transposed_tile(const product_operands *o, size_t row, int rows, int panels) {
  vf sum[TILE_ROWS][TILE_VECTORS];
  tile_load(sum, rows, panels, o->from + row * o->from_step, o->from_stride, o->from_step);
  tile_accumulate(sum, rows, panels, o->a + row / PANEL * o->a_stride + row % PANEL, 1, PANEL, o->depth, o->b,
                  o->b_stride);
  tile_store(sum, rows, panels, o->c + row * PANEL, o->c_stride);
}

/* The height of the next tile when `left` rows are to be covered by tiles of nearly equal height, at most
 * `most`. */
ALWAYS_INLINE int tile_height(size_t left, size_t most) {
  size_t tiles = (left + most - 1) / most;
  return (int)((left + tiles - 1) / tiles);
}

/* Every height of every shape has its own unrolled functions. They are kept apart because a compiler that
   sees two heights side by side may merge them into loops, with sums in memory. */
typedef void tile_function(const product_operands *o, size_t row);

#define HEIGHTS_2(TILE, p) TILE(p, 1) TILE(p, 2)
#define HEIGHTS_6(TILE, p) HEIGHTS_2(TILE, p) TILE(p, 3) TILE(p, 4) TILE(p, 5) TILE(p, 6)
#define HEIGHTS_14(TILE, p)                                                                               \
  HEIGHTS_6(TILE, p) TILE(p, 7) TILE(p, 8) TILE(p, 9) TILE(p, 10) TILE(p, 11) TILE(p, 12) TILE(p, 13) \
      TILE(p, 14)

#define TILE_FUNCTIONS(p, n)                                                             \
  static NEVER_INLINE void product_##p##_##n(const product_operands *o, size_t row) {    \
    product_tile(o, row, n, p);                                                          \
  }                                                                                      \
  static NEVER_INLINE void transposed_##p##_##n(const product_operands *o, size_t row) { \
    transposed_tile(o, row, n, p);                                                       \
  }
#define SHAPE_FUNCTIONS(p, rows, columns) HEIGHTS_##rows(TILE_FUNCTIONS, p)
TILE_SHAPES(SHAPE_FUNCTIONS)

/* ---- half panels ---- */

/* Where at most eight columns of a panel count, the others being zero, they are multiplied by themselves, in
   vectors of eight: half the work of layers with few units. Sets of shorter vectors do without. */
#define HAS_HALVES (VECTOR_BYTES >= 32)
enum { HALF_ROWS = 14 };

#define FOR_HALF_ROWS(i) UNROLLED for (int i = 0; i < HALF_ROWS; i++) if (i < rows)

/* As tile_accumulate(). */
ALWAYS_INLINE void half_accumulate(half sum[], int rows, const float *a, size_t row_step, size_t depth_step,
                                   size_t depth, const float *b) {
  for (size_t t = 0; t < depth; t++) {
    half b_row = *(const half *)(b + t * PANEL);
    FOR_HALF_ROWS (i) sum[i] += a[(size_t)i * row_step + t * depth_step] * b_row;
  }
}

ALWAYS_INLINE void half_load(half sum[], int rows, const float *c, size_t row_step) {
  FOR_HALF_ROWS (i) sum[i] = *(const half *)(c + (size_t)i * row_step);
}

ALWAYS_INLINE void half_store(const half sum[], int rows, float *c) {
  FOR_HALF_ROWS (i) {
    *(half *)(c + i * PANEL) = sum[i];
    *(half *)(c + i * PANEL + HALF) = (half){0};
  }
}

ALWAYS_INLINE void half_product_tile(const product_operands *o, size_t row, int rows) {
  half sum[HALF_ROWS];
  half_load(sum, rows, o->from + row * o->from_step, o->from_step);
  for (size_t k = 0; k < o->depth; k += PANEL) {
    const float *a = o->a + k / PANEL * o->a_stride + row * PANEL;
    half_accumulate(sum, rows, a, PANEL, 1, size_min(PANEL, o->depth - k), o->b + k * PANEL);
  }
  half_store(sum, rows, o->c + row * PANEL);
}

ALWAYS_INLINE void half_transposed_tile(const product_operands *o, size_t row, int rows) {
  half sum[HALF_ROWS];
  half_load(sum, rows, o->from + row * o->from_step, o->from_step);
  half_accumulate(sum, rows, o->a + row / PANEL * o->a_stride + row % PANEL, 1, PANEL, o->depth, o->b);
  half_store(sum, rows, o->c + row * PANEL);
}

#if HAS_HALVES
#define HALF_FUNCTIONS(half, n)                                                     \
  static NEVER_INLINE void product_half_##n(const product_operands *o, size_t row) {    \
    half_product_tile(o, row, n);                                                \
  }                                                                               \
  static NEVER_INLINE void transposed_half_##n(const product_operands *o, size_t row) { \
    half_transposed_tile(o, row, n);                                             \
  }
HEIGHTS_14(HALF_FUNCTIONS, half)
#endif

/* ---- all shapes ---- */

/* What tiles of so many panels there are: functions by height, of which the sums of up to `rows` rows (of a
   transposed product `columns` columns) of c fit into registers. */
typedef struct tile_shape {
  size_t panels, rows, columns;
  tile_function *product[HALF_ROWS + 1], *transposed[HALF_ROWS + 1];
} tile_shape;

#define PRODUCT_ROW(p, n) [n] = product_##p##_##n,
#define TRANSPOSED_ROW(p, n) [n] = transposed_##p##_##n,
#define SHAPE_ROW(p, most, most_columns)         \
  {.panels = p,                                  \
   .rows = most,                                 \
   .columns = most_columns,                      \
   .product = {HEIGHTS_##most(PRODUCT_ROW, p)}, \
   .transposed = {HEIGHTS_##most(TRANSPOSED_ROW, p)}},
static const tile_shape tile_shapes[] = {TILE_SHAPES(SHAPE_ROW)};

static const tile_shape half_shape = {
    .panels = 1,
#if HAS_HALVES
    .rows = HALF_ROWS,
    .columns = HALF,
    .product = {HEIGHTS_14(PRODUCT_ROW, half)},
    .transposed = {HEIGHTS_14(TRANSPOSED_ROW, half)},
#endif
};

/* The operands moved `panels` panels of columns to the right. */
ALWAYS_INLINE product_operands operands_right(product_operands o, size_t panels) {
  o.b += panels * o.b_stride;
  o.from += panels * o.from_stride;
  o.c += panels * o.c_stride;
  return o;
}

static const float zero_panel[PANEL] __attribute__((aligned(64)));

/* Covers `rows` rows of c by tiles; rows of different panels of a never share a tile, if `a_panels`. */
ALWAYS_INLINE void cover_rows(tile_function *const by_height[], const product_operands *o, size_t rows,
                              size_t most, bool a_panels) {
  int height;
  for (size_t row = 0; row < rows; row += (size_t)height) {
    size_t left = a_panels ? size_min(PANEL - row % PANEL, rows - row) : rows - row;
    height = tile_height(left, most);
    by_height[height](o, row);
  }
}

/* Whether half a panel is all that counts of the last of `width` columns. */
ALWAYS_INLINE bool ends_in_half(size_t width) {
  return HAS_HALVES && width % PANEL > 0 && width % PANEL <= HALF;
}

static void product(const float *a, size_t a_stride, size_t rows, size_t depth, const float *b,
                    size_t b_stride, size_t width, const float *bias, float *c, size_t c_stride) {
  product_operands o = {.a = a,
                        .a_stride = a_stride,
                        .depth = depth,
                        .b = b,
                        .b_stride = b_stride,
                        .from = bias != NULL ? bias : zero_panel,
                        .from_stride = bias != NULL ? PANEL : 0,
                        .c = c,
                        .c_stride = c_stride};
  size_t panels = panels_of(width) - ends_in_half(width);
  for (const tile_shape *shape = tile_shapes; panels > 0; shape++) {
    for (; panels >= shape->panels; panels -= shape->panels, o = operands_right(o, shape->panels))
      cover_rows(shape->product, &o, rows, shape->rows, false);
  }
  if (ends_in_half(width)) cover_rows(half_shape.product, &o, rows, half_shape.rows, false);
}

static void product_transposed(const float *a, size_t a_stride, size_t columns, size_t rows, const float *d,
                               size_t d_stride, size_t width, bool accumulate, float *g, size_t g_stride) {
  product_operands o = {.a = a,
                        .a_stride = a_stride,
                        .depth = rows,
                        .b = d,
                        .b_stride = d_stride,
                        .from = accumulate ? g : zero_panel,
                        .from_stride = accumulate ? g_stride : 0,
                        .from_step = accumulate ? PANEL : 0,
                        .c = g,
                        .c_stride = g_stride};
  size_t panels = panels_of(width) - ends_in_half(width);
  for (const tile_shape *shape = tile_shapes; panels > 0; shape++) {
    for (; panels >= shape->panels; panels -= shape->panels, o = operands_right(o, shape->panels))
      cover_rows(shape->transposed, &o, columns, shape->columns, true);
  }
  if (ends_in_half(width)) cover_rows(half_shape.transposed, &o, columns, half_shape.columns, true);
}

/* Four sums run side by side, so that no addition waits for the one before; rows beyond a multiple of four
   follow one by one. */
static void column_sums(const float *d, size_t rows, bool accumulate, float *sums) {
  size_t fours = rows / 4 * 4;
  for (int v = 0; v < PANEL_VECTORS; v++, d += LANES, sums += LANES) {
    vf a = {0}, b = {0}, c = {0}, e = {0};
    for (size_t r = 0; r < fours; r += 4) {
      a += vector_load(d + r * PANEL);
      b += vector_load(d + (r + 1) * PANEL);
      c += vector_load(d + (r + 2) * PANEL);
      e += vector_load(d + (r + 3) * PANEL);
    }
    vf sum = (a + b) + (c + e);
    for (size_t r = fours; r < rows; r++) sum += vector_load(d + r * PANEL);
    if (accumulate) sum += vector_load(sums);
    vector_store(sums, sum);
  }
}

#endif
