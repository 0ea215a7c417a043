/* Losses on a block of rows: value and score of each row, gradient with respect to the outputs. */
#ifndef FASTMLP_LOSS_H
#define FASTMLP_LOSS_H

#include "kernels.h"

typedef enum loss_id {
  LOSS_CROSS_ENTROPY,        /* one class a row; softmax of the outputs; `parameter`: label smoothing */
  LOSS_BINARY_CROSS_ENTROPY, /* each target in [0, 1]; sigmoid of the output; label smoothing, too */
  LOSS_SQUARED,
  LOSS_ABSOLUTE,
  LOSS_HUBER, /* quadratic up to `parameter` (delta), linear beyond */
  LOSS_LOG_COSH,
  LOSS_QUANTILE, /* one output a level: the lowest quantile, then the distances to the next */
  LOSS_POISSON,  /* log link, as for the next three */
  LOSS_GAMMA,
  LOSS_TWEEDIE,           /* variance: the mean to the power of `parameter` */
  LOSS_NEGATIVE_BINOMIAL, /* `parameter`: size */
  LOSS_GAUSSIAN,          /* two outputs: mean and, through a softplus, variance */
  LOSS_FOCAL,             /* one class a row; `parameter`: gamma */
  LOSS_BINARY_FOCAL,      /* the same for targets in [0, 1] */
  LOSS_HINGE,             /* one class a row */
  LOSS_BINARY_HINGE,      /* each target 0 or 1 */
  LOSS_ORDINAL,           /* one of ordered classes a row: one more than outputs */
  LOSS_CUSTOM,            /* `call` knows */
  LOSS_CUSTOM_CLASSES,
  LOSS_COUNT
} loss_id;

/* What turns outputs into probabilities. */
typedef enum link_id { LINK_NONE, LINK_SOFTMAX, LINK_SIGMOID } link_id;

/* Outputs that belong to one number of a target, at most. */
enum { LOSS_HEADS = 128 };

typedef struct loss_info {
  const char *name;
  bool takes_classes;   /* targets are class indices, one a row; otherwise numbers */
  size_t spare_classes; /* how many more classes there are than outputs */
  size_t heads;         /* outputs for each number of a target; 0: as many as the loss has levels */
  bool calls_back;      /* the first member alone may compute it, as it leaves the engine */
} loss_info;

struct loss_block;

/* A loss as chosen: which, and its settings. */
typedef struct loss {
  loss_id id;
  double parameter;
  const double *level; /* [levels] of quantiles, increasing; the caller's */
  size_t levels;
  /* Where the network gives one number by its square root, less root_center and over root_scale, the score is
     in units of the number; 0: it gives numbers as they are. */
  double root_center, root_scale;
  /* Losses that call back: fills in what loss_rows() does; false if it could not, which ends training. */
  bool (*call)(const struct loss *loss, const struct loss_block *block, range rows);
  void *context;
  bool *broken_off; /* set by it where the training under way is to end its slice; NULL: nobody asks */
} loss;

/* Targets of a block of rows. */
typedef struct targets {
  const int32_t *class_index; /* [rows], for losses that take classes */
  const float *value;         /* [rows x columns] row-major, for the others */
  const float *weight;        /* [rows] case weights, or NULL for ones */
  const float *offset;        /* [rows] what is added to the first output of each number, or NULL */
} targets;

/* The same targets, of `columns` numbers a row, from row `first` on. */
targets targets_from(const targets *targets, size_t first, size_t columns);

const loss_info *loss_of(loss_id id);

/* The id of a name, or LOSS_COUNT if there is none. */
loss_id loss_find(const char *name);

/* Outputs for each number of a target. */
size_t loss_heads(const loss *loss);

/* Numbers of a row's target, for `outputs` outputs. */
size_t loss_columns(const loss *loss, size_t outputs);

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
   decided rightly for losses of classes, the mean deviance for those with a log link, the loss itself for
   quantiles and losses that call back, and the mean squared error for the others, in their own units or those
   of `loss`. */
void loss_rows(const loss *loss, const loss_block *block, range rows);

/* Turns rows of output[. x outputs] into probabilities, in place. */
void link_rows(link_id link, panels output, size_t outputs, range rows);

#endif
