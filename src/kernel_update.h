/* Updates of a span of parameters from its gradient g. With g' = g + penalty w,
   and w' = w - decay w: */
#ifndef FASTMLP_KERNEL_UPDATE_H
#define FASTMLP_KERNEL_UPDATE_H

#include "kernels.h"
#include "vector.h"

/* Stochastic gradient descent:
   without momentum  w <- w' - learn_rate g'
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

static void update_sgd(float *w, const float *g, float *const moment[2], size_t n, const update_step *step) {
  float *velocity = moment[0];
  if (velocity == NULL) {
    sgd_span(w, g, velocity, n, step, false, false);
  } else if (step->nesterov) {
    sgd_span(w, g, velocity, n, step, true, true);
  } else {
    sgd_span(w, g, velocity, n, step, true, false);
  }
}

/* Adam: m <- beta1 m + (1 - beta1) g',  v <- beta2 v + (1 - beta2) g'^2,
   w <- w' - learn_rate m / (sqrt(v) + epsilon), where learn_rate and epsilon carry the corrections of the
   moments' start at zero. */
static void update_adam(float *w, const float *g, float *const moment[2], size_t n, const update_step *step) {
  vf rate = vector_splat(step->learn_rate), penalty = vector_splat(step->penalty);
  vf decay = vector_splat(step->decay), epsilon = vector_splat(step->epsilon);
  vf fresh1 = vector_splat(step->fresh1), fresh2 = vector_splat(step->fresh2);
  for (size_t i = 0; i < n; i += LANES) {
    vf weight = vector_load(w + i);
    vf gradient = vector_load(g + i) + penalty * weight;
    vf m = vector_load(moment[0] + i), v = vector_load(moment[1] + i);
    m += fresh1 * (gradient - m);
    v += fresh2 * (gradient * gradient - v);
    vector_store(moment[0] + i, m);
    vector_store(moment[1] + i, v);
    vector_store(w + i, weight - decay * weight - rate * (m / (vector_sqrt(v) + epsilon)));
  }
}

#endif
