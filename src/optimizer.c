#include "optimizer.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- coefficients of the index-th step; `step` comes with the settings as they are ---- */

/* Moments that start at zero are too small by the factor 1 - beta^index. With it
   learn_rate (m / c1) / (sqrt(v / c2) + epsilon) = (learn_rate sqrt(c2) / c1) m / (sqrt(v) + sqrt(c2)
   epsilon). */
static void adam_step(const optimizer *optimizer, double index, update_step *step) {
  double c1 = 1 - pow(optimizer->beta1, index), root_c2 = sqrt(1 - pow(optimizer->beta2, index));
  step->learn_rate = (float)(optimizer->learn_rate * root_c2 / c1);
  step->epsilon = (float)fmax(optimizer->epsilon * root_c2, FLT_MIN);
}

/* The momentum of NAdam's index-th step, which grows from beta1 / 2 to beta1. */
static double nadam_momentum(const optimizer *optimizer, double index) {
  return optimizer->beta1 * (1 - pow(.96, index * optimizer->momentum_decay) / 2);
}

/* 1 - the product of the momenta up to the index-th step; beyond DBL_EPSILON the product no longer counts. */
static double nadam_correction(const optimizer *optimizer, double index) {
  double product = 1;
  for (double i = 1; i <= index && product > DBL_EPSILON / 4; i++) product *= nadam_momentum(optimizer, i);
  return 1 - product;
}

/* learn_rate ((1 - mu) g / c + mu' m / c') / (sqrt(v / c2) + epsilon), where mu is this step's momentum and
   mu' the next one's, and c and c' are the corrections up to them. */
static void nadam_step(const optimizer *optimizer, double index, update_step *step) {
  double root_c2 = sqrt(1 - pow(optimizer->beta2, index)), rate = optimizer->learn_rate * root_c2;
  double now = nadam_momentum(optimizer, index), next = nadam_momentum(optimizer, index + 1);
  step->gradient_rate = (float)(rate * (1 - now) / nadam_correction(optimizer, index));
  step->learn_rate = (float)(rate * next / nadam_correction(optimizer, index + 1));
  step->epsilon = (float)fmax(optimizer->epsilon * root_c2, FLT_MIN);
}

/* While the second moment rests on too few steps for its variance to be known, momentum alone moves the
   weights; then Adam's step, rectified. Its epsilon is added to the uncorrected root. */
static void radam_step(const optimizer *optimizer, double index, update_step *step) {
  double beta2 = optimizer->beta2, power = pow(beta2, index), c1 = 1 - pow(optimizer->beta1, index);
  double longest = 2 / (1 - beta2) - 1, length = longest - 2 * index * power / (1 - power);
  bool known = length > 5;
  double rectified = sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
  step->root = known;
  step->epsilon = known ? (float)optimizer->epsilon : 1;
  step->learn_rate = (float)(optimizer->learn_rate / c1 * (known ? rectified * sqrt(1 - power) : 1));
}

/* ---- the optimizers ---- */

static update_id sgd_rule(const optimizer *optimizer) {
  if (optimizer->momentum == 0) return UPDATE_sgd;
  return optimizer->nesterov ? UPDATE_nesterov : UPDATE_momentum;
}

static update_id rmsprop_rule(const optimizer *optimizer) {
  if (optimizer->momentum == 0) return optimizer->centered ? UPDATE_rmsprop_centered : UPDATE_rmsprop;
  return optimizer->centered ? UPDATE_rmsprop_both : UPDATE_rmsprop_momentum;
}

/* The sums of squares. */
static double adagrad_start(const optimizer *optimizer, double inputs, int moment) {
  (void)moment;
  return optimizer->initial * inputs;
}

/* The last gradient, and step sizes. */
static double rprop_start(const optimizer *optimizer, double inputs, int moment) {
  return moment == 1 ? optimizer->learn_rate / sqrt(inputs) : 0;
}

/* Its rule, or what chooses one by the settings; whether a step grows as the gradient does; what prepares the
   coefficients of a step, NULL where the settings are the coefficients; and where a moment starts, NULL for
   zero. */
static const struct {
  const char *name;
  update_id rule;
  update_id (*choose)(const optimizer *optimizer);
  bool linear;
  void (*prepare)(const optimizer *optimizer, double index, update_step *step);
  double (*start)(const optimizer *optimizer, double inputs, int moment);
} table[OPTIMIZER_COUNT] = {
    [OPTIMIZER_SGD] = {.name = "sgd", .choose = sgd_rule, .linear = true},
    [OPTIMIZER_ADAM] = {.name = "adam", .rule = UPDATE_adam, .prepare = adam_step},
    [OPTIMIZER_ADAMW] = {.name = "adamw", .rule = UPDATE_adam, .prepare = adam_step},
    [OPTIMIZER_AMSGRAD] = {.name = "amsgrad", .rule = UPDATE_amsgrad, .prepare = adam_step},
    [OPTIMIZER_NADAM] = {.name = "nadam", .rule = UPDATE_nadam, .prepare = nadam_step},
    [OPTIMIZER_RADAM] = {.name = "radam", .rule = UPDATE_radam, .prepare = radam_step},
    [OPTIMIZER_RMSPROP] = {.name = "rmsprop", .choose = rmsprop_rule},
    [OPTIMIZER_ADAGRAD] = {.name = "adagrad", .rule = UPDATE_adagrad, .start = adagrad_start},
    [OPTIMIZER_ADADELTA] = {.name = "adadelta", .rule = UPDATE_adadelta},
    [OPTIMIZER_LION] = {.name = "lion", .rule = UPDATE_lion},
    [OPTIMIZER_RPROP] = {.name = "rprop", .rule = UPDATE_rprop, .start = rprop_start},
};

optimizer_id optimizer_find(const char *name) {
  int id = 0;
  while (id < OPTIMIZER_COUNT && strcmp(table[id].name, name) != 0) id++;
  return (optimizer_id)id;
}

static update_id rule_of(const optimizer *optimizer) {
  return table[optimizer->id].choose != NULL ? table[optimizer->id].choose(optimizer)
                                             : table[optimizer->id].rule;
}

#define UPDATE_MOMENTS(name, moments) [UPDATE_##name] = moments,

int optimizer_moments(const optimizer *optimizer) {
  static const int moments[] = {UPDATE_LIST(UPDATE_MOMENTS)};
  return moments[rule_of(optimizer)];
}

void optimizer_start(const optimizer *optimizer, size_t inputs, float *const moment[MOMENTS], size_t first,
                     size_t n) {
  if (table[optimizer->id].start == NULL) return;
  for (int k = 0; k < optimizer_moments(optimizer); k++) {
    float value = (float)table[optimizer->id].start(optimizer, (double)inputs, k);
    for (size_t i = 0; i < n && value != 0; i++) moment[k][first + i] = value;
  }
}

/* The coefficients of a group from those that all have. */
static update_step group_step(const optimizer *optimizer, group_id group, update_step step) {
#define GROUP_DECAYS(name, decays) [GROUP_##name] = decays,
  static const bool decays[] = {GROUP_LIST(GROUP_DECAYS)};
  double rate = optimizer->rate != NULL ? optimizer->rate[group] : 1;
  step.learn_rate *= (float)rate;
  step.gradient_rate *= (float)rate;
  if (!decays[group]) return step;
  step.sparsity = (float)optimizer->sparsity;
  step.penalty = (float)optimizer->penalty;
  step.decay = (float)(optimizer->learn_rate * rate * optimizer->weight_decay);
  return step;
}

optimizer_step optimizer_step_at(const optimizer *optimizer, double index) {
  optimizer_step step = {.update = rule_of(optimizer), .linear = table[optimizer->id].linear};
  update_step all = {.learn_rate = (float)optimizer->learn_rate,
                     .momentum = (float)optimizer->momentum,
                     .fresh1 = (float)(1 - optimizer->beta1),
                     .fresh2 = (float)(1 - optimizer->beta2),
                     .epsilon = (float)optimizer->epsilon,
                     .shrink = (float)optimizer->decrease,
                     .grow = (float)optimizer->increase,
                     .smallest = (float)optimizer->min_step,
                     .largest = (float)optimizer->max_step};
  if (table[optimizer->id].prepare != NULL) table[optimizer->id].prepare(optimizer, index, &all);
  all.scale = 1;
  all.limit = optimizer->clip_value > 0 ? (float)optimizer->clip_value : INFINITY;
  step.adjusts = optimizer->clip_value > 0 || optimizer->sparsity != 0;
  step.still = optimizer->penalty == 0 && optimizer->sparsity == 0 && optimizer->weight_decay == 0 &&
               (step.update == UPDATE_sgd || (step.update == UPDATE_adagrad && all.epsilon > 0));
  for (int group = 0; group < GROUP_COUNT; group++) {
    step.of[group] = group_step(optimizer, (group_id)group, all);
  }
  return step;
}

optimizer_step optimizer_scaled(optimizer_step step, double factor) {
  for (int group = 0; group < GROUP_COUNT; group++) step.of[group].scale = (float)factor;
  step.adjusts = step.adjusts || factor != 1;
  return step;
}

/* V has the gradient g / sqrt(inputs), where g is that of W, and W moves by 1 / sqrt(inputs) of what V moves
   by. So do step sizes of its own. A step that divides by the root of squares loses the former factor, but
   then epsilon is to be compared with g. Decay is a share of either; penalties of V are larger ones of W. */
optimizer_step optimizer_ntk(const optimizer_step *step, size_t inputs) {
  optimizer_step result = *step;
  update_step *weight = &result.of[GROUP_weight];
  double n = (double)inputs;
  float root = (float)sqrt(n), slower = (float)(1 / (step->linear ? n : sqrt(n)));
  weight->learn_rate *= slower;
  weight->gradient_rate *= slower;
  weight->epsilon *= root;
  weight->smallest /= root;
  weight->largest /= root;
  weight->limit *= root;
  weight->sparsity *= root;
  weight->penalty *= (float)n;
  return result;
}

void optimizer_apply(const optimizer_step *step, group_id group, float *parameters, float *gradient,
                     float *const moment[MOMENTS], size_t n) {
  const update_step *coefficients = &step->of[group];
  if (step->adjusts) kernels_active()->adjust_gradient(parameters, gradient, n, coefficients);
  kernels_active()->update[step->update](parameters, gradient, moment, n, coefficients);
}
