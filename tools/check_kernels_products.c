/* Products, sums, transposes and conversions of a table against plain loops in double. */
#include <math.h>
#include <string.h>

#include "check_kernels.h"

/* What stands in outputs before a call, and has to stand there after it wherever the call may not write. */
static const float UNTOUCHED = 12345;

/* A panel matrix and, below it, a row that nobody may read or write. */
typedef struct matrix {
  panels at;
  size_t rows, columns;
} matrix;

static float *place(const matrix *m, size_t row, size_t column) {
  return m->at.data + column / PANEL * m->at.stride + row * PANEL + column % PANEL;
}

static double value(const matrix *m, size_t row, size_t column) { return (double)*place(m, row, column); }

static size_t floats_of(const matrix *m) { return panels_of(m->columns) * m->at.stride; }

static matrix make(size_t rows, size_t columns, float filling) {
  matrix m = {{NULL, (rows + 1) * PANEL}, rows, columns};
  m.at.data = take_floats(floats_of(&m) > 0 ? floats_of(&m) : PANEL);
  for (size_t i = 0; i < floats_of(&m); i++) m.at.data[i] = filling;
  return m;
}

/* Random elements; NaN in spare lanes and below, where it would spoil every sum that reads it. */
static matrix make_random(size_t rows, size_t columns) {
  matrix m = make(rows, columns, NAN);
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < columns; j++) *place(&m, r, j) = random_float(2);
  return m;
}

/* The same, but zero in spare lanes. */
static matrix make_padded(size_t rows, size_t columns) {
  matrix m = make_random(rows, columns);
  for (size_t r = 0; r < rows; r++)
    for (size_t j = columns; j < panels_of(columns) * PANEL; j++) *place(&m, r, j) = 0;
  return m;
}

static void expect_zero_beside(const kernels *k, const char *what, const matrix *m) {
  for (size_t r = 0; r < m->rows; r++)
    for (size_t j = m->columns; j < panels_of(m->columns) * PANEL; j++)
      expect(*place(m, r, j) == 0, kernel_name(k, what));
}

/* What some panels of m have in common with its columns. */
static size_t width_of(const matrix *m, range panels) {
  return size_min(panels.end * PANEL, m->columns) - panels.begin * PANEL;
}

static void drop(matrix m) { free(m.at.data); }

static void expect_untouched_below(const kernels *k, const char *what, const matrix *m) {
  for (size_t j = 0; j < panels_of(m->columns) * PANEL; j++)
    expect(*place(m, m->rows, j) == UNTOUCHED, kernel_name(k, what));
}

/* The error of a sum of `terms` products, which in any order rounds at most twice a term, as a share of the
   bound for that; `size` is the sum of the terms' sizes. */
static double sum_error(double got, double exact, double size, size_t terms) {
  return fabs(got - exact) / ((2 * (double)terms + 1) * 0x1p-24 * size + 0x1p-126);
}

/* ---- c = bias + a b ---- */

/* Some rows and panels of a product. */
static void product(const kernels *k, const matrix *a, const matrix *b, const float *bias, const matrix *c,
                    range rows, range panels) {
  k->product(a->at.data + rows.begin * PANEL, a->at.stride, rows.end - rows.begin, a->columns,
             b->at.data + panels.begin * b->at.stride, b->at.stride, width_of(c, panels),
             bias ? bias + panels.begin * PANEL : NULL,
             c->at.data + panels.begin * c->at.stride + rows.begin * PANEL, c->at.stride);
}

static void compare_product(const matrix *a, const matrix *b, const float *bias, const matrix *c, worst *w) {
  for (size_t r = 0; r < c->rows; r++) {
    for (size_t j = 0; j < c->columns; j++) {
      double exact = bias ? bias[j] : 0, size = fabs(exact);
      for (size_t t = 0; t < a->columns; t++) {
        double term = value(a, r, t) * value(b, t, j);
        exact += term;
        size += fabs(term);
      }
      worst_update(w, sum_error(value(c, r, j), exact, size, a->columns), (float)a->columns);
    }
  }
}

/* The same bits with `height` rows and one panel at a time. */
static void check_product_pieces(const kernels *k, const matrix *a, const matrix *b, const float *bias,
                                 const matrix *whole, size_t height) {
  matrix c = make(whole->rows, whole->columns, UNTOUCHED);
  for (size_t p = 0; p < panels_of(c.columns); p++)
    for (size_t r = 0; r < c.rows; r += height)
      product(k, a, b, bias, &c, (range){r, size_min(r + height, c.rows)}, (range){p, p + 1});
  expect_same(k, "a product in pieces", whole->at.data, c.at.data, floats_of(&c));
  drop(c);
}

static void check_product(const kernels *k, size_t rows, size_t depth, size_t width, bool biased, worst *w) {
  const size_t heights[] = {1, 2, 5, 8};
  matrix a = make_random(rows, depth), b = make_padded(depth, width);
  matrix bias = make_random(panels_of(width), PANEL), c = make(rows, width, UNTOUCHED);
  for (size_t j = width; j < panels_of(width) * PANEL; j++) bias.at.data[j] = 0;
  const float *start = biased ? bias.at.data : NULL;
  product(k, &a, &b, start, &c, (range){0, rows}, (range){0, panels_of(width)});
  compare_product(&a, &b, start, &c, w);
  expect_zero_beside(k, "beside a product", &c);
  expect_untouched_below(k, "below a product", &c);
  for (size_t i = 0; i < sizeof heights / sizeof *heights; i++)
    check_product_pieces(k, &a, &b, start, &c, heights[i]);
  drop(a), drop(b), drop(bias), drop(c);
}

/* ---- g (+)= a' d ---- */

/* Some columns of a (from a multiple of 16) and panels of d. */
static void product_transposed(const kernels *k, const matrix *a, const matrix *d, bool accumulate,
                               const matrix *g, range columns, range panels) {
  k->product_transposed(a->at.data + columns.begin / PANEL * a->at.stride, a->at.stride,
                        columns.end - columns.begin, a->rows, d->at.data + panels.begin * d->at.stride,
                        d->at.stride, width_of(g, panels), accumulate,
                        g->at.data + panels.begin * g->at.stride + columns.begin * PANEL, g->at.stride);
}

static void compare_transposed(const matrix *a, const matrix *d, const matrix *before, const matrix *g,
                               worst *w) {
  for (size_t i = 0; i < g->rows; i++) {
    for (size_t j = 0; j < g->columns; j++) {
      double exact = before ? value(before, i, j) : 0, size = fabs(exact);
      for (size_t r = 0; r < a->rows; r++) {
        double term = value(a, r, i) * value(d, r, j);
        exact += term;
        size += fabs(term);
      }
      worst_update(w, sum_error(value(g, i, j), exact, size, a->rows), (float)a->rows);
    }
  }
}

/* What a product starts from: untouched, or random numbers to add to. */
static matrix make_start(const matrix *before, size_t rows, size_t columns) {
  matrix g = make(rows, columns, UNTOUCHED);
  for (size_t i = 0; before && i < rows; i++)
    for (size_t j = 0; j < panels_of(columns) * PANEL; j++) *place(&g, i, j) = *place(before, i, j);
  return g;
}

/* The same bits with one panel of a and one of d at a time. */
static void check_transposed_pieces(const kernels *k, const matrix *a, const matrix *d, const matrix *before,
                                    const matrix *whole) {
  matrix g = make_start(before, whole->rows, whole->columns);
  for (size_t p = 0; p < panels_of(g.columns); p++)
    for (size_t i = 0; i < g.rows; i += PANEL)
      product_transposed(k, a, d, before != NULL, &g, (range){i, size_min(i + PANEL, g.rows)},
                         (range){p, p + 1});
  expect_same(k, "a transposed product in pieces", whole->at.data, g.at.data, floats_of(&g));
  drop(g);
}

static void check_transposed(const kernels *k, size_t rows, size_t columns, size_t width, bool accumulate,
                             worst *w) {
  matrix a = make_random(rows, columns), d = make_padded(rows, width);
  matrix start = make_padded(columns, width), *before = accumulate ? &start : NULL;
  matrix g = make_start(before, columns, width);
  product_transposed(k, &a, &d, accumulate, &g, (range){0, columns}, (range){0, panels_of(width)});
  compare_transposed(&a, &d, before, &g, w);
  expect_zero_beside(k, "beside a transposed product", &g);
  expect_untouched_below(k, "below a transposed product", &g);
  check_transposed_pieces(k, &a, &d, before, &g);
  drop(a), drop(d), drop(start), drop(g);
}

/* ---- sums and transposes ---- */

static void check_sums(const kernels *k, size_t rows, bool accumulate, worst *w) {
  matrix d = make_random(rows, PANEL), sums = make(1, PANEL, UNTOUCHED);
  const double start = accumulate ? (double)UNTOUCHED : 0;
  k->column_sums(d.at.data, rows, accumulate, sums.at.data);
  for (size_t j = 0; j < PANEL; j++) {
    double exact = start, size = start;
    for (size_t r = 0; r < rows; r++) {
      exact += value(&d, r, j);
      size += fabs(value(&d, r, j));
    }
    worst_update(w, sum_error(value(&sums, 0, j), exact, size, rows), (float)rows);
  }
  expect_untouched_below(k, "below sums", &sums);
  drop(d), drop(sums);
}

/* Exactly the transpose, zero in its spare lanes and nothing else. */
static void check_transpose(const kernels *k, size_t rows, size_t columns) {
  matrix a = make_random(rows, PANEL), t = make(columns, rows, UNTOUCHED);
  k->transpose_panel(a.at.data, rows, (int)columns, t.at.data, t.at.stride);
  for (size_t j = 0; j < columns; j++)
    for (size_t r = 0; r < panels_of(rows) * PANEL; r++)
      expect(*place(&t, j, r) == (r < rows ? *place(&a, r, j) : 0), kernel_name(k, "transpose_panel"));
  expect_untouched_below(k, "below a transpose", &t);
  drop(a), drop(t);
}

/* Exactly the quotients as floats, at the fronts of tiles and nowhere else; a value that is not finite,
   wherever it stands, is told. */
static void check_narrow(const kernels *k) {
  enum { TILES = 3, VALUES = TILES * PANEL };
  static const double scales[][2] = {{0, 1}, {0, 3}, {.7, 1}, {-1e3, 1.7}};
  _Alignas(ALIGNMENT) float out[TILES][PANEL][PANEL];
  float untouched[PANEL - 1][PANEL];
  double room[VALUES + 1], *value = room + 1; /* as aligned as a caller's column */
  memset(untouched, 0x7f, sizeof untouched);
  for (int i = 0; i < VALUES; i++) value[i] = (i - 20) * 1.1;
  for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
    memset(out, 0x7f, sizeof out);
    bool finite = k->narrow(value, VALUES, scales[s][0], scales[s][1], out[0][0]);
    for (int i = 0; i < VALUES; i++) {
      finite = finite && out[i / PANEL][0][i % PANEL] == (float)((value[i] - scales[s][0]) / scales[s][1]);
    }
    expect(finite, kernel_name(k, "narrow"));
    for (int t = 0; t < TILES; t++)
      expect(memcmp(out[t][1], untouched, sizeof untouched) == 0, kernel_name(k, "narrow: behind fronts"));
  }
  for (int i = 0; i < VALUES; i++) {
    double kept = value[i];
    value[i] = i % 2 ? (double)NAN : (double)-INFINITY;
    expect(!k->narrow(value, VALUES, 0, i % 3 ? 1 : 2, out[0][0]), kernel_name(k, "narrow: not finite"));
    value[i] = kept;
  }
}

/* ---- every size ---- */

static const size_t row_counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 29, 31, 33, 67};
static const size_t depths[] = {0, 1, 2, 15, 16, 17, 33, 67, 100};
static const size_t widths[] = {1, 8, 9, 16, 24, 32, 35, 48, 68, 80};
enum {
  ROWS = sizeof row_counts / sizeof *row_counts,
  DEPTHS = sizeof depths / sizeof *depths,
  WIDTHS = sizeof widths / sizeof *widths
};

static void check_wide_products(const kernels *k, size_t width, worst *straight, worst *transposed) {
  for (int r = 0; r < ROWS; r++) {
    for (int d = 0; d < DEPTHS; d++) {
      bool start = (r + d) % 2;
      check_product(k, row_counts[r], depths[d], width, start, straight);
      check_transposed(k, depths[d], row_counts[r], width, start, transposed);
    }
  }
}

void check_products(const kernels *k) {
  worst straight = {0, 0}, transposed = {0, 0}, sums = {0, 0};
  for (int i = 0; i < WIDTHS; i++) check_wide_products(k, widths[i], &straight, &transposed);
  for (int r = 0; r < ROWS; r++) {
    check_sums(k, row_counts[r], r % 2, &sums);
    for (size_t columns = 1; columns <= PANEL; columns++) check_transpose(k, row_counts[r], columns);
  }
  check_narrow(k);
  report(kernel_name(k, "product, by depth"), "roundings", straight, 1);
  report(kernel_name(k, "product_transposed, by depth"), "roundings", transposed, 1);
  report(kernel_name(k, "column_sums, by rows"), "roundings", sums, 1);
}
