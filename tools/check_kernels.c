/* Checks every table of kernels that can run here against plain loops in double: products and updates within
   the bound that the roundings of their terms allow, activations and softmax within stated relative errors;
   and that results are the same bits however the work is divided, which is why the number of threads cannot
   change them. From the package's root:
     cc -O2 -std=gnu11 -Isrc tools/check_kernels*.c tools/check_report.c src/kernels*.c src/cpu.c -lm
   The argument is the stride over floats for the activations, 1009 by default.
   Exits with 1 if anything fails. */
#include "check_kernels.h"

#include <stdio.h>
#include <string.h>

const char *kernel_name(const kernels *k, const char *what) {
  static char name[80];
  snprintf(name, sizeof name, "%s: %s", k->name, what);
  return name;
}

void expect_same(const kernels *k, const char *what, const float *a, const float *b, size_t n) {
  expect(memcmp(a, b, n * sizeof *a) == 0, kernel_name(k, what));
}

/* ---- updates ---- */

enum { SPAN = 5 * PANEL, BEYOND = SPAN + PANEL };

/* Parameters with their gradient and, unless there is no momentum, their velocity. */
typedef struct parameters {
  _Alignas(ALIGNMENT) float w[BEYOND], g[BEYOND], velocity[BEYOND];
} parameters;

static parameters random_parameters(void) {
  parameters p;
  for (int i = 0; i < BEYOND; i++) {
    p.w[i] = random_float(2);
    p.g[i] = random_float(4);
    p.velocity[i] = random_float(1);
  }
  return p;
}

static void update(const kernels *k, parameters *p, size_t first, size_t n, const update_step *step) {
  k->update_sgd(p->w + first, p->g + first, step->momentum != 0 ? p->velocity + first : NULL, n, step);
}

/* The error of one updated weight, as a share of what some eight roundings of its terms may come to. */
static double update_error(const parameters *before, const parameters *after, int i,
                           const update_step *step) {
  const double rounding = 8 * 0x1p-24, rate = step->learn_rate, carry = step->momentum;
  double w = before->w[i], g = before->g[i], v = before->velocity[i];
  double direction = g + step->penalty * w, size = fabs(g) + step->penalty * fabs(w);
  if (carry != 0) {
    v = carry * v + direction;
    size += carry * fabs(before->velocity[i]);
    expect(fabs(after->velocity[i] - v) <= rounding * size, "the velocity of an update");
    direction = step->nesterov ? direction + carry * v : v;
    if (step->nesterov) size *= 1 + carry;
  }
  double exact = (1 - rate * step->decay) * w - rate * direction;
  return fabs(after->w[i] - exact) / (rounding * (fabs(w) + rate * size));
}

static void check_update(const kernels *k, const update_step *step, worst *w) {
  const parameters before = random_parameters();
  parameters whole = before, pieces = before;
  update(k, &whole, 0, SPAN, step);
  for (int i = 0; i < SPAN; i++) worst_update(w, update_error(&before, &whole, i, step), step->learn_rate);
  for (size_t first = 0; first < SPAN; first += PANEL) update(k, &pieces, first, PANEL, step);
  expect_same(k, "an update in pieces: weights", whole.w, pieces.w, BEYOND);
  expect_same(k, "an update in pieces: velocities", whole.velocity, pieces.velocity, BEYOND);
  expect_same(k, "an update beyond its span", whole.w + SPAN, before.w + SPAN, PANEL);
}

static void check_updates(const kernels *k) {
  static const float momenta[] = {0, .5f, .9f}, sizes[] = {0, .01f, .3f};
  worst w = {0, 0};
  for (int m = 0; m < 3; m++)
    for (int nesterov = 0; nesterov <= (m > 0); nesterov++)
      for (int penalty = 0; penalty < 3; penalty++)
        for (int decay = 0; decay < 3; decay++)
          check_update(k, &(update_step){.1f, momenta[m], nesterov, sizes[penalty], sizes[decay]}, &w);
  report(kernel_name(k, "update_sgd"), "roundings", w, 1);
}

/* ---- every table ---- */

int main(int argc, char **argv) {
  const uint64_t stride = argc > 1 ? strtoull(argv[1], NULL, 10) : 1009;
  if (stride < 1) return 2;
  const kernels *k;
  for (int i = 0; (k = kernels_available(i)) != NULL; i++) {
    check_products(k);
    check_updates(k);
    check_activations(k, stride);
    check_softmax(k);
  }
  return report_end();
}
