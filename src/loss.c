#include "loss.h"

#include <math.h>
#include <string.h>

/* Loss, gradient and score of one output o with target t. */
typedef struct output_loss {
  double value, score;
  float gradient;
} output_loss;

/* ---- elementwise losses ---- */

/* (o - t)^2, gradient 2 (o - t) */
static output_loss squared(float o, float t, float parameter) {
  (void)parameter;
  double error = (double)o - t;
  return (output_loss){error * error, error * error, 2 * (o - t)};
}

/* |o - t|, gradient sign(o - t), 0 at 0 */
static output_loss absolute(float o, float t, float parameter) {
  (void)parameter;
  double error = (double)o - t;
  return (output_loss){fabs(error), error * error,
                       isnan(error) ? (float)error : (float)((error > 0) - (error < 0))};
}

/* error^2 / 2 up to |error| = delta, delta (|error| - delta / 2) beyond; gradient clamped to +-delta */
static output_loss huber(float o, float t, float delta) {
  double error = (double)o - t, size = fabs(error);
  bool inside = size <= delta;
  double value = inside ? error * error / 2 : delta * (size - delta / 2.0);
  float gradient = inside || isnan(error) ? o - t : copysignf(delta, (float)error);
  return (output_loss){value, error * error, gradient};
}

/* log(1 + exp(o)) - t o without overflow, gradient sigmoid(o) - t; decided rightly if o > 0 where t > 1/2 */
static output_loss binary_cross_entropy(float o, float t, float parameter) {
  (void)parameter;
  double small = exp(-fabs((double)o)); /* in (0, 1] */
  double value = (o > 0 ? o : 0) + log1p(small) - (double)t * o;
  double probability = o >= 0 ? 1 / (1 + small) : small / (1 + small);
  return (output_loss){isnan(o) ? NAN : value, (o > 0) == (t > .5f), isnan(o) ? o : (float)(probability - t)};
}

/* ---- rows ---- */

static float *row_of(panels m, size_t r) { return m.data + r * PANEL; }

/* Where column j of a row lies, from the row's start in the first panel. */
static size_t lane(size_t j, size_t stride) { return j / PANEL * stride + j % PANEL; }

static float row_weight(const loss_block *block, size_t r) {
  return block->targets.weight != NULL ? block->targets.weight[r] : 1;
}

typedef output_loss output_function(float o, float t, float parameter);

/* Rows of a loss that treats each output by itself: the means over the outputs. The block comes as a copy,
   which no store into its rows can change. */
ALWAYS_INLINE void elementwise_rows(output_function *of_output, float parameter, const loss_block block,
                                    range rows) {
  const double per_output = 1 / (double)block.outputs;
  const size_t last_panel = (panels_of(block.outputs) - 1) * block.gradient.stride;
  for (size_t r = rows.begin; r < rows.end; r++) {
    const float *o = row_of(block.output, r), *t = block.targets.value + r * block.outputs;
    float *d = block.gradient.data != NULL ? row_of(block.gradient, r) : NULL;
    double share = per_output * row_weight(&block, r), value = 0, score = 0;
    float scale = (float)(block.scale * share);
    if (d != NULL) memset(d + last_panel, 0, PANEL * sizeof *d);
    for (size_t first = 0; first < block.outputs; first += PANEL, t += PANEL) {
      size_t n = size_min(PANEL, block.outputs - first);
      for (size_t j = 0; j < n; j++) {
        output_loss one = of_output(o[j], t[j], parameter);
        value += one.value;
        score += one.score;
        if (d != NULL) d[j] = scale * one.gradient;
      }
      o += block.output.stride;
      if (d != NULL) d += block.gradient.stride;
    }
    block.row_loss[r] = share * value;
    block.row_score[r] = share * score;
  }
}

/* A loop of its own for each of these losses: a call through a pointer for each output would take longer than
   the loss. */
#define ELEMENTWISE_ROWS(of_output)                                                    \
  static void of_output##_rows(const loss_block *block, float parameter, range rows) { \
    elementwise_rows(of_output, parameter, *block, rows);                              \
  }
ELEMENTWISE_ROWS(squared)
ELEMENTWISE_ROWS(absolute)
ELEMENTWISE_ROWS(huber)
ELEMENTWISE_ROWS(binary_cross_entropy)

/* The first output that no other exceeds. */
static size_t row_argmax(const float *o, size_t stride, size_t outputs) {
  size_t best = 0;
  for (size_t j = 1; j < outputs; j++) {
    if (o[lane(j, stride)] > o[lane(best, stride)]) best = j;
  }
  return best;
}

/* From softmax probabilities p to the gradient scale * (p - 1[class]), in place. */
static void softmax_row_gradient(float *p, size_t stride, size_t classes, size_t class_index, float scale) {
  p[lane(class_index, stride)] -= 1;
  for (size_t panel = 0; panel < panels_of(classes); panel++) {
    for (int j = 0; j < PANEL; j++) p[panel * stride + (size_t)j] *= scale;
  }
}

/* -log softmax(output)[class] = log_sum + largest output - output[class]. */
static void cross_entropy_row(const loss_block *block, size_t r, float log_sum) {
  const float *o = row_of(block->output, r);
  size_t class_index = (size_t)block->targets.class_index[r], stride = block->output.stride;
  size_t best = row_argmax(o, stride, block->outputs);
  double weight = row_weight(block, r), behind = (double)o[lane(best, stride)] - o[lane(class_index, stride)];
  block->row_loss[r] = weight * (log_sum + behind);
  block->row_score[r] = weight * (best == class_index);
  if (block->gradient.data != NULL) {
    softmax_row_gradient(row_of(block->gradient, r), block->gradient.stride, block->outputs, class_index,
                         (float)(block->scale * weight));
  }
}

/* Rows of softmax taken at once. */
enum { CHUNK_ROWS = 64 };

static void cross_entropy_rows(const loss_block *block, float parameter, range rows) {
  (void)parameter;
  float log_sum[CHUNK_ROWS];
  for (size_t first = rows.begin; first < rows.end; first += CHUNK_ROWS) {
    size_t n = size_min(CHUNK_ROWS, rows.end - first);
    float *p = block->gradient.data != NULL ? row_of(block->gradient, first) : NULL;
    kernels_active()->softmax(row_of(block->output, first), block->output.stride, block->outputs, n, p,
                              block->gradient.stride, log_sum);
    for (size_t i = 0; i < n; i++) cross_entropy_row(block, first + i, log_sum[i]);
  }
}

/* ---- the registry ---- */

static const struct {
  loss_info info;
  void (*rows)(const loss_block *block, float parameter, range rows);
} table[LOSS_COUNT] = {
    [LOSS_CROSS_ENTROPY] = {{"cross_entropy", true}, cross_entropy_rows},
    [LOSS_BINARY_CROSS_ENTROPY] = {{"binary_cross_entropy", false}, binary_cross_entropy_rows},
    [LOSS_SQUARED] = {{"squared", false}, squared_rows},
    [LOSS_ABSOLUTE] = {{"absolute", false}, absolute_rows},
    [LOSS_HUBER] = {{"huber", false}, huber_rows},
};

const loss_info *loss_of(loss_id id) { return &table[id].info; }

loss_id loss_find(const char *name) {
  int id = 0;
  while (id < LOSS_COUNT && strcmp(table[id].info.name, name) != 0) id++;
  return (loss_id)id;
}

targets targets_from(const targets *t, size_t first, size_t outputs) {
  return (targets){
      t->class_index != NULL ? t->class_index + first : NULL,
      t->value != NULL ? t->value + first * outputs : NULL,
      t->weight != NULL ? t->weight + first : NULL,
  };
}

void loss_rows(const loss *loss, const loss_block *block, range rows) {
  table[loss->id].rows(block, loss->parameter, rows);
}

void link_rows(link_id link, panels output, size_t outputs, range rows) {
  const kernels *kernels = kernels_active();
  size_t n = rows.end - rows.begin;
  float *first = row_of(output, rows.begin);
  if (link == LINK_SOFTMAX) {
    kernels->softmax(first, output.stride, outputs, n, first, output.stride, NULL);
  } else if (link == LINK_SIGMOID) {
    for (size_t p = 0; p < panels_of(outputs); p++) {
      float *span = first + p * output.stride;
      kernels->activation_value[ACTIVATION_sigmoid](span, span, n * PANEL);
    }
  }
}
