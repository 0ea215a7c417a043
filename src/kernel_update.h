/* Updates of a span of parameters from its gradient g. With g' = g + penalty w,
   and w' = w - decay w: */
#ifndef FASTMLP_KERNEL_UPDATE_H
#define FASTMLP_KERNEL_UPDATE_H

#include "kernels.h"
#include "vector.h"

/* The head of every rule. */
#define UPDATE_ARGUMENTS \
  float *w, const float *g, float *const moment[MOMENTS], size_t n, const update_step *step

/* ---- stochastic gradient descent ---- */

/* without momentum  w <- w' - learn_rate g'
   with momentum     v <- momentum v + g', and v takes the place of g' (Nesterov: g' + momentum v). */
ALWAYS_INLINE void sgd_span(float *w, const float *g, float *velocity, size_t n, const update_step *step,
                            bool momentum, bool nesterov) {
  vf rate = vector_splat(step->learn_rate), penalty = vector_splat(step->penalty);
  vf decay = vector_splat(step->decay), carry = vector_splat(step->momentum);
  for (size_t i = 0; i < n; i += LANES) {
    vf weight = vector_load(w + i);
    vf direction = vector_load(g + i) + penalty * weight;
    if (momentum) {
      vf v = carry * vector_load(velocity + i) + direction;
      vector_store(velocity + i, v);
      if (nesterov) {
        direction += carry * v;
      } else {
        direction = v;
      }
    }
    vector_store(w + i, weight - decay * weight - rate * direction);
  }
}

static void update_sgd(UPDATE_ARGUMENTS) { sgd_span(w, g, moment[0], n, step, false, false); }

static void update_momentum(UPDATE_ARGUMENTS) { sgd_span(w, g, moment[0], n, step, true, false); }

static void update_nesterov(UPDATE_ARGUMENTS) { sgd_span(w, g, moment[0], n, step, true, true); }

/* ---- moments of the gradient and of its square ---- */

/* m <- m + fresh1 (g' - m) and v <- v + fresh2 (g'^2 - v), kept in the first two moments. */
typedef struct adam_moments {
  vf m, v;
} adam_moments;

ALWAYS_INLINE adam_moments adam_refresh(vf gradient, float *mean, float *square, vf fresh1, vf fresh2) {
  vf m = vector_load(mean), v = vector_load(square);
  m += fresh1 * (gradient - m);
  v += fresh2 * (gradient * gradient - v);
  vector_store(mean, m);
  vector_store(square, v);
  return (adam_moments){m, v};
}

/* Adam: w <- w' - learn_rate m / (sqrt(v) + epsilon), where learn_rate and epsilon carry the corrections of
   the moments' start at zero. AMSGrad: the largest v so far, a third moment, takes the place of v. Without
   `shrinks` there is neither penalty nor decay. */
ALWAYS_INLINE void adam_span(float *w, const float *g, float *const moment[MOMENTS], size_t n,
                             const update_step *step, bool largest, bool shrinks) {
  vf rate = vector_splat(step->learn_rate), penalty = vector_splat(step->penalty);
  vf decay = vector_splat(step->decay), epsilon = vector_splat(step->epsilon);
  vf fresh1 = vector_splat(step->fresh1), fresh2 = vector_splat(step->fresh2);
  float *mean = moment[0], *square = moment[1];
  for (size_t i = 0; i < n; i += LANES) {
    vf weight = vector_load(w + i), gradient = vector_load(g + i);
    if (shrinks) gradient += penalty * weight;
    adam_moments at = adam_refresh(gradient, mean + i, square + i, fresh1, fresh2);
    if (largest) {
      at.v = vector_max(vector_load(moment[2] + i), at.v);
      vector_store(moment[2] + i, at.v);
    }
    if (shrinks) weight -= decay * weight;
    vector_store(w + i, weight - rate * vector_quotient(at.m, vector_root(at.v) + epsilon));
  }
}

static void update_adam(UPDATE_ARGUMENTS) {
  if (step->penalty != 0 || step->decay != 0) {
    adam_span(w, g, moment, n, step, false, true);
  } else {
    adam_span(w, g, moment, n, step, false, false);
  }
}

static void update_amsgrad(UPDATE_ARGUMENTS) { adam_span(w, g, moment, n, step, true, true); }

/* w <- w' - (gradient_rate g' + learn_rate m) / (sqrt(v) + epsilon) */
static void update_nadam(UPDATE_ARGUMENTS) {
  vf rate = vector_splat(step->learn_rate), penalty = vector_splat(step->penalty);
  vf decay = vector_splat(step->decay), epsilon = vector_splat(step->epsilon);
  vf fresh1 = vector_splat(step->fresh1), fresh2 = vector_splat(step->fresh2);
  vf gradient_rate = vector_splat(step->gradient_rate);
  float *mean = moment[0], *square = moment[1];
  for (size_t i = 0; i < n; i += LANES) {
    vf weight = vector_load(w + i);
    vf gradient = vector_load(g + i) + penalty * weight;
    adam_moments at = adam_refresh(gradient, mean + i, square + i, fresh1, fresh2);
    vf direction = vector_quotient(gradient_rate * gradient + rate * at.m, vector_root(at.v) + epsilon);
    vector_store(w + i, weight - decay * weight - direction);
  }
}

/* w <- w' - learn_rate m / (root sqrt(v) + epsilon): as root is 1 or 0, a step of Adam or of momentum. */
static void update_radam(UPDATE_ARGUMENTS) {
  vf rate = vector_splat(step->learn_rate), penalty = vector_splat(step->penalty);
  vf decay = vector_splat(step->decay), epsilon = vector_splat(step->epsilon);
  vf fresh1 = vector_splat(step->fresh1), fresh2 = vector_splat(step->fresh2);
  vf root = vector_splat(step->root);
  float *mean = moment[0], *square = moment[1];
  for (size_t i = 0; i < n; i += LANES) {
    vf weight = vector_load(w + i);
    vf gradient = vector_load(g + i) + penalty * weight;
    adam_moments at = adam_refresh(gradient, mean + i, square + i, fresh1, fresh2);
    vf divisor = root * vector_root(at.v) + epsilon;
    vector_store(w + i, weight - decay * weight - rate * vector_quotient(at.m, divisor));
  }
}

/* ---- the gradient over a root of its squares ---- */

/* v <- v + fresh2 (g'^2 - v),  u = g' / (sqrt(v) + epsilon),  w <- w' - learn_rate u
   centered       v is the variance about the running mean m, in a form that cannot become negative:
                  v <- (1 - fresh2) (v + fresh2 (g' - m)^2),  m <- m + fresh2 (g' - m)
   with momentum  b <- momentum b + u, and b takes the place of u.
   The moments are v, then m and b as far as there are any. */
ALWAYS_INLINE void rmsprop_span(float *w, const float *g, float *const moment[MOMENTS], size_t n,
                                const update_step *step, bool centered, bool momentum) {
  vf rate = vector_splat(step->learn_rate), penalty = vector_splat(step->penalty);
  vf decay = vector_splat(step->decay), epsilon = vector_splat(step->epsilon);
  vf fresh = vector_splat(step->fresh2), carry = vector_splat(step->momentum);
  float *mean = moment[1], *velocity = centered ? moment[2] : moment[1];
  for (size_t i = 0; i < n; i += LANES) {
    vf weight = vector_load(w + i);
    vf gradient = vector_load(g + i) + penalty * weight;
    vf v = vector_load(moment[0] + i);
    if (centered) {
      vf m = vector_load(mean + i), deviation = gradient - m, added = fresh * deviation;
      v += added * deviation;
      v -= fresh * v;
      vector_store(mean + i, m + added);
    } else {
      v += fresh * (gradient * gradient - v);
    }
    vector_store(moment[0] + i, v);
    vf direction = vector_quotient(gradient, vector_root(v) + epsilon);
    if (momentum) {
      direction += carry * vector_load(velocity + i);
      vector_store(velocity + i, direction);
    }
    vector_store(w + i, weight - decay * weight - rate * direction);
  }
}

static void update_rmsprop(UPDATE_ARGUMENTS) { rmsprop_span(w, g, moment, n, step, false, false); }

static void update_rmsprop_momentum(UPDATE_ARGUMENTS) { rmsprop_span(w, g, moment, n, step, false, true); }

static void update_rmsprop_centered(UPDATE_ARGUMENTS) { rmsprop_span(w, g, moment, n, step, true, false); }

static void update_rmsprop_both(UPDATE_ARGUMENTS) { rmsprop_span(w, g, moment, n, step, true, true); }

/* s <- s + g'^2,  w <- w' - learn_rate g' / (sqrt(s) + epsilon) */
static void update_adagrad(UPDATE_ARGUMENTS) {
  vf rate = vector_splat(step->learn_rate), penalty = vector_splat(step->penalty);
  vf decay = vector_splat(step->decay), epsilon = vector_splat(step->epsilon);
  for (size_t i = 0; i < n; i += LANES) {
    vf weight = vector_load(w + i);
    vf gradient = vector_load(g + i) + penalty * weight;
    vf sum = vector_load(moment[0] + i) + gradient * gradient;
    vector_store(moment[0] + i, sum);
    vf direction = vector_quotient(gradient, vector_root(sum) + epsilon);
    vector_store(w + i, weight - decay * weight - rate * direction);
  }
}

/* v <- v + fresh2 (g'^2 - v),  u = g' sqrt(d + epsilon) / sqrt(v + epsilon),  d <- d + fresh2 (u^2 - d),
   w <- w' - learn_rate u */
static void update_adadelta(UPDATE_ARGUMENTS) {
  vf rate = vector_splat(step->learn_rate), penalty = vector_splat(step->penalty);
  vf decay = vector_splat(step->decay), epsilon = vector_splat(step->epsilon);
  vf fresh = vector_splat(step->fresh2);
  for (size_t i = 0; i < n; i += LANES) {
    vf weight = vector_load(w + i);
    vf gradient = vector_load(g + i) + penalty * weight;
    vf v = vector_load(moment[0] + i), d = vector_load(moment[1] + i);
    v += fresh * (gradient * gradient - v);
    vf direction = gradient * vector_quotient(vector_root(d + epsilon), vector_root(v + epsilon));
    d += fresh * (direction * direction - d);
    vector_store(moment[0] + i, v);
    vector_store(moment[1] + i, d);
    vector_store(w + i, weight - decay * weight - rate * direction);
  }
}

/* ---- signs ---- */

/* w <- w' - learn_rate sign(m + fresh1 (g' - m)),  m <- m + fresh2 (g' - m) */
static void update_lion(UPDATE_ARGUMENTS) {
  vf rate = vector_splat(step->learn_rate), penalty = vector_splat(step->penalty);
  vf decay = vector_splat(step->decay);
  vf fresh1 = vector_splat(step->fresh1), fresh2 = vector_splat(step->fresh2);
  for (size_t i = 0; i < n; i += LANES) {
    vf weight = vector_load(w + i);
    vf gradient = vector_load(g + i) + penalty * weight;
    vf m = vector_load(moment[0] + i), ahead = gradient - m;
    vector_store(moment[0] + i, m + fresh2 * ahead);
    vector_store(
        w + i, weight - decay * weight - rate * vector_if_finite(vector_sign(m + fresh1 * ahead), gradient));
  }
}

/* With the last g' in the first moment and step sizes s in the second: s <- s grow where the two gradients
   have one sign, s shrink where they have two, within [smallest, largest]; where they have two, g' <- 0;
   w <- w' - s sign(g'). */
static void update_rprop(UPDATE_ARGUMENTS) {
  vf penalty = vector_splat(step->penalty), decay = vector_splat(step->decay);
  const vf one = vector_splat(1), none = vector_splat(0);
  vf shrink = vector_splat(step->shrink), grow = vector_splat(step->grow);
  for (size_t i = 0; i < n; i += LANES) {
    vf weight = vector_load(w + i);
    vf gradient = vector_load(g + i) + penalty * weight;
    vf turn = vector_sign(gradient) * vector_sign(vector_load(moment[0] + i));
    vf factor = vector_select(turn < none, shrink, vector_select(turn > none, grow, one));
    vf size = vector_clamp(vector_load(moment[1] + i) * factor, step->smallest, step->largest);
    gradient = vector_select(turn < none, none, gradient);
    vector_store(moment[0] + i, gradient);
    vector_store(moment[1] + i, size);
    vector_store(w + i, weight - decay * weight - size * vector_if_finite(vector_sign(gradient), gradient));
  }
}

#undef UPDATE_ARGUMENTS

#endif
