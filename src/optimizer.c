#include "optimizer.h"

#include <string.h>

static const char *const names[OPTIMIZER_COUNT] = {[OPTIMIZER_SGD] = "sgd"};

optimizer_id optimizer_find(const char *name) {
  int id = 0;
  while (id < OPTIMIZER_COUNT && strcmp(names[id], name) != 0) id++;
  return (optimizer_id)id;
}

int optimizer_moments(const optimizer *optimizer) { return optimizer->momentum != 0 ? 1 : 0; }

void optimizer_update(const optimizer *optimizer, bool is_weight, float *parameters, const float *gradient,
                      float *const moments[], size_t n) {
  update_step step = {
      .learn_rate = optimizer->learn_rate,
      .momentum = optimizer->momentum,
      .nesterov = optimizer->nesterov,
      .penalty = is_weight ? optimizer->penalty : 0,
      .decay = is_weight ? optimizer->weight_decay : 0,
  };
  float *velocity = optimizer_moments(optimizer) > 0 ? moments[0] : NULL;
  kernels_active()->update_sgd(parameters, gradient, velocity, n, &step);
}
