#include "loss.h"

#include <math.h>
#include <string.h>

/* One row of outputs on its way through a loss: dims as in loss_rows(). */
typedef struct loss_row {
  const float *output; /* [outputs] in panels: output j at (j / 16) * stride + j % 16 */
  size_t stride;
  size_t outputs;
  const float *target; /* [outputs] */
  float *gradient;     /* [outputs] in panels, or NULL */
  size_t gradient_stride;
  float scale; /* of the gradient */
  float parameter;
} loss_row;

/* Loss, gradient and score of one output o with target t. */
typedef struct output_loss {
  double value, score;
  float gradient;
} output_loss;

/* ---- elementwise losses: the row's loss is the mean over its outputs ---- */

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
  return (output_loss){fabs(error), error * error, isnan(error) ? (float)error : (float)((error > 0) - (error < 0))};
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

/* ---- the registry ---- */

static const struct {
  loss_info info;
  output_loss (*output)(float o, float t, float parameter); /* NULL: the loss couples the outputs */
} table[LOSS_COUNT] = {
    [LOSS_CROSS_ENTROPY] = {{"cross_entropy", true, SCORE_ACCURACY, LINK_SOFTMAX}, NULL},
    [LOSS_BINARY_CROSS_ENTROPY] = {{"binary_cross_entropy", false, SCORE_ACCURACY, LINK_SIGMOID},
                                   binary_cross_entropy},
    [LOSS_SQUARED] = {{"squared", false, SCORE_RMSE, LINK_NONE}, squared},
    [LOSS_ABSOLUTE] = {{"absolute", false, SCORE_RMSE, LINK_NONE}, absolute},
    [LOSS_HUBER] = {{"huber", false, SCORE_RMSE, LINK_NONE}, huber},
};

const loss_info *loss_of(loss_id id) { return &table[id].info; }

loss_id loss_find(const char *name) {
  int id = 0;
  while (id < LOSS_COUNT && strcmp(table[id].info.name, name) != 0) id++;
  return (loss_id)id;
}

/* ---- rows ---- */

static size_t panel_index(size_t column, size_t stride) { return column / PANEL * stride + column % PANEL; }

static void zero_padding(float *row, size_t stride, size_t outputs) {
  for (size_t j = outputs; j % PANEL != 0; j++) row[panel_index(j, stride)] = 0;
}

/* Mean loss over a row's outputs; its gradient for each. */
static void elementwise_row(loss_id id, const loss_row *row, double *value, double *score) {
  double values = 0, scores = 0;
  for (size_t j = 0; j < row->outputs; j++) {
    output_loss one = table[id].output(row->output[panel_index(j, row->stride)], row->target[j], row->parameter);
    values += one.value;
    scores += one.score;
    if (row->gradient != NULL) {
      row->gradient[panel_index(j, row->gradient_stride)] = row->scale * one.gradient / (float)row->outputs;
    }
  }
  if (row->gradient != NULL) zero_padding(row->gradient, row->gradient_stride, row->outputs);
  *value = values / (double)row->outputs;
  *score = scores / (double)row->outputs;
}

/* The first output that no other exceeds. */
static size_t row_argmax(const float *output, size_t stride, size_t outputs) {
  size_t best = 0;
  float highest = output[0];
  for (size_t j = 1; j < outputs; j++) {
    float o = output[panel_index(j, stride)];
    if (o > highest) {
      highest = o;
      best = j;
    }
  }
  return best;
}

/* From softmax probabilities p to the gradient scale * (p - 1[class]), in place. */
static void softmax_row_gradient(float *p, size_t stride, size_t classes, size_t class_index, float scale) {
  p[panel_index(class_index, stride)] -= 1;
  for (size_t panel = 0; panel < panels_of(classes); panel++) {
    float *lane = p + panel * stride;
    for (int j = 0; j < PANEL; j++) lane[j] *= scale;
  }
}

/* Rows of softmax handled at once where their probabilities are not kept. */
enum { CHUNK_ROWS = 64 };

/* -log softmax(output)[class] = log_sum - output[class], for up to CHUNK_ROWS rows from `first`. */
static void cross_entropy_chunk(const float *output, size_t stride, size_t classes, const targets *targets,
                                size_t first, size_t n, float scale, float *gradient, size_t gradient_stride,
                                double *row_loss, double *row_score) {
  float log_sum[CHUNK_ROWS];
  kernels_active()->softmax(output + first * PANEL, stride, classes, n,
                            gradient != NULL ? gradient + first * PANEL : NULL, gradient_stride, log_sum);
  for (size_t r = first; r < first + n; r++) {
    const float *o = output + r * PANEL;
    size_t class_index = (size_t)targets->class_index[r];
    float weight = targets->weight != NULL ? targets->weight[r] : 1;
    row_loss[r] = (double)weight * ((double)log_sum[r - first] - o[panel_index(class_index, stride)]);
    row_score[r] = (double)weight * (row_argmax(o, stride, classes) == class_index);
    if (gradient != NULL) {
      softmax_row_gradient(gradient + r * PANEL, gradient_stride, classes, class_index, scale * weight);
    }
  }
}

static void cross_entropy_rows(const float *output, size_t stride, size_t classes, const targets *targets,
                               range rows, float scale, float *gradient, size_t gradient_stride, double *row_loss,
                               double *row_score) {
  for (size_t r = rows.begin; r < rows.end; r += CHUNK_ROWS) {
    cross_entropy_chunk(output, stride, classes, targets, r, size_min(CHUNK_ROWS, rows.end - r), scale, gradient,
                        gradient_stride, row_loss, row_score);
  }
}

static void elementwise_rows(const loss *loss, const float *output, size_t stride, size_t outputs,
                             const targets *targets, range rows, float scale, float *gradient,
                             size_t gradient_stride, double *row_loss, double *row_score) {
  for (size_t r = rows.begin; r < rows.end; r++) {
    float weight = targets->weight != NULL ? targets->weight[r] : 1;
    loss_row row = {output + r * PANEL, stride, outputs, targets->value + r * outputs,
                    gradient != NULL ? gradient + r * PANEL : NULL, gradient_stride, scale * weight,
                    loss->parameter};
    double value, score;
    elementwise_row(loss->id, &row, &value, &score);
    row_loss[r] = (double)weight * value;
    row_score[r] = (double)weight * score;
  }
}

void loss_rows(const loss *loss, const float *output, size_t stride, size_t outputs, const targets *targets,
               range rows, float scale, float *gradient, size_t gradient_stride, double *row_loss,
               double *row_score) {
  if (loss->id == LOSS_CROSS_ENTROPY) {
    cross_entropy_rows(output, stride, outputs, targets, rows, scale, gradient, gradient_stride, row_loss,
                       row_score);
  } else {
    elementwise_rows(loss, output, stride, outputs, targets, rows, scale, gradient, gradient_stride, row_loss,
                     row_score);
  }
}

void link_rows(link_id link, float *output, size_t stride, size_t outputs, range rows) {
  const kernels *kernels = kernels_active();
  size_t n = rows.end - rows.begin;
  float *first = output + rows.begin * PANEL;
  if (link == LINK_SOFTMAX) {
    kernels->softmax(first, stride, outputs, n, first, stride, NULL);
  } else if (link == LINK_SIGMOID) {
    for (size_t p = 0; p < panels_of(outputs); p++) {
      kernels->activation_value[ACTIVATION_sigmoid](first + p * stride, first + p * stride, n * PANEL);
    }
  }
}
