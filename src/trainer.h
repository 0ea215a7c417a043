/* What a trainer is, for the files that make it up: train_step.c, the steps of a team; train.c, the epochs
   around them. */
#ifndef FASTMLP_TRAINER_H
#define FASTMLP_TRAINER_H

#include <math.h>

#include "evaluate.h"
#include "pace.h"
#include "pass.h"
#include "train.h"

/* The rows that one pass takes: a whole step, or, where batches are larger than PASS_ROWS, a part of one. */
typedef struct block {
  size_t first, n;
  int buffer;         /* the batch that holds them */
  double scale;       /* of the gradient: 1 / (rows of the step * mean case weight of all rows) */
  bool opens, closes; /* first, last block of its step */
  step_rows at;
} block;

struct trainer {
  network *net;
  const dataset *data, *valid;
  loss loss;
  optimizer optimizer;
  train_options options;
  double mean_weight; /* of the training rows */
  size_t epoch_rows;  /* training rows that an epoch takes */

  pace pace; /* how many members a slice gets */
  pass pass;
  evaluator evaluator;
  arena arena;
  batch batch[2];         /* the block at work, and the next one being gathered */
  sparse_batch sparse[2]; /* of them, where rows are sparse */
  uint32_t *order;        /* [rows] this epoch's order, or NULL: as they come */
  float *gradient; /* [parameters] where updates have to wait for all of it, otherwise NULL: they are fused */
  double *square;  /* [chunks of the gradient] sums of its squares, where its norm is limited */
  float *moment[MOMENTS]; /* [parameters] each, as the optimizer needs */
  float *average;         /* [parameters] running average, or NULL */
  network judged;         /* what is validated and kept: the network, or the same with its averages */
  float *kept;            /* [parameters] of the kept epoch */
  float *previous;        /* [parameters] of the epoch kept before it, if training may step back, or NULL */

  epoch_record *record; /* [records that there is room for] */
  int room;
  int first_epoch; /* completed before the first record */

  double steps;        /* begun since the beginning */
  optimizer_step step; /* the one under way */
  float fresh;         /* its share in the average */
  double dropout;      /* factor of the shares that it drops */
  rates rates[RATE_KINDS];
  double step_seconds;
  profile *profile; /* [members of the team], or NULL */

  block block;      /* the next to train on */
  bool gathered;    /* it is already in its batch */
  bool epoch_ended; /* there is no next one in this epoch */
  bool valid_lost;  /* the loss of the validation rows was not finite */
  double rows_done; /* since the beginning */
  epoch_record sums;
  double slice_end;
  bool broken_off; /* the slice is to end, whatever the time */
  bool running;    /* members go on with the next block */
  train_state state;
  int epochs, kept_epoch;
  int previous_epoch; /* that epoch, or -1: none yet */
  double best;        /* value of the kept epoch */
  double improved;    /* value of the last epoch that was enough of an improvement */
  int improved_epoch; /* that epoch */
};

/* Floats of the gradient whose squares are summed at once: what they come to may not depend on the team. */
enum { CHUNK = 4096 };

/* In single precision, as gradients are. */
static inline bool train_is_finite(double loss) { return isfinite((float)loss); }

/* Whether updates wait for the norm of the gradient. */
static inline bool train_limits_gradient(const trainer *t) { return t->options.clip_norm > 0; }

/* Whether they wait for all of the gradient: for its norm, or for other variants. */
static inline bool train_updates_last(const trainer *t) {
  return train_limits_gradient(t) || network_shares(t->net);
}

static inline size_t train_chunks(const trainer *t) { return (t->net->parameters + CHUNK - 1) / CHUNK; }

/* The coefficients of the step under way. */
void train_set_step(trainer *trainer);

/* Makes the next step the one under way. */
void train_begin_step(trainer *trainer);

/* The rows of the epoch's order that follow `first`, up to the end of their pass and step; `step` is that
   under way. */
block train_block_at(const trainer *trainer, size_t first, int buffer, uint32_t step);

/* A member's part of a slice of an epoch: blocks, until the slice or the epoch ends. data is the trainer. */
void train_member(const team *team, void *data);

#endif
