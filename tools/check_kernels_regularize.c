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

static double error_in_roundings(double actual, double exact, double size) {
  return fabs(actual - exact) / (0x1p-24 * size + 1e-300);
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
}
