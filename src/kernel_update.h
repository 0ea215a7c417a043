/* Updates of a span of parameters from its gradient. */
#ifndef FASTMLP_KERNEL_UPDATE_H
#define FASTMLP_KERNEL_UPDATE_H

#include "kernels.h"
#include "vector.h"

/* Stochastic gradient descent with g' = g + penalty w:
   without momentum  w <- (1 - learn_rate decay) w - learn_rate g'
   with momentum     v <- momentum v + g', and v takes the place of g' (Nesterov: g' + momentum v). */
KERNEL_INLINE void sgd_span(float *w, const float *g, float *velocity, size_t n, const update_step *step,
                            bool momentum, bool nesterov) {
  vf rate = vector_splat(step->learn_rate), penalty = vector_splat(step->penalty);
  vf keep = vector_splat(1 - step->learn_rate * step->decay), carry = vector_splat(step->momentum);
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
    vector_store(w + i, keep * weight - rate * direction);
  }
}

static void update_sgd(float *w, const float *g, float *velocity, size_t n, const update_step *step) {
  if (velocity == NULL) {
    sgd_span(w, g, velocity, n, step, false, false);
  } else if (step->nesterov) {
    sgd_span(w, g, velocity, n, step, true, true);
  } else {
    sgd_span(w, g, velocity, n, step, true, false);
  }
}

#endif
