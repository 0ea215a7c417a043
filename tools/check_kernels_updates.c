/* Updates of parameters against their formulas in double. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_kernels.h"

enum { SPAN = 5 * PANEL, BEYOND = SPAN + PANEL };

typedef struct parameters {
  _Alignas(ALIGNMENT) float w[BEYOND], g[BEYOND], moment[MOMENTS][BEYOND];
} parameters;

/* One parameter in double. */
typedef struct point {
  double w, moment[MOMENTS];
  double size[MOMENTS]; /* what the terms of each moment come to without their signs */
  double step;          /* what the terms of the step do */
} point;

/* What a moment may hold. */
typedef enum moment_kind { SIGNED, POSITIVE } moment_kind;

static parameters random_parameters(const moment_kind kind[MOMENTS]) {
  parameters p;
  for (int i = 0; i < BEYOND; i++) {
    p.w[i] = random_float(2);
    p.g[i] = i % 13 == 0 ? 0 : random_float(4);
    for (int m = 0; m < MOMENTS; m++) {
      float value = random_float(1);
      p.moment[m][i] = kind[m] == POSITIVE ? fabsf(value) : i % 7 == 0 ? 0 : value;
    }
  }
  return p;
}

/* ---- rules ---- */

/* Each takes w, g' with the size of its terms, the moments and the coefficients; the weight comes back
   without its decay, which is the same for all. */
typedef point point_function(double w, double g, double size, const double *moment, const update_step *step);

static point sgd_point(double w, double g, double size, const double *moment, const update_step *step) {
  (void)moment;
  return (point){.w = w - step->learn_rate * g, .step = step->learn_rate * size};
}

static point velocity_point(double w, double g, double size, const double *moment, const update_step *step,
                            bool nesterov) {
  double carry = step->momentum, v = carry * moment[0] + g;
  point p = {.moment = {v}, .size = {size + carry * fabs(moment[0])}};
  p.w = w - step->learn_rate * (nesterov ? g + carry * v : v);
  p.step = step->learn_rate * p.size[0] * (nesterov ? 1 + carry : 1);
  return p;
}

static point momentum_point(double w, double g, double size, const double *moment, const update_step *step) {
  return velocity_point(w, g, size, moment, step, false);
}

static point nesterov_point(double w, double g, double size, const double *moment, const update_step *step) {
  return velocity_point(w, g, size, moment, step, true);
}

/* A running mean, and the size of its terms, in place m of p. */
static void set_mean(point *p, int m, double before, double value, double size, double fresh) {
  p->moment[m] = before + fresh * (value - before);
  p->size[m] = fabs(before) + fresh * (size + fabs(before));
}

static point adam_moments_point(double g, double size, const double *moment, const update_step *step) {
  point p = {.w = 0};
  set_mean(&p, 0, moment[0], g, size, step->fresh1);
  set_mean(&p, 1, moment[1], g * g, size * size, step->fresh2);
  return p;
}

/* w minus a direction over `share` times the root of a moment plus epsilon. */
static void divide_by_root(point *p, double w, double direction, double size, int m, double share,
                           const update_step *step) {
  double divisor = share * sqrt(p->moment[m]) + step->epsilon;
  double relative = p->moment[m] > 0 ? p->size[m] / p->moment[m] : 1;
  p->w = w - direction / divisor;
  p->step = size / divisor * (1 + relative);
}

static point adam_point(double w, double g, double size, const double *moment, const update_step *step) {
  point p = adam_moments_point(g, size, moment, step);
  divide_by_root(&p, w, step->learn_rate * p.moment[0], step->learn_rate * p.size[0], 1, 1, step);
  return p;
}

static point amsgrad_point(double w, double g, double size, const double *moment, const update_step *step) {
  point p = adam_moments_point(g, size, moment, step);
  p.moment[2] = fmax(moment[2], p.moment[1]);
  p.size[2] = fmax(moment[2], p.size[1]);
  divide_by_root(&p, w, step->learn_rate * p.moment[0], step->learn_rate * p.size[0], 2, 1, step);
  return p;
}

static point nadam_point(double w, double g, double size, const double *moment, const update_step *step) {
  point p = adam_moments_point(g, size, moment, step);
  divide_by_root(&p, w, step->gradient_rate * g + step->learn_rate * p.moment[0],
                 step->gradient_rate * size + step->learn_rate * p.size[0], 1, 1, step);
  return p;
}

static point radam_point(double w, double g, double size, const double *moment, const update_step *step) {
  point p = adam_moments_point(g, size, moment, step);
  divide_by_root(&p, w, step->learn_rate * p.moment[0], step->learn_rate * p.size[0], 1, step->root, step);
  return p;
}

/* The mean of squares v, then the mean m where it is subtracted, then the velocity. */
static point rmsprop_any(double w, double g, double size, const double *moment, const update_step *step,
                         bool centered, bool momentum) {
  double carry = step->momentum, deviation = g - moment[1], wide = size + fabs(moment[1]);
  point p = {.w = 0};
  int last = centered ? 2 : 1;
  if (centered) {
    p.moment[0] = (1 - step->fresh2) * (moment[0] + step->fresh2 * deviation * deviation);
    p.size[0] = moment[0] + step->fresh2 * wide * wide;
    set_mean(&p, 1, moment[1], g, size, step->fresh2);
  } else {
    set_mean(&p, 0, moment[0], g * g, size * size, step->fresh2);
  }
  divide_by_root(&p, 0, -g, size, 0, 1, step);
  double direction = p.w, direction_size = p.step;
  if (momentum) {
    p.moment[last] = direction += carry * moment[last];
    p.size[last] = direction_size += carry * fabs(moment[last]);
  }
  p.w = w - step->learn_rate * direction;
  p.step = step->learn_rate * direction_size;
  return p;
}

static point rmsprop_point(double w, double g, double size, const double *moment, const update_step *step) {
  return rmsprop_any(w, g, size, moment, step, false, false);
}

static point rmsprop_momentum_point(double w, double g, double size, const double *moment,
                                    const update_step *step) {
  return rmsprop_any(w, g, size, moment, step, false, true);
}

static point rmsprop_centered_point(double w, double g, double size, const double *moment,
                                    const update_step *step) {
  return rmsprop_any(w, g, size, moment, step, true, false);
}

static point rmsprop_both_point(double w, double g, double size, const double *moment,
                                const update_step *step) {
  return rmsprop_any(w, g, size, moment, step, true, true);
}

static point adagrad_point(double w, double g, double size, const double *moment, const update_step *step) {
  point p = {.moment = {moment[0] + g * g}, .size = {moment[0] + size * size}};
  divide_by_root(&p, w, step->learn_rate * g, step->learn_rate * size, 0, 1, step);
  return p;
}

static point adadelta_point(double w, double g, double size, const double *moment, const update_step *step) {
  point p = {.w = 0};
  set_mean(&p, 0, moment[0], g * g, size * size, step->fresh2);
  double v = p.moment[0] + step->epsilon, ratio = sqrt((moment[1] + step->epsilon) / v), u = ratio * g;
  double u_size = ratio * size * (1 + p.size[0] / v);
  set_mean(&p, 1, moment[1], u * u, u_size * u_size, step->fresh2);
  p.w = w - step->learn_rate * u;
  p.step = step->learn_rate * u_size;
  return p;
}

static double sign_of(double x) { return (x > 0) - (x < 0); }

static point lion_point(double w, double g, double size, const double *moment, const update_step *step) {
  point p = {.w = 0};
  set_mean(&p, 0, moment[0], g, size, step->fresh2);
  p.w = w - step->learn_rate * sign_of(moment[0] + step->fresh1 * (g - moment[0]));
  p.step = step->learn_rate;
  return p;
}

static point rprop_point(double w, double g, double size, const double *moment, const update_step *step) {
  double turn = sign_of(g) * sign_of(moment[0]);
  double factor = turn < 0 ? step->shrink : turn > 0 ? step->grow : 1;
  point p = {.moment = {turn < 0 ? 0 : g}, .size = {size}};
  p.size[1] = p.moment[1] = fmin(fmax(moment[1] * factor, step->smallest), step->largest);
  p.w = w - p.moment[1] * sign_of(p.moment[0]);
  p.step = p.moment[1];
  return p;
}

#define RULE_ROW(name, moments) \
  [UPDATE_##name] = {"update_" #name, UPDATE_##name, moments, name##_point, {0}},

typedef struct rule {
  const char *name;
  update_id id;
  int moments;
  point_function *point;
  moment_kind kind[MOMENTS];
} rule;

/* The rule with the kinds of its moments. */
static rule rule_of(update_id id) {
  static const rule rules[] = {UPDATE_LIST(RULE_ROW)};
  static const moment_kind kinds[UPDATE_COUNT][MOMENTS] = {
      [UPDATE_adam] = {SIGNED, POSITIVE},
      [UPDATE_amsgrad] = {SIGNED, POSITIVE, POSITIVE},
      [UPDATE_nadam] = {SIGNED, POSITIVE},
      [UPDATE_radam] = {SIGNED, POSITIVE},
      [UPDATE_rmsprop] = {POSITIVE},
      [UPDATE_rmsprop_momentum] = {POSITIVE, SIGNED},
      [UPDATE_rmsprop_centered] = {POSITIVE, SIGNED},
      [UPDATE_rmsprop_both] = {POSITIVE, SIGNED, SIGNED},
      [UPDATE_adagrad] = {POSITIVE},
      [UPDATE_adadelta] = {POSITIVE, POSITIVE},
      [UPDATE_rprop] = {SIGNED, POSITIVE},
  };
  rule found = rules[id];
  memcpy(found.kind, kinds[id], sizeof found.kind);
  return found;
}

/* ---- checks ---- */

static void update(const kernels *k, const rule *rule, parameters *p, size_t first, size_t n,
                   const update_step *step) {
  float *moment[MOMENTS] = {NULL};
  for (int m = 0; m < rule->moments; m++) moment[m] = p->moment[m] + first;
  k->update[rule->id](p->w + first, p->g + first, moment, n, step);
}

/* The error of one updated weight, as a share of what some eight roundings of its terms may come to. */
static double update_error(const rule *rule, const parameters *before, const parameters *after, int i,
                           const update_step *step) {
  const double rounding = 8 * 0x1p-24, w = before->w[i], g = before->g[i];
  double moment[MOMENTS];
  for (int m = 0; m < MOMENTS; m++) moment[m] = before->moment[m][i];
  point exact = rule->point(w, g + step->penalty * w, fabs(g) + step->penalty * fabs(w), moment, step);
  exact.w -= step->decay * w;
  for (int m = 0; m < rule->moments; m++) {
    expect(fabs(after->moment[m][i] - exact.moment[m]) <= rounding * exact.size[m],
           "the moment of an update");
  }
  return fabs(after->w[i] - exact.w) / (rounding * (fabs(w) + exact.step));
}

static void check_update(const kernels *k, const rule *rule, const update_step *step, worst *w) {
  const parameters before = random_parameters(rule->kind);
  parameters whole = before, pieces = before;
  update(k, rule, &whole, 0, SPAN, step);
  for (int i = 0; i < SPAN; i++) {
    worst_update(w, update_error(rule, &before, &whole, i, step), step->learn_rate);
  }
  for (size_t first = 0; first < SPAN; first += PANEL) update(k, rule, &pieces, first, PANEL, step);
  expect_same(k, "an update in pieces: weights", whole.w, pieces.w, BEYOND);
  expect_same(k, "an update beyond its span", whole.w + SPAN, before.w + SPAN, PANEL);
  for (int m = 0; m < MOMENTS; m++) {
    expect_same(k, "an update in pieces: a moment", whole.moment[m], pieces.moment[m], BEYOND);
  }
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

/* What is not a number does not get lost in the weights, nor zero gradients move what has no moments. */
static void check_special(const kernels *k, const rule *rule, const update_step *step) {
  parameters p = random_parameters(rule->kind);
  memset(p.moment, 0, sizeof p.moment);
  memset(p.g, 0, sizeof p.g);
  parameters still = p;
  update(k, rule, &still, 0, SPAN, step);
  expect_same(k, "an update without a gradient", still.w, p.w, BEYOND);
  p.g[3] = NAN;
  p.w[5] = NAN;
  p.w[6] = INFINITY;
  update(k, rule, &p, 0, SPAN, step);
  expect(isnan(p.w[3]) && !isnan(p.w[4]), kernel_name(k, rule->name));
  expect(!isfinite(p.w[5]) && !isfinite(p.w[6]), kernel_name(k, rule->name));
}

void check_updates(const kernels *k) {
  static const update_step steps[] = {
      {.learn_rate = .1f,
       .momentum = .5f,
       .fresh1 = .1f,
       .fresh2 = .001f,
       .epsilon = 1e-8f,
       .gradient_rate = .05f,
       .root = 1,
       .shrink = .5f,
       .grow = 1.2f,
       .smallest = 1e-6f,
       .largest = 50},
      {.learn_rate = .01f,
       .momentum = .9f,
       .fresh1 = 1,
       .fresh2 = .5f,
       .epsilon = .1f,
       .gradient_rate = .3f,
       .root = 1,
       .shrink = .7f,
       .grow = 1.1f,
       .smallest = .1f,
       .largest = .2f},
      {.learn_rate = .1f,
       .momentum = 0,
       .fresh1 = .3f,
       .fresh2 = .1f,
       .epsilon = 1,
       .gradient_rate = 0,
       .root = 0,
       .shrink = .1f,
       .grow = 2,
       .smallest = 1e-3f,
       .largest = 1},
  };
  for (int id = 0; id < UPDATE_COUNT; id++) {
    const rule rule = rule_of((update_id)id);
    worst w = {0, 0};
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
      check_decays(k, &rule, steps[s], &w);
      check_special(k, &rule, &steps[s]);
    }
    report(kernel_name(k, rule.name), "roundings", w, 1);
  }
}
