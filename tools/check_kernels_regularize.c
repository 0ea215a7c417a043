/* What happens to gradients before an update and to weights after it, against the formulas in double. */
#include <math.h>
#include <string.h>

#include "check_kernels.h"

enum { ROWS = 37, SPAN = ROWS * PANEL, BEYOND = SPAN + PANEL };

typedef struct spans {
  _Alignas(ALIGNMENT) float a[BEYOND], b[BEYOND];
} spans;

static spans random_spans(void) {
  spans s;
  for (int i = 0; i < BEYOND; i++) {
    s.a[i] = i % 7 == 0 ? 0 : random_float(2);
    s.b[i] = random_float(4);
  }
  return s;
}

static void check_adjust(const kernels *k, const update_step *step, worst *w) {
  const spans before = random_spans();
  spans after = before;
  k->adjust_gradient(after.a, after.b, SPAN, step);
  for (int i = 0; i < SPAN; i++) {
    double scaled = (double)step->scale * before.b[i], sign = (before.a[i] > 0) - (before.a[i] < 0);
    double exact = fmin(fmax(scaled, -step->limit), step->limit) + step->sparsity * sign;
    worst_update(w, error_in_roundings(after.b[i], exact, 2 * (fabs(scaled) + step->sparsity)), before.b[i]);
  }
  expect_same(k, "an adjusted gradient beyond its span", after.b + SPAN, before.b + SPAN, PANEL);
}

static void check_average(const kernels *k, float fresh, worst *w) {
  const spans before = random_spans();
  spans after = before;
  k->average(after.a, after.b, SPAN, fresh);
  for (int i = 0; i < SPAN; i++) {
    double a = before.a[i], b = before.b[i], exact = a + (double)fresh * (b - a);
    worst_update(w, error_in_roundings(after.a[i], exact, 3 * (fabs(a) + fabs(b))), a);
  }
  expect_same(k, "an average beyond its span", after.a + SPAN, before.a + SPAN, PANEL);
}

static void check_sum(const kernels *k, worst *w) {
  const spans s = random_spans();
  double sum = 0;
  for (int i = 0; i < SPAN; i++) sum += (double)s.b[i] * s.b[i];
  worst_update(w, error_in_roundings(k->sum_of_squares(s.b, SPAN), sum, ROWS * sum), sum);
}

static void check_limit(const kernels *k, float most, worst *w) {
  const spans before = random_spans();
  spans after = before;
  k->limit_norms(after.b, ROWS, most);
  for (int j = 0; j < PANEL; j++) {
    double sum = 0;
    for (int r = 0; r < ROWS; r++) sum += (double)before.b[r * PANEL + j] * before.b[r * PANEL + j];
    double factor = fmin(1, most / sqrt(sum));
    for (int i = j; i < SPAN; i += PANEL) {
      double exact = factor * before.b[i];
      worst_update(w, error_in_roundings(after.b[i], exact, ROWS * fabs(exact)), sum);
    }
  }
  expect_same(k, "limited norms beyond their panel", after.b + SPAN, before.b + SPAN, PANEL);
}

static void check_scale_rows(const kernels *k, worst *w) {
  const spans s = random_spans();
  spans out = random_spans();
  const spans before = out;
  k->scale_rows(s.a, s.b, ROWS, out.a);
  for (int i = 0; i < SPAN; i++) {
    double exact = (double)s.b[i / PANEL] * s.a[i];
    worst_update(w, error_in_roundings(out.a[i], exact, fabs(exact)), s.a[i]);
  }
  expect_same(k, "scaled rows beyond their span", out.a + SPAN, before.a + SPAN, PANEL);
}

/* Two panels of up to 16 rows each, with other strides. */
static void check_scale_gradient(const kernels *k, int rows, worst *w) {
  enum { W_STRIDE = 18 * PANEL, G_STRIDE = 17 * PANEL };
  const spans before = random_spans();
  const spans scale = random_spans();
  spans after = before;
  _Alignas(ALIGNMENT) float products[PANEL];
  k->scale_gradient(after.a, W_STRIDE, after.b, G_STRIDE, (size_t)rows, 2, scale.a, products);
  for (int r = 0; r < PANEL; r++) {
    double sum = 0, size = 0;
    for (int i = 0; i < 2 * PANEL && r < rows; i++) {
      int panel = i / PANEL, at = r * PANEL + i % PANEL;
      double g = before.b[panel * G_STRIDE + at], product = before.a[panel * W_STRIDE + at] * g;
      double exact = (double)scale.a[r] * g;
      sum += product;
      size += fabs(product);
      worst_update(w, error_in_roundings(after.b[panel * G_STRIDE + at], exact, fabs(exact)), g);
    }
    worst_update(w, error_in_roundings(products[r], sum, 2 * PANEL * size), sum);
  }
  for (int panel = 0; panel < 2; panel++) {
    int end = panel * G_STRIDE + rows * PANEL;
    expect_same(k, "a scaled gradient beyond its rows", after.b + end, before.b + end, PANEL);
  }
}

static void check_scale_both(const kernels *k, worst *w) {
  const spans s = random_spans(), scales = random_spans();
  spans out = random_spans();
  const spans before = out;
  k->scale_both(s.a, s.b, scales.a, ROWS, out.a);
  for (int i = 0; i < SPAN; i++) {
    double exact = (double)s.b[i / PANEL] * scales.a[i % PANEL] * s.a[i];
    worst_update(w, error_in_roundings(out.a[i], exact, 2 * fabs(exact)), s.a[i]);
  }
  expect_same(k, "rows scaled with their columns beyond their span", out.a + SPAN, before.a + SPAN, PANEL);
}

/* Of two panels of up to 16 rows each, the sums of a row or of a column and the gradient of the weights. */
static void check_shared_gradient(const kernels *k, int rows, bool accumulate, worst *w) {
  enum { W_STRIDE = 18 * PANEL, G_STRIDE = 17 * PANEL };
  const spans s = random_spans(), scales = random_spans(), before = random_spans();
  spans dw = before;
  _Alignas(ALIGNMENT) float row_sums[PANEL], column_sums[2 * PANEL];
  const shared_part part = {.w = s.a,
                            .dw = dw.a,
                            .stride = W_STRIDE,
                            .rows = (size_t)rows,
                            .panels = 2,
                            .row = scales.a,
                            .column = scales.b};
  double row[PANEL] = {0}, row_size[PANEL] = {0}, column[2 * PANEL] = {0}, column_size[2 * PANEL] = {0};
  k->shared_gradient(&part, s.b, G_STRIDE, accumulate, row_sums, column_sums);
  for (int i = 0; i < rows * 2 * PANEL; i++) {
    int r = i / (2 * PANEL), j = i % (2 * PANEL), at = r * PANEL + j % PANEL, panel = j / PANEL;
    double g = s.b[panel * G_STRIDE + at], product = s.a[panel * W_STRIDE + at] * g;
    double own = (double)scales.a[r] * scales.b[j] * g,
           old = accumulate ? before.a[panel * W_STRIDE + at] : 0;
    row[r] += scales.b[j] * product, row_size[r] += fabs(scales.b[j] * product);
    column[j] += scales.a[r] * product, column_size[j] += fabs(scales.a[r] * product);
    double size = 3 * fabs(own) + fabs(old);
    worst_update(w, error_in_roundings(dw.a[panel * W_STRIDE + at], own + old, size), g);
  }
  for (int r = 0; r < PANEL; r++)
    worst_update(w, error_in_roundings(row_sums[r], row[r], 2 * PANEL * row_size[r]), row[r]);
  for (int j = 0; j < 2 * PANEL; j++)
    worst_update(w, error_in_roundings(column_sums[j], column[j], PANEL * column_size[j]), column[j]);
  for (int panel = 0; panel < 2; panel++) {
    int end = panel * W_STRIDE + rows * PANEL;
    expect_same(k, "a shared gradient beyond its rows", dw.a + end, before.a + end, PANEL);
  }
}

void check_regularization(const kernels *k) {
  worst w = {0, 0};
  for (float limit = .01f; limit < 100; limit *= 10) {
    check_adjust(k, &(update_step){.scale = .7f, .limit = limit, .sparsity = .03f}, &w);
  }
  check_adjust(k, &(update_step){.scale = 1, .limit = INFINITY}, &w);
  report(kernel_name(k, "adjust_gradient"), "roundings", w, 1);
  w = (worst){0, 0};
  check_average(k, 1, &w);
  check_average(k, .001f, &w);
  report(kernel_name(k, "average"), "roundings", w, 1);
  w = (worst){0, 0};
  check_sum(k, &w);
  report(kernel_name(k, "sum_of_squares"), "roundings a row", w, 1);
  w = (worst){0, 0};
  check_limit(k, 1, &w);
  check_limit(k, 13, &w);
  check_limit(k, INFINITY, &w);
  report(kernel_name(k, "limit_norms"), "roundings a row", w, 1);
  w = (worst){0, 0};
  check_scale_rows(k, &w);
  for (int rows = 1; rows <= PANEL; rows++) check_scale_gradient(k, rows, &w);
  report(kernel_name(k, "scale_rows and scale_gradient"), "roundings a term", w, 1);
  w = (worst){0, 0};
  check_scale_both(k, &w);
  for (int rows = 1; rows <= PANEL; rows++) {
    check_shared_gradient(k, rows, false, &w);
    check_shared_gradient(k, rows, true, &w);
  }
  report(kernel_name(k, "scale_both and shared_gradient"), "roundings a term", w, 1);
}
