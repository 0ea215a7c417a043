/* Optimizers: how a span of parameters moves along its gradient. */
#ifndef FASTMLP_OPTIMIZER_H
#define FASTMLP_OPTIMIZER_H

#include "kernels.h"

typedef enum optimizer_id { OPTIMIZER_SGD, OPTIMIZER_COUNT } optimizer_id;

/* An optimizer with its settings; the moments lie flat and parallel to the parameters. */
typedef struct optimizer {
  optimizer_id id;
  float learn_rate;
  float momentum;
  bool nesterov;
  float penalty;      /* coupled: penalty / 2 * |W|^2 joins the objective; weights only */
  float weight_decay; /* decoupled: W shrinks by learn_rate * weight_decay a step; weights only */
} optimizer;

/* The id of a name, or OPTIMIZER_COUNT if there is none. */
optimizer_id optimizer_find(const char *name);

/* Moment buffers that it keeps, each as long as the parameters. */
int optimizer_moments(const optimizer *optimizer);

/* One update of parameters[0 .. n-1]; moments[k] is the k-th moment's span at the same place.
   Weights decay as the settings say, biases never do. */
void optimizer_update(const optimizer *optimizer, bool is_weight, float *parameters, const float *gradient,
                      float *const moments[], size_t n);

#endif
