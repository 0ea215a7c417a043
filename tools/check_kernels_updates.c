/* Updates of parameters against their formulas in double. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_kernels.h"

enum { SPAN = 5 * PANEL, BEYOND = SPAN + PANEL };

typedef struct parameters {
  _Alignas(ALIGNMENT) float w[BEYOND], g[BEYOND], moment[2][BEYOND];
} parameters;

/* One parameter in double. */
typedef struct point {
  double w, moment[2];
  double size[2]; /* what the terms of each moment come to without their signs */
  double step;    /* what the terms of the step do */
} point;

static parameters random_parameters(void) {
  parameters p;
  for (int i = 0; i < BEYOND; i++) {
    p.w[i] = random_float(2);
    p.g[i] = random_float(4);
    p.moment[0][i] = random_float(1);
    p.moment[1][i] = fabsf(random_float(1));
  }
  return p;
}

/* ---- rules ---- */

static point sgd_point(double w, double g, const double moment[2], const update_step *step) {
  double carry = step->momentum, direction = g + step->penalty * w, size = fabs(g) + step->penalty * fabs(w);
  point p = {.moment = {moment[0], moment[1]}};
  if (carry != 0) {
    p.moment[0] = carry * moment[0] + direction;
    p.size[0] = size += carry * fabs(moment[0]);
    direction = step->nesterov ? direction + carry * p.moment[0] : p.moment[0];
    if (step->nesterov) size *= 1 + carry;
  }
  p.w = (1 - step->decay) * w - step->learn_rate * direction;
  p.step = step->learn_rate * size;
  return p;
}

static point adam_point(double w, double g, const double moment[2], const update_step *step) {
  double gradient = g + step->penalty * w, size = fabs(g) + step->penalty * fabs(w);
  point p;
  p.moment[0] = moment[0] + step->fresh1 * (gradient - moment[0]);
  p.moment[1] = moment[1] + step->fresh2 * (gradient * gradient - moment[1]);
  p.size[0] = fabs(moment[0]) + step->fresh1 * (size + fabs(moment[0]));
  p.size[1] = moment[1] + step->fresh2 * (size * size + moment[1]);
  double root = sqrt(p.moment[1]) + step->epsilon;
  p.w = (1 - step->decay) * w - step->learn_rate * p.moment[0] / root;
  p.step = step->learn_rate * p.size[0] / root * (1 + p.size[1] / p.moment[1]);
  return p;
}

typedef struct rule {
  const char *name;
  update_id id;
  point (*point)(double w, double g, const double moment[2], const update_step *step);
} rule;

/* The moments that the rule keeps with these settings. */
static int moments_of(const rule *rule, const update_step *step) {
  if (rule->id == UPDATE_ADAM) return 2;
  return step->momentum != 0 ? 1 : 0;
}

/* ---- checks ---- */

static void update(const kernels *k, const rule *rule, parameters *p, size_t first, size_t n,
                   const update_step *step) {
  float *moment[2] = {NULL, NULL};
  for (int m = 0; m < moments_of(rule, step); m++) moment[m] = p->moment[m] + first;
  k->update[rule->id](p->w + first, p->g + first, moment, n, step);
}

/* The error of one updated weight, as a share of what some eight roundings of its terms may come to. */
static double update_error(const rule *rule, const parameters *before, const parameters *after, int i,
                           const update_step *step) {
  const double rounding = 8 * 0x1p-24, moment[2] = {before->moment[0][i], before->moment[1][i]};
  double w = before->w[i];
  point exact = rule->point(w, before->g[i], moment, step);
  for (int m = 0; m < moments_of(rule, step); m++) {
    expect(fabs(after->moment[m][i] - exact.moment[m]) <= rounding * exact.size[m],
           "the moment of an update");
  }
  return fabs(after->w[i] - exact.w) / (rounding * (fabs(w) + exact.step));
}

static void check_update(const kernels *k, const rule *rule, const update_step *step, worst *w) {
  const parameters before = random_parameters();
  parameters whole = before, pieces = before;
  update(k, rule, &whole, 0, SPAN, step);
  for (int i = 0; i < SPAN; i++) {
    worst_update(w, update_error(rule, &before, &whole, i, step), step->learn_rate);
  }
  for (size_t first = 0; first < SPAN; first += PANEL) update(k, rule, &pieces, first, PANEL, step);
  expect_same(k, "an update in pieces: weights", whole.w, pieces.w, BEYOND);
  expect_same(k, "an update in pieces: first moments", whole.moment[0], pieces.moment[0], BEYOND);
  expect_same(k, "an update in pieces: second moments", whole.moment[1], pieces.moment[1], BEYOND);
  expect_same(k, "an update beyond its span", whole.w + SPAN, before.w + SPAN, PANEL);
}

/* The rule with every penalty and decay. */
static void check_decays(const kernels *k, const rule *rule, update_step step, worst *w) {
  static const float sizes[] = {0, .01f, .3f};
  for (int penalty = 0; penalty < 3; penalty++) {
    for (int decay = 0; decay < 3; decay++) {
      step.penalty = sizes[penalty];
      step.decay = sizes[decay];
      check_update(k, rule, &step, w);
    }
  }
}

void check_updates(const kernels *k) {
  static const rule sgd = {"update_sgd", UPDATE_SGD, sgd_point},
                    adam = {"update_adam", UPDATE_ADAM, adam_point};
  static const float momenta[] = {0, .5f, .9f};
  worst w = {0, 0};
  for (int m = 0; m < 3; m++) {
    for (int nesterov = 0; nesterov <= (m > 0); nesterov++) {
      check_decays(k, &sgd, (update_step){.learn_rate = .1f, .momentum = momenta[m], .nesterov = nesterov},
                   &w);
    }
  }
  report(kernel_name(k, sgd.name), "roundings", w, 1);
  w = (worst){0, 0};
  check_decays(k, &adam, (update_step){.learn_rate = .1f, .fresh1 = .1f, .fresh2 = .001f, .epsilon = 1e-8f},
               &w);
  check_decays(k, &adam, (update_step){.learn_rate = .01f, .fresh1 = 1, .fresh2 = .5f, .epsilon = .1f}, &w);
  report(kernel_name(k, adam.name), "roundings", w, 1);
}
