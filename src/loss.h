/* Losses on a block of rows: value and score of each row, gradient with respect to the outputs. */
#ifndef FASTMLP_LOSS_H
#define FASTMLP_LOSS_H

#include "kernels.h"

typedef enum loss_id {
  LOSS_CROSS_ENTROPY,        /* one class a row; softmax of the outputs */
  LOSS_BINARY_CROSS_ENTROPY, /* each target in [0, 1]; sigmoid of the output */
  LOSS_SQUARED,
  LOSS_ABSOLUTE,
  LOSS_HUBER, /* quadratic up to `parameter` (delta), linear beyond */
  LOSS_COUNT
} loss_id;

/* What turns outputs into probabilities. */
typedef enum link_id { LINK_NONE, LINK_SOFTMAX, LINK_SIGMOID } link_id;

typedef struct loss_info {
  const char *name;
  bool takes_classes; /* targets are class indices, one a row; otherwise one number an output */
} loss_info;

/* A loss as chosen: which, and its parameter. */
typedef struct loss {
  loss_id id;
  float parameter;
} loss;

/* Targets of a block of rows. */
typedef struct targets {
  const int32_t *class_index; /* [rows], for losses that take classes */
  const float *value;         /* [rows x outputs] row-major, for the others */
  const float *weight;        /* [rows] case weights, or NULL for ones */
} targets;

/* The same targets from row `first` on. */
targets targets_from(const targets *targets, size_t first, size_t outputs);

const loss_info *loss_of(loss_id id);

/* The id of a name, or LOSS_COUNT if there is none. */
loss_id loss_find(const char *name);

/* Rows on their way through a loss. */
typedef struct loss_block {
  panels output; /* [rows x outputs] */
  size_t outputs;
  targets targets;
  double scale;      /* of the gradient */
  panels gradient;   /* [rows x outputs]; data == NULL: not wanted */
  double *row_loss;  /* [rows] */
  double *row_score; /* [rows] */
} loss_block;

/* For each of `rows`: row_loss = weight * loss, row_score = weight * score, and, if wanted, gradient =
   scale * weight * d loss / d output, with zero lanes beyond outputs. The score is the share of outputs
   decided rightly for the losses of classes, the mean squared error for the others. */
void loss_rows(const loss *loss, const loss_block *block, range rows);

/* Turns rows of output[. x outputs] into probabilities, in place. */
void link_rows(link_id link, panels output, size_t outputs, range rows);

#endif
