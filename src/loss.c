#include "loss.h"

#include <math.h>
#include <string.h>

#include "cpu.h"
#include "loss_parts.h"

/* Loss, gradient and score of one output o with target t. */
typedef struct output_loss {
  double value, score;
  float gradient;
} output_loss;

/* ---- elementwise losses ---- */

/* (o - t)^2, gradient 2 (o - t) */
static output_loss squared(float o, float t, double parameter) {
  (void)parameter;
  double error = (double)o - t;
  return (output_loss){error * error, error * error, 2 * (o - t)};
}

/* |o - t|, gradient sign(o - t), 0 at 0 */
static output_loss absolute(float o, float t, double parameter) {
  (void)parameter;
  double error = (double)o - t;
  return (output_loss){fabs(error), error * error,
                       isnan(error) ? (float)error : (float)((error > 0) - (error < 0))};
}

/* error^2 / 2 up to |error| = delta, delta (|error| - delta / 2) beyond; gradient clamped to +-delta */
static output_loss huber(float o, float t, double parameter) {
  const float delta = (float)parameter;
  double error = (double)o - t, size = fabs(error);
  bool inside = size <= delta;
  double value = inside ? error * error / 2 : delta * (size - delta / 2.0);
  float gradient = inside || isnan(error) ? o - t : copysignf(delta, (float)error);
  return (output_loss){value, error * error, gradient};
}

/* log(1 + exp(o)) - y o without overflow, gradient sigmoid(o) - y, where y is t drawn to 1/2 by the share
   `smoothing`; decided rightly if o > 0 where t > 1/2 */
static output_loss binary_cross_entropy(float o, float t, double smoothing) {
  double small = exp(-fabs((double)o)), y = t * (1 - smoothing) + smoothing / 2; /* small in (0, 1] */
  double value = (o > 0 ? o : 0) + log1p(small) - y * o;
  double probability = o >= 0 ? 1 / (1 + small) : small / (1 + small);
  return (output_loss){isnan(o) ? NAN : value, (o > 0) == (t > .5f), isnan(o) ? o : (float)(probability - y)};
}

/* ---- rows ---- */

typedef output_loss output_function(float o, float t, double parameter);

/* Rows of a loss that treats each output by itself: the means over the outputs. The block comes as a copy,
   which no store into its rows can change. */
ALWAYS_INLINE void elementwise_rows(output_function *of_output, double parameter, loss_block block,
                                    size_t outputs, range rows) {
  block.outputs = outputs;
  const double per_output = 1 / (double)block.outputs;
  const size_t last_panel = (panels_of(block.outputs) - 1) * block.gradient.stride;
  for (size_t r = rows.begin; r < rows.end; r++) {
    const float *o = row_of(block.output, r), *t = block.targets.value + r * block.outputs;
    float *d = block.gradient.data != NULL ? row_of(block.gradient, r) : NULL;
    float offset = block.targets.offset != NULL ? block.targets.offset[r] : 0;
    double share = per_output * row_weight(&block, r), value = 0, score = 0;
    float scale = (float)(block.scale * share);
    if (d != NULL) memset(d + last_panel, 0, PANEL * sizeof *d);
    for (size_t first = 0; first < block.outputs; first += PANEL, t += PANEL) {
      size_t n = size_min(PANEL, block.outputs - first);
      for (size_t j = 0; j < n; j++) {
        output_loss one = of_output(o[j] + offset, t[j], parameter);
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

/* A loop of its own for each of these losses, and for one and two outputs: a call through a pointer for each
   output, or a loop over so few, would take longer than the loss. */
#define ELEMENTWISE_ROWS(of_output)                                                                \
  static void of_output##_rows(const loss *loss, const loss_block *block, range rows) {            \
    switch (block->outputs) {                                                                      \
      case 1: elementwise_rows(of_output, loss->parameter, *block, 1, rows); break;                \
      case 2: elementwise_rows(of_output, loss->parameter, *block, 2, rows); break;                \
      default: elementwise_rows(of_output, loss->parameter, *block, block->outputs, rows);         \
    }                                                                                              \
  }
ELEMENTWISE_ROWS(squared)
ELEMENTWISE_ROWS(absolute)
ELEMENTWISE_ROWS(huber)
ELEMENTWISE_ROWS(binary_cross_entropy)

/* ---- cross-entropy ---- */

/* From softmax probabilities p to the gradient scale * (p - 1[class]), in place; with label smoothing its
   share of the one is spread over all classes. The class's own comes last: vectors that are read right after
   one of their numbers was written would wait for it. */
static void softmax_row_gradient(float *p, size_t stride, size_t classes, size_t class_index,
                                 double smoothing, float scale) {
  float spread = (float)(smoothing / (double)classes);
  float own = p[lane(class_index, stride)] - (float)(1 - smoothing) - spread;
  for (size_t j = 0; smoothing > 0 && j < classes; j++) p[lane(j, stride)] -= spread;
  for (size_t panel = 0; panel < panels_of(classes); panel++) {
    for (int j = 0; j < PANEL; j++) p[panel * stride + (size_t)j] *= scale;
  }
  p[lane(class_index, stride)] = own * scale;
}

/* How far the outputs are behind the best of them, on average. */
static double mean_behind(const float *o, size_t stride, size_t outputs, size_t best) {
  double sum = 0;
  for (size_t j = 0; j < outputs; j++) sum += (double)o[lane(best, stride)] - o[lane(j, stride)];
  return sum / (double)outputs;
}

/* -log softmax(output)[class] = log_sum + largest output - output[class]. */
static void cross_entropy_row(const loss_block *block, size_t r, double smoothing, float log_sum) {
  const float *o = row_of(block->output, r);
  size_t class_index = (size_t)block->targets.class_index[r], stride = block->output.stride;
  size_t best = row_argmax(o, stride, block->outputs);
  double weight = row_weight(block, r), behind = (double)o[lane(best, stride)] - o[lane(class_index, stride)];
  if (smoothing > 0) behind += smoothing * (mean_behind(o, stride, block->outputs, best) - behind);
  block->row_loss[r] = weight * (log_sum + behind);
  block->row_score[r] = weight * (best == class_index);
  if (block->gradient.data != NULL) {
    softmax_row_gradient(row_of(block->gradient, r), block->gradient.stride, block->outputs, class_index,
                         smoothing, (float)(block->scale * weight));
  }
}

/* Rows of softmax taken at once. */
enum { CHUNK_ROWS = 64 };

static void cross_entropy_rows(const loss *loss, const loss_block *block, range rows) {
  float log_sum[CHUNK_ROWS];
  for (size_t first = rows.begin; first < rows.end; first += CHUNK_ROWS) {
    size_t n = size_min(CHUNK_ROWS, rows.end - first);
    float *p = block->gradient.data != NULL ? row_of(block->gradient, first) : NULL;
    kernels_active()->softmax(row_of(block->output, first), block->output.stride, block->outputs, n, p,
                              block->gradient.stride, log_sum);
    for (size_t i = 0; i < n; i++) cross_entropy_row(block, first + i, loss->parameter, log_sum[i]);
  }
}

/* ---- from outside ---- */

/* What failed has no value and leads nowhere. The function outside gets subnormal numbers as it knows them.
 */
static void custom_rows(const loss *loss, const loss_block *block, range rows) {
  uint64_t state = cpu_keep_subnormals();
  bool worked = loss->call(loss, block, rows);
  cpu_restore(state);
  for (size_t r = rows.begin; !worked && r < rows.end; r++) {
    block->row_loss[r] = block->row_score[r] = NAN;
    for (size_t p = 0; block->gradient.data != NULL && p < panels_of(block->outputs); p++) {
      memset(row_of(block->gradient, r) + p * block->gradient.stride, 0, PANEL * sizeof(float));
    }
  }
}

/* ---- the registry ---- */

static const struct {
  loss_info info;
  loss_function *rows;
} table[LOSS_COUNT] = {
    /* name, takes classes, spare classes, heads, calls back */
    [LOSS_CROSS_ENTROPY] = {{"cross_entropy", true, 0, 1, false}, cross_entropy_rows},
    [LOSS_BINARY_CROSS_ENTROPY] = {{"binary_cross_entropy", false, 0, 1, false}, binary_cross_entropy_rows},
    [LOSS_SQUARED] = {{"squared", false, 0, 1, false}, squared_rows},
    [LOSS_ABSOLUTE] = {{"absolute", false, 0, 1, false}, absolute_rows},
    [LOSS_HUBER] = {{"huber", false, 0, 1, false}, huber_rows},
    [LOSS_LOG_COSH] = {{"log_cosh", false, 0, 1, false}, log_cosh_rows},
    [LOSS_QUANTILE] = {{"quantile", false, 0, 0, false}, quantile_rows},
    [LOSS_POISSON] = {{"poisson", false, 0, 1, false}, poisson_rows},
    [LOSS_GAMMA] = {{"gamma", false, 0, 1, false}, gamma_rows},
    [LOSS_TWEEDIE] = {{"tweedie", false, 0, 1, false}, tweedie_rows},
    [LOSS_NEGATIVE_BINOMIAL] = {{"negative_binomial", false, 0, 1, false}, negative_binomial_rows},
    [LOSS_GAUSSIAN] = {{"gaussian", false, 0, 2, false}, gaussian_rows},
    [LOSS_FOCAL] = {{"focal", true, 0, 1, false}, focal_rows},
    [LOSS_BINARY_FOCAL] = {{"binary_focal", false, 0, 1, false}, binary_focal_rows},
    [LOSS_HINGE] = {{"hinge", true, 0, 1, false}, hinge_rows},
    [LOSS_BINARY_HINGE] = {{"binary_hinge", false, 0, 1, false}, binary_hinge_rows},
    [LOSS_ORDINAL] = {{"ordinal", true, 1, 1, false}, ordinal_rows},
    [LOSS_CUSTOM] = {{"custom", false, 0, 0, true}, custom_rows},
    [LOSS_CUSTOM_CLASSES] = {{"custom_classes", true, 0, 1, true}, custom_rows},
};

const loss_info *loss_of(loss_id id) { return &table[id].info; }

loss_id loss_find(const char *name) {
  int id = 0;
  while (id < LOSS_COUNT && strcmp(table[id].info.name, name) != 0) id++;
  return (loss_id)id;
}

size_t loss_heads(const loss *loss) {
  size_t heads = table[loss->id].info.heads;
  return heads > 0 ? heads : loss->levels;
}

size_t loss_columns(const loss *loss, size_t outputs) { return outputs / loss_heads(loss); }

targets targets_from(const targets *t, size_t first, size_t columns) {
  return (targets){
      t->class_index != NULL ? t->class_index + first : NULL,
      t->value != NULL ? t->value + first * columns : NULL,
      t->weight != NULL ? t->weight + first : NULL,
      t->offset != NULL ? t->offset + first : NULL,
  };
}

/* ---- a number given by its root ---- */

static double squared_root(const loss *loss, double x) {
  double root = loss->root_center + loss->root_scale * x;
  return root * fabs(root);
}

/* The score anew, of one number a row. */
static void score_squares(const loss *loss, const loss_block *block, range rows) {
  for (size_t r = rows.begin; r < rows.end; r++) {
    const float *o = row_of(block->output, r), *t = block->targets.value + r;
    double error = squared_root(loss, *o) - squared_root(loss, *t);
    block->row_score[r] = row_weight(block, r) * error * error;
  }
}

void loss_rows(const loss *loss, const loss_block *block, range rows) {
  table[loss->id].rows(loss, block, rows);
  if (loss->root_scale > 0) score_squares(loss, block, rows);
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
      kernels->activation_value[ACTIVATION_sigmoid](span, span, n, panel_width(outputs, p));
    }
  }
}
