#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "pace.h"
#include "pass.h"
#include "rng.h"

/* The rows that one pass takes: a whole step, or, where batches are larger than PASS_ROWS, a part of one. */
typedef struct block {
  size_t first, n;
  int buffer;         /* the batch that holds them */
  float scale;        /* of the gradient: 1 / (rows of the step * mean case weight of all rows) */
  bool opens, closes; /* first, last block of its step */
} block;

struct trainer {
  network *net;
  const dataset *data, *valid;
  loss loss;
  optimizer optimizer;
  train_options options;
  double mean_weight; /* of the training rows */

  pace pace; /* how many members a slice gets */
  pass pass;
  evaluator evaluator;
  arena arena;
  batch batch[2];       /* the block at work, and the next one being gathered */
  double *row_loss;     /* [rows of a pass] */
  double *row_score;    /* [rows of a pass] */
  uint32_t *order;      /* [rows] this epoch's order, or NULL: as they come */
  float *gradient;      /* [parameters] where steps take several passes, otherwise NULL: updates are fused */
  float *moment[2];     /* [parameters] each, as the optimizer needs */
  float *kept;          /* [parameters] of the kept epoch */
  epoch_record *record; /* [epochs] */

  block block; /* the next to train on, already in its batch unless an epoch begins */
  bool gathered;
  epoch_record sums;
  double slice_end;
  bool running; /* members go on with the next block */
  train_state state;
  int epochs, kept_epoch;
  double best_loss;
};

/* ---- allocation ---- */

static size_t pass_rows(const trainer *t) {
  return size_min(size_min(t->options.batch_size, t->data->rows), PASS_ROWS);
}

static bool several_passes(const trainer *t) {
  return size_min(t->options.batch_size, t->data->rows) > PASS_ROWS;
}

static batch take_batch(const trainer *t, arena *arena) {
  const dataset *data = t->data;
  size_t rows = pass_rows(t), values = size_multiply(rows, data->outputs);
  return (batch){
      .x = arena_take_panels(arena, rows, data->inputs),
      .class_index = data->class_index != NULL ? arena_take(arena, rows, sizeof(int32_t)) : NULL,
      .value = data->value != NULL ? arena_take(arena, values, sizeof(float)) : NULL,
      .weight = data->weight != NULL ? arena_take(arena, rows, sizeof(float)) : NULL,
  };
}

static void lay_out(void *owner, arena *arena) {
  trainer *t = owner;
  size_t parameters = t->net->parameters;
  for (int i = 0; i < 2; i++) t->batch[i] = take_batch(t, arena);
  t->row_loss = arena_take(arena, pass_rows(t), sizeof(double));
  t->row_score = arena_take(arena, pass_rows(t), sizeof(double));
  if (t->options.shuffle) t->order = arena_take(arena, t->data->rows, sizeof(uint32_t));
  if (several_passes(t)) t->gradient = arena_take(arena, parameters, sizeof(float));
  for (int k = 0; k < optimizer_moments(&t->optimizer); k++) {
    t->moment[k] = arena_take(arena, parameters, sizeof(float));
  }
  t->kept = arena_take(arena, parameters, sizeof(float));
  t->record = arena_take(arena, (size_t)t->options.epochs, sizeof(epoch_record));
}

static void keep_parameters(trainer *t) {
  memcpy(t->kept, t->net->parameter, t->net->parameters * sizeof *t->kept);
  t->kept_epoch = t->epochs;
}

static void begin_epoch(trainer *t);

/* Work between two barriers decides how many members pay: three products a layer, some two barriers a layer.
 */
static int members_for(const trainer *t) {
  double step = 3 * network_flops(t->net, pass_rows(t));
  return threads_for_work(t->options.threads, step / (2 * t->net->layers));
}

status trainer_open(trainer **trainer_out, network *net, const dataset *data, const dataset *valid,
                    const loss *loss, const optimizer *optimizer, const train_options *options) {
  trainer *t = calloc(1, sizeof *t);
  *trainer_out = t;
  if (t == NULL) return STATUS_MEMORY;
  t->net = net;
  t->data = data;
  t->valid = valid;
  t->loss = *loss;
  t->optimizer = *optimizer;
  t->options = *options;
  t->pace.team = members_for(t);
  t->best_loss = INFINITY;
  t->mean_weight = dataset_weight(data) / (double)data->rows;
  status result = pass_allocate(&t->pass, net, pass_rows(t), t->pace.team, false);
  if (result == STATUS_OK) result = arena_build(&t->arena, lay_out, t);
  if (result == STATUS_OK && valid != NULL) {
    int members = threads_for_work(options->threads, network_flops(net, valid->rows));
    result = evaluator_allocate(&t->evaluator, net, valid, &t->loss, members);
  }
  if (result != STATUS_OK) {
    trainer_close(t);
    *trainer_out = NULL;
    return result;
  }
  keep_parameters(t);
  begin_epoch(t);
  return STATUS_OK;
}

void trainer_close(trainer *t) {
  if (t == NULL) return;
  pass_free(&t->pass);
  evaluator_free(&t->evaluator);
  arena_free(&t->arena);
  free(t);
}

/* ---- blocks and steps ---- */

/* The rows of the epoch's order that follow `first`, up to the end of their pass and step. */
static block block_at(const trainer *t, size_t first, int buffer) {
  size_t batch_size = t->options.batch_size;
  size_t begin = first - first % batch_size;
  size_t step_rows = size_min(batch_size, t->data->rows - begin), end = begin + step_rows;
  size_t n = size_min(PASS_ROWS, end - first);
  float scale = (float)(1 / ((double)step_rows * t->mean_weight));
  return (block){first, n, buffer, scale, first == begin, first + n == end};
}

static const uint32_t *order_from(const trainer *t, size_t first) {
  return t->order != NULL ? t->order + first : NULL;
}

static void gather(const team *team, const trainer *t, const block *block) {
  dataset_gather(team, t->data, order_from(t, block->first), block->first, block->n,
                 &t->batch[block->buffer]);
}

static void forward_and_loss(const team *team, trainer *t, const block *block) {
  pass *pass = &t->pass;
  const batch *batch = &t->batch[block->buffer];
  int last = t->net->layers - 1;
  if (pass_forward(team, pass, batch->x, block->n) != SPLIT_ROWS) team_barrier(team);
  const loss_block rows = {
      .output = pass->layer[last].h,
      .outputs = network_outputs(t->net),
      .targets = {batch->class_index, batch->value, batch->weight},
      .scale = block->scale,
      .gradient = pass->layer[last].dz,
      .row_loss = t->row_loss,
      .row_score = t->row_score,
  };
  loss_rows(&t->loss, &rows, team_share(team, block->n));
}

/* Where gradients go: straight into the update, or, over several passes, into the sum that the last one
 * applies. */
static gradient_sink sink_for(const trainer *t, const block *block) {
  bool fused = t->gradient == NULL;
  return (gradient_sink){
      .gradient = t->gradient,
      .accumulate = !block->opens,
      .optimizer = fused || block->closes ? &t->optimizer : NULL,
      .parameter = t->net->parameter,
      .moment = {t->moment[0], t->moment[1]},
  };
}

/* Adds up a block's losses, in row order, and decides what comes next. */
static void account(trainer *t, const block *block) {
  double loss = 0, score = 0;
  for (size_t r = 0; r < block->n; r++) {
    loss += t->row_loss[r];
    score += t->row_score[r];
  }
  t->sums.train_loss += loss;
  t->sums.train_score += score;
  if (!isfinite(loss)) {
    t->state = TRAIN_DIVERGED;
    t->running = false;
    return;
  }
  size_t next = block->first + block->n;
  t->running = next < t->data->rows && pace_now() < t->slice_end;
  t->gathered = next < t->data->rows;
  if (!t->gathered) next = 0;
  t->block = block_at(t, next, 1 - block->buffer);
}

/* One block from end to end. The first member alone writes what the others read after the last barrier. */
static void train_block(const team *team, trainer *t) {
  const block block = t->block;
  forward_and_loss(team, t, &block);
  pass_backward(team, &t->pass, block.n);
  team_barrier(team);
  pass_weights(team, &t->pass, t->batch[block.buffer].x, block.n, sink_for(t, &block));
  size_t next_first = block.first + block.n;
  if (next_first < t->data->rows) {
    const struct block next = block_at(t, next_first, 1 - block.buffer);
    gather(team, t, &next);
  }
  if (team->rank == 0) account(t, &block);
  team_barrier(team);
}

/* A slice of an epoch. */
static void train_member(const team *team, void *data) {
  trainer *t = data;
  if (!t->gathered) gather(team, t, &t->block);
  pass_transpose(team, &t->pass);
  team_barrier(team);
  do train_block(team, t);
  while (t->running);
}

/* ---- epochs ---- */

static void begin_epoch(trainer *t) {
  if (t->order != NULL) {
    rng stream = rng_make(t->options.key, RNG_STREAM_SHUFFLE, (uint32_t)t->epochs);
    rng_permutation(&stream, t->order, t->data->rows);
  }
  t->sums = (epoch_record){0};
  t->block = block_at(t, 0, 0);
  t->gathered = false;
}

static bool parameters_finite(const network *net) {
  const uint32_t exponent = 0x7f800000;
  const float *p = net->parameter;
  for (size_t i = 0; i < net->parameters; i++) {
    uint32_t bits;
    memcpy(&bits, p + i, sizeof bits);
    if ((bits & exponent) == exponent) return false;
  }
  return true;
}

/* Whether the epoch just recorded is the one to keep; with patience, also whether to stop. */
static bool improves(trainer *t, const epoch_record *record) {
  if (t->options.patience == 0 || t->valid == NULL) return true;
  if (record->valid_loss < t->best_loss) {
    t->best_loss = record->valid_loss;
    return true;
  }
  if (t->epochs - t->kept_epoch >= t->options.patience) t->state = TRAIN_STOPPED;
  return false;
}

static void end_epoch(trainer *t) {
  if (!parameters_finite(t->net)) {
    t->state = TRAIN_DIVERGED;
    return;
  }
  double weight = t->mean_weight * (double)t->data->rows;
  epoch_record record = {t->sums.train_loss / weight, t->sums.train_score / weight, NAN, NAN};
  if (t->valid != NULL) evaluator_run(&t->evaluator, &record.valid_loss, &record.valid_score);
  if (t->valid != NULL && !isfinite(record.valid_loss)) {
    t->state = TRAIN_DIVERGED;
    return;
  }
  t->record[t->epochs++] = record;
  if (improves(t, &record)) keep_parameters(t);
  if (t->state == TRAIN_RUNNING && t->epochs == t->options.epochs) t->state = TRAIN_FINISHED;
  if (t->state == TRAIN_RUNNING) begin_epoch(t);
}

/* Rows trained on since the beginning. */
static double rows_done(const trainer *t) {
  return (double)t->epochs * (double)t->data->rows + (double)(t->gathered ? t->block.first : t->data->rows);
}

/* Trains to the end of the epoch or of the time, whichever comes first. */
static void train_slice(trainer *t, double deadline) {
  double before = t->gathered ? rows_done(t) : (double)t->epochs * (double)t->data->rows;
  t->slice_end = deadline;
  int members = pace_begin(&t->pace, &t->slice_end);
  team_run(members, train_member, t);
  pace_end(&t->pace, rows_done(t) - before);
}

train_state trainer_advance(trainer *t, double seconds) {
  double deadline = pace_now() + seconds;
  do {
    train_slice(t, deadline);
    bool epoch_done = t->state == TRAIN_RUNNING && !t->gathered;
    if (epoch_done) end_epoch(t);
  } while (t->state == TRAIN_RUNNING && pace_now() < deadline);
  return t->state;
}

/* ---- what came of it ---- */

int trainer_epochs(const trainer *t) { return t->epochs; }

const epoch_record *trainer_record(const trainer *t, int epoch) { return &t->record[epoch]; }

double trainer_epoch_progress(const trainer *t) {
  return t->gathered ? (double)t->block.first / (double)t->data->rows : 0;
}

int trainer_kept_epoch(const trainer *t) { return t->kept_epoch; }

void trainer_keep(trainer *t) {
  bool use_present = t->epochs == 0 && t->state == TRAIN_RUNNING && parameters_finite(t->net);
  if (!use_present) memcpy(t->net->parameter, t->kept, t->net->parameters * sizeof *t->kept);
}

int trainer_threads(const trainer *t) { return t->pace.team; }
