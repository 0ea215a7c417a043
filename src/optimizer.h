/* Optimizers: how parameters move along their gradient. */
#ifndef FASTMLP_OPTIMIZER_H
#define FASTMLP_OPTIMIZER_H

#include "kernels.h"

typedef enum optimizer_id {
  OPTIMIZER_SGD,
  OPTIMIZER_ADAM,
  OPTIMIZER_ADAMW,
  OPTIMIZER_AMSGRAD,
  OPTIMIZER_NADAM,
  OPTIMIZER_RADAM,
  OPTIMIZER_RMSPROP,
  OPTIMIZER_ADAGRAD,
  OPTIMIZER_ADADELTA,
  OPTIMIZER_LION,
  OPTIMIZER_RPROP,
  OPTIMIZER_COUNT
} optimizer_id;

/* What a parameter is, and whether it decays and has penalties. Each group moves by coefficients of its own.
   Decays and penalties are those of weights. */
#define GROUP_LIST(GROUP)    \
  GROUP(weight, true)        \
  GROUP(bias, false)         \
  GROUP(norm, false)         \
  GROUP(input_scale, false)  \
  GROUP(member_scale, false) \
  GROUP(activation, false)   \
  GROUP(embedding, false)    \
  GROUP(factor_embedding, false)

#define GROUP_ID(name, decays) GROUP_##name,
typedef enum group_id { GROUP_LIST(GROUP_ID) GROUP_COUNT } group_id;
#undef GROUP_ID

/* An optimizer with its settings; it reads those that it has. */
typedef struct optimizer {
  optimizer_id id;
  double learn_rate;
  double momentum;
  bool nesterov, centered;
  double beta1, beta2, epsilon;
  double clip_value; /* the largest size of an element of the gradient of the loss; 0 for no limit */
  double sparsity;   /* coupled: sparsity * sum of |W| joins the objective; groups that decay only */
  double momentum_decay;
  double decrease, increase, min_step, max_step;
  double initial;      /* where Adagrad's sums of squares start */
  double penalty;      /* coupled: penalty / 2 * |W|^2 joins the objective; groups that decay only */
  double weight_decay; /* decoupled: W shrinks by learn_rate * weight_decay a step; groups that decay only */
  const double *rate;  /* [GROUP_COUNT] factors of the learning rate; NULL: each is 1 */
} optimizer;

/* The id of a name, or OPTIMIZER_COUNT if there is none. */
optimizer_id optimizer_find(const char *name);

/* Moment buffers that it keeps, 0 to MOMENTS, each as long as the parameters, flat and parallel to them. */
int optimizer_moments(const optimizer *optimizer);

/* Sets n values of each moment from `first` on, zero before, to what they are before the first step; for
   weights of `inputs` inputs in NTK parametrisation (see optimizer_ntk()), otherwise inputs is 1. */
void optimizer_start(const optimizer *optimizer, size_t inputs, float *const moment[MOMENTS], size_t first,
                     size_t n);

/* One step of an optimizer, ready to be applied span by span. */
typedef struct optimizer_step {
  update_id update;
  bool adjusts; /* gradients are limited, scaled or made sparse first */
  bool linear;  /* a step grows as the gradient does */
  bool still;   /* weights and moments stay what they are where the gradient is zero */
  update_step of[GROUP_COUNT];
} optimizer_step;

/* The index-th step since the moments were started; the first is 1. */
optimizer_step optimizer_step_at(const optimizer *optimizer, double index);

/* The same step with gradients scaled by `factor`. */
optimizer_step optimizer_scaled(optimizer_step step, double factor);

/* The same step for the weights W of `inputs` inputs in NTK parametrisation (Jacot, Gabriel and Hongler
   2018): it moves them just as the optimizer would move V = sqrt(inputs) W, of which x W = x V /
   sqrt(inputs). */
optimizer_step optimizer_ntk(const optimizer_step *step, size_t inputs);

/* Moves parameters[0 .. n-1] of a group; the gradient may change on the way; moment[k] is the k-th moment's
 * span at the same place, or NULL. */
void optimizer_apply(const optimizer_step *step, group_id group, float *parameters, float *gradient,
                     float *const moment[MOMENTS], size_t n);

#endif
