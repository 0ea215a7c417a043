#include "optimizer.h"

#include <math.h>
#include <string.h>

static const struct {
  const char *name;
  update_id update;
} table[OPTIMIZER_COUNT] = {
    [OPTIMIZER_SGD] = {"sgd", UPDATE_SGD},
    [OPTIMIZER_ADAM] = {"adam", UPDATE_ADAM},
    [OPTIMIZER_ADAMW] = {"adamw", UPDATE_ADAM},
};

optimizer_id optimizer_find(const char *name) {
  int id = 0;
  while (id < OPTIMIZER_COUNT && strcmp(table[id].name, name) != 0) id++;
  return (optimizer_id)id;
}

int optimizer_moments(const optimizer *optimizer) {
  if (table[optimizer->id].update == UPDATE_ADAM) return 2;
  return optimizer->momentum != 0 ? 1 : 0;
}

/* Moments that start at zero are too small by the factor 1 - beta^index. With it
   learn_rate (m / c1) / (sqrt(v / c2) + epsilon) = (learn_rate sqrt(c2) / c1) m / (sqrt(v) + sqrt(c2)
   epsilon). */
static void correct_moments(const optimizer *optimizer, double index, update_step *step) {
  double c1 = 1 - pow(optimizer->beta1, index), root_c2 = sqrt(1 - pow(optimizer->beta2, index));
  step->learn_rate = (float)(optimizer->learn_rate * root_c2 / c1);
  step->epsilon = (float)(optimizer->epsilon * root_c2);
}

optimizer_step optimizer_step_at(const optimizer *optimizer, double index) {
  optimizer_step step = {.update = table[optimizer->id].update,
                         .weight = {.learn_rate = (float)optimizer->learn_rate,
                                    .momentum = (float)optimizer->momentum,
                                    .nesterov = optimizer->nesterov,
                                    .fresh1 = (float)(1 - optimizer->beta1),
                                    .fresh2 = (float)(1 - optimizer->beta2)}};
  if (step.update == UPDATE_ADAM) correct_moments(optimizer, index, &step.weight);
  step.weight.scale = 1;
  step.weight.limit = optimizer->clip_value > 0 ? (float)optimizer->clip_value : INFINITY;
  step.bias = step.weight;
  step.weight.sparsity = (float)optimizer->sparsity;
  step.adjusts = optimizer->clip_value > 0 || optimizer->sparsity != 0;
  step.weight.penalty = (float)optimizer->penalty;
  step.weight.decay = (float)(optimizer->learn_rate * optimizer->weight_decay);
  return step;
}

optimizer_step optimizer_scaled(optimizer_step step, double factor) {
  step.weight.scale = step.bias.scale = (float)factor;
  step.adjusts = step.adjusts || factor != 1;
  return step;
}

void optimizer_apply(const optimizer_step *step, bool is_weight, float *parameters, float *gradient,
                     float *const moment[2], size_t n) {
  const update_step *coefficients = is_weight ? &step->weight : &step->bias;
  if (step->adjusts) kernels_active()->adjust_gradient(parameters, gradient, n, coefficients);
  kernels_active()->update[step->update](parameters, gradient, moment, n, coefficients);
}
