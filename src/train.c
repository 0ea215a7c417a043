#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cpu.h"
#include "evaluate.h"
#include "pace.h"
#include "pass.h"
#include "rates.h"
#include "rng.h"

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

  pace pace; /* how many members a slice gets */
  pass pass;
  evaluator evaluator;
  arena arena;
  batch batch[2];  /* the block at work, and the next one being gathered */
  uint32_t *order; /* [rows] this epoch's order, or NULL: as they come */
  float *gradient; /* [parameters] where updates have to wait for all of it, otherwise NULL: they are fused */
  double *square;  /* [chunks of the gradient] sums of its squares, where its norm is limited */
  float *moment[MOMENTS]; /* [parameters] each, as the optimizer needs */
  float *average;         /* [parameters] running average, or NULL */
  network judged;         /* what is validated and kept: the network, or the same with its averages */
  float *kept;            /* [parameters] of the kept epoch */

  epoch_record *record; /* [records that there is room for] */
  int room;
  int first_epoch; /* completed before the first record */

  double steps;        /* begun since the beginning */
  optimizer_step step; /* the one under way */
  float fresh;         /* its share in the average */
  rates rates;
  double step_seconds;
  profile *profile; /* [members of the team], or NULL */

  block block;      /* the next to train on */
  bool gathered;    /* it is already in its batch */
  bool epoch_ended; /* there is no next one in this epoch */
  double rows_done; /* since the beginning */
  epoch_record sums;
  double slice_end;
  bool running; /* members go on with the next block */
  train_state state;
  int epochs, kept_epoch;
  double best;        /* value of the kept epoch */
  double improved;    /* value of the last epoch that was enough of an improvement */
  int improved_epoch; /* that epoch */
};

/* ---- allocation ---- */

static size_t pass_rows(const trainer *t) {
  return size_min(size_min(t->options.batch_size, t->data->rows), PASS_ROWS);
}

static bool several_passes(const trainer *t) {
  return size_min(t->options.batch_size, t->data->rows) > PASS_ROWS;
}

static bool limits_gradient(const trainer *t) { return t->options.clip_norm > 0; }

/* Floats of the gradient whose squares are summed at once: what they come to may not depend on the team. */
enum { CHUNK = 4096 };

static size_t chunks(const trainer *t) { return (t->net->parameters + CHUNK - 1) / CHUNK; }

static batch take_batch(const trainer *t, arena *arena) {
  const dataset *data = t->data;
  size_t rows = pass_rows(t), values = size_multiply(rows, data->columns);
  return (batch){
      .x = arena_take_panels(arena, rows, data->inputs),
      .class_index = data->class_index != NULL ? arena_take(arena, rows, sizeof(int32_t)) : NULL,
      .value = data->value != NULL ? arena_take(arena, values, sizeof(float)) : NULL,
      .weight = data->weight != NULL ? arena_take(arena, rows, sizeof(float)) : NULL,
      .offset = data->offset != NULL ? arena_take(arena, rows, sizeof(float)) : NULL,
  };
}

static void lay_out(void *owner, arena *arena) {
  trainer *t = owner;
  size_t parameters = t->net->parameters;
  for (int i = 0; i < 2; i++) t->batch[i] = take_batch(t, arena);
  if (t->options.shuffle) t->order = arena_take(arena, t->data->rows, sizeof(uint32_t));
  if (limits_gradient(t)) t->square = arena_take(arena, chunks(t), sizeof(double));
  if (t->options.ema_decay > 0) t->average = arena_take(arena, parameters, sizeof(float));
  if (several_passes(t) || limits_gradient(t)) t->gradient = arena_take(arena, parameters, sizeof(float));
  for (int k = 0; k < optimizer_moments(&t->optimizer); k++) {
    t->moment[k] = arena_take(arena, parameters, sizeof(float));
  }
  t->kept = arena_take(arena, parameters, sizeof(float));
  if (t->options.profile) t->profile = arena_take(arena, (size_t)t->pace.team, sizeof *t->profile);
}

static void keep_parameters(trainer *t) {
  memcpy(t->kept, t->judged.parameter, t->net->parameters * sizeof *t->kept);
  t->kept_epoch = t->epochs;
}

/* With shares of (1 - decay) / (1 - decay^steps) the average weighs the parameters after step s by decay^-s.
 */
static void set_step(trainer *t) {
  optimizer optimizer = t->optimizer;
  double decay = t->options.ema_decay;
  optimizer.learn_rate *= rates_at(&t->rates, t->steps);
  t->step = optimizer_step_at(&optimizer, t->steps);
  t->fresh = (float)((1 - decay) / (1 - pow(decay, t->steps)));
}

static void begin_step(trainer *t) {
  t->steps++;
  set_step(t);
}

/* Averages start with the first step; before it they are the initial parameters. */
static void begin_average(trainer *t) {
  t->judged = *t->net;
  if (t->average == NULL) return;
  memcpy(t->average, t->net->parameter, t->net->parameters * sizeof *t->average);
  t->judged.parameter = t->average;
}

static void begin_epoch(trainer *t);

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
  t->pace.team = pass_members(net, pass_rows(t), options->threads);
  t->best = t->improved = INFINITY;
  t->room = 64;
  t->mean_weight = dataset_weight(data) / (double)data->rows;
  status result = pass_allocate(&t->pass, net, pass_rows(t), t->pace.team, false);
  if (result == STATUS_OK) result = arena_build(&t->arena, lay_out, t);
  if (result == STATUS_OK && !(t->record = malloc((size_t)t->room * sizeof *t->record)))
    result = STATUS_MEMORY;
  if (result == STATUS_OK) begin_average(t);
  if (result == STATUS_OK && valid != NULL) {
    int members = threads_for_work(options->threads, network_flops(net, valid->rows));
    result = evaluator_allocate(&t->evaluator, &t->judged, valid, &t->loss, members);
  }
  if (result != STATUS_OK) {
    trainer_close(t);
    *trainer_out = NULL;
    return result;
  }
  optimizer_start(&t->optimizer, t->moment, net->parameters);
  keep_parameters(t);
  begin_step(t);
  begin_epoch(t);
  return STATUS_OK;
}

void trainer_close(trainer *t) {
  if (t == NULL) return;
  pass_free(&t->pass);
  evaluator_free(&t->evaluator);
  arena_free(&t->arena);
  rates_free(&t->rates);
  free(t->record);
  free(t);
}

/* ---- blocks and steps ---- */

/* The rows of the epoch's order that follow `first`, up to the end of their pass and step, the step-th of
   all. */
static block block_at(const trainer *t, size_t first, int buffer, uint32_t step) {
  size_t batch_size = t->options.batch_size;
  size_t begin = first - first % batch_size;
  size_t size = size_min(batch_size, t->data->rows - begin), end = begin + size;
  size_t n = size_min(PASS_ROWS, end - first);
  double scale = 1 / ((double)size * t->mean_weight);
  const step_rows at = {{t->options.key[0], t->options.key[1]}, step, (uint32_t)(first - begin)};
  return (block){first, n, buffer, scale, first == begin, first + n == end, at};
}

/* The block behind this one; no rows at the end of the epoch. */
static block next_block(const trainer *t, const block *block) {
  size_t first = block->first + block->n;
  if (first == t->data->rows) return (struct block){.n = 0};
  return block_at(t, first, 1 - block->buffer, block->at.step + block->closes);
}

static const uint32_t *order_from(const trainer *t, size_t first) {
  return t->order != NULL ? t->order + first : NULL;
}

static void gather(const team *team, const trainer *t, const block *block) {
  dataset_gather(team, t->data, order_from(t, block->first), block->first, block->n,
                 &t->batch[block->buffer]);
  const input_noise *noise = &t->options.input;
  if (noise->sd == 0 && noise->dropout == 0) return;
  dropout_inputs(noise, &block->at, team_share(team, block->n), t->data->inputs, t->batch[block->buffer].x);
}

/* Where gradients go: straight into the update; or, over several passes, into the sum that the last one
   applies; or, where their norm must be known first, into that sum alone. */
static gradient_sink sink_for(const trainer *t, const block *block, const optimizer_step *step) {
  bool updates = t->gradient == NULL || (block->closes && !limits_gradient(t));
  return (gradient_sink){
      .gradient = t->gradient,
      .accumulate = !block->opens,
      .step = updates ? step : NULL,
      .parameter = t->net->parameter,
      .moment = {t->moment[0], t->moment[1], t->moment[2]},
      .average = t->average,
      .fresh = t->fresh,
  };
}

/* The factor that limits the norm of the gradient, of which every member has written its own. */
static double gradient_factor(const team *team, trainer *t) {
  range mine = team_share(team, chunks(t));
  team_barrier(team);
  for (size_t c = mine.begin; c < mine.end; c++) {
    t->square[c] = kernels_active()->sum_of_squares(t->gradient + c * CHUNK,
                                                    size_min(CHUNK, t->net->parameters - c * CHUNK));
  }
  team_barrier(team);
  double sum = 0;
  for (size_t c = 0; c < chunks(t); c++) sum += t->square[c];
  double norm = sqrt(sum);
  return norm > t->options.clip_norm ? t->options.clip_norm / norm : 1;
}

/* What a step still has to do where norms are limited, those of the gradient or those of the weights. */
static void limit_norms(const team *team, trainer *t, gradient_sink sink, const optimizer_step *step) {
  if (limits_gradient(t)) {
    const optimizer_step scaled = optimizer_scaled(*step, gradient_factor(team, t));
    sink.step = &scaled;
    pass_update(team, &t->pass, sink, t->options.max_norm);
  }
  if (t->options.max_norm > 0) {
    team_barrier(team);
    pass_limit_norms(team, &t->pass, sink, t->options.max_norm);
  }
}

/* Adds up a block's losses, in row order, and decides whether the next one follows at once. */
static void account(trainer *t, const block *block, const struct block *next) {
  double loss = 0, score = 0;
  for (size_t r = 0; r < block->n; r++) {
    loss += t->pass.row_loss[r];
    score += t->pass.row_score[r];
  }
  t->sums.train_loss += loss;
  t->sums.train_score += score;
  t->rows_done += (double)block->n;
  t->sums.rate = rates_at(&t->rates, t->steps);
  if (block->closes) begin_step(t);
  if (!isfinite(loss)) t->state = TRAIN_DIVERGED;
  t->epoch_ended = next->n == 0;
  t->gathered = !t->epoch_ended;
  if (t->gathered) t->block = *next;
  t->running =
      t->state == TRAIN_RUNNING && t->gathered && !trainer_wants_rate(t) && clock_seconds() < t->slice_end;
}

/* One block from end to end; the next one's rows come in meanwhile. The first member alone writes what the
   others read after the barrier, while they may still be at work: so all begin with copies. */
static void train_block(const team *team, trainer *t) {
  const block block = t->block, next = next_block(t, &block);
  const optimizer_step step = t->step;
  const gradient_sink sink = sink_for(t, &block, &step);
  const batch *batch = &t->batch[block.buffer];
  const targets targets = {batch->class_index, batch->value, batch->weight, batch->offset};
  pass_forward(team, &t->pass, batch->x, block.n, &block.at);
  pass_loss(team, &t->pass, &t->loss, &targets, block.n, block.scale);
  pass_backward(team, &t->pass, block.n, &block.at);
  pass_weights(team, &t->pass, batch->x, block.n, sink, t->options.max_norm);
  if (block.closes) limit_norms(team, t, sink, &step);
  if (next.n > 0) gather(team, t, &next);
  if (team->rank == 0) account(t, &block, &next);
  team_barrier(team);
}

/* A slice of an epoch. */
static void train_member(const team *shared, void *data) {
  trainer *t = data;
  team member = *shared;
  uint64_t state = cpu_flush_subnormals();
  if (t->profile != NULL) {
    member.profile = &t->profile[member.rank];
    profile_start(member.profile, PHASE_PRODUCTS);
  }
  if (!t->gathered) gather(&member, t, &t->block);
  pass_transpose(&member, &t->pass);
  team_barrier(&member);
  do train_block(&member, t);
  while (t->running);
  if (t->profile != NULL) profile_stop(member.profile);
  cpu_restore(state);
}

/* ---- epochs ---- */

static void begin_epoch(trainer *t) {
  if (t->order != NULL) {
    rng stream = rng_make(t->options.key, RNG_STREAM_SHUFFLE, (uint32_t)t->epochs);
    rng_permutation(&stream, t->order, t->data->rows);
  }
  t->sums = (epoch_record){0};
  t->block = block_at(t, 0, 0, (uint32_t)t->steps);
  t->gathered = t->epoch_ended = false;
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

/* Keeps the epoch just recorded if none was better, and stops where patience ran out. */
static void judge(trainer *t, double value) {
  const train_options *options = &t->options;
  if (value < t->best || (options->keep_last_tie && value == t->best)) {
    t->best = value;
    keep_parameters(t);
  }
  if (value < t->improved - options->min_improvement) {
    t->improved = value;
    t->improved_epoch = t->epochs;
  }
  if (t->epochs - t->improved_epoch >= options->patience) t->state = TRAIN_STOPPED;
}

/* Room for one more record, doubling as needed: epochs may be many and patience end them early. */
static bool make_room(trainer *t) {
  if (trainer_records(t) < t->room) return true;
  int room = t->room < t->options.epochs / 2 ? 2 * t->room : t->options.epochs;
  epoch_record *record = realloc(t->record, (size_t)room * sizeof *record);
  if (record == NULL) return false;
  t->record = record;
  t->room = room;
  return true;
}

static void end_epoch(trainer *t) {
  if (!parameters_finite(t->net)) {
    t->state = TRAIN_DIVERGED;
    return;
  }
  if (!make_room(t)) {
    t->state = TRAIN_OUT_OF_MEMORY;
    return;
  }
  double weight = t->mean_weight * (double)t->data->rows;
  epoch_record record = {t->sums.train_loss / weight, t->sums.train_score / weight, NAN, NAN, t->sums.rate};
  if (t->valid != NULL) evaluator_run(&t->evaluator, &record.valid_loss, &record.valid_score);
  if (t->valid != NULL && !isfinite(record.valid_loss)) {
    t->state = TRAIN_DIVERGED;
    return;
  }
  t->record[trainer_records(t)] = record;
  t->epochs++;
  bool chosen = t->options.patience > 0 && t->valid != NULL;
  if (!chosen) keep_parameters(t);
  if (chosen && !t->options.judged_outside) judge(t, record.valid_loss);
  if (t->state == TRAIN_RUNNING && t->epochs == t->options.epochs) t->state = TRAIN_FINISHED;
  if (t->state == TRAIN_RUNNING) begin_epoch(t);
}

/* Trains to the end of the epoch or of the time, whichever comes first. */
static void train_slice(trainer *t, double deadline) {
  double before = t->rows_done, start = clock_seconds();
  t->slice_end = deadline;
  int members = pace_begin(&t->pace, &t->slice_end);
  team_run(members, train_member, t);
  pace_end(&t->pace, t->rows_done - before);
  t->step_seconds += clock_seconds() - start;
}

train_state trainer_advance(trainer *t, double seconds) {
  double deadline = clock_seconds() + seconds;
  bool paused = false;
  do {
    train_slice(t, deadline);
    if (t->state != TRAIN_RUNNING || !t->epoch_ended) continue;
    end_epoch(t);
    paused = t->options.pause;
  } while (t->state == TRAIN_RUNNING && !paused && !trainer_wants_rate(t) && clock_seconds() < deadline);
  return t->state;
}

/* ---- what the caller has a say in ---- */

status trainer_set_rates(trainer *t, const double *factor, size_t count) {
  status result = rates_set(&t->rates, factor, count, t->steps);
  set_step(t);
  return result;
}

double trainer_step(const trainer *t) { return t->steps; }

bool trainer_wants_rate(const trainer *t) { return rates_used_up(&t->rates, t->steps); }

train_state trainer_judge(trainer *t, double value) {
  judge(t, value);
  return t->state;
}

/* ---- going on ---- */

float *trainer_buffer(trainer *t, int buffer) {
  switch (buffer) {
    case TRAIN_PARAMETERS:
      return t->net->parameter;
    case TRAIN_KEPT:
      return t->kept;
    case TRAIN_AVERAGE:
      return t->average;
    default: {
      int moment = buffer - TRAIN_MOMENT;
      return moment < optimizer_moments(&t->optimizer) ? t->moment[moment] : NULL;
    }
  }
}

train_position trainer_position(trainer *t) {
  while (t->state == TRAIN_RUNNING && !t->block.opens) trainer_advance(t, 0);
  bool between = t->epoch_ended; /* the last epoch has ended, and no other has begun */
  return (train_position){
      .epoch = t->epochs,
      .row = between ? 0 : t->block.first,
      .loss_sum = between ? 0 : t->sums.train_loss,
      .score_sum = between ? 0 : t->sums.train_score,
      .steps = t->steps - 1,
      .kept_epoch = t->kept_epoch,
      .best = t->best,
      .improved = t->improved,
      .improved_epoch = t->state == TRAIN_STOPPED ? t->epochs : t->improved_epoch,
  };
}

void trainer_restore(trainer *t, const train_position *position) {
  t->epochs = t->first_epoch = position->epoch;
  t->kept_epoch = position->kept_epoch;
  t->best = position->best;
  t->improved = position->improved;
  t->improved_epoch = position->improved_epoch;
  t->steps = position->steps;
  begin_step(t);
  begin_epoch(t);
  t->block = block_at(t, position->row, 0, (uint32_t)t->steps);
  t->sums.train_loss = position->loss_sum;
  t->sums.train_score = position->score_sum;
  if (t->epochs >= t->options.epochs) t->state = TRAIN_FINISHED;
}

/* ---- what came of it ---- */

int trainer_epochs(const trainer *t) { return t->epochs; }

int trainer_records(const trainer *t) { return t->epochs - t->first_epoch; }

const epoch_record *trainer_record(const trainer *t, int record) { return &t->record[record]; }

double trainer_epoch_progress(const trainer *t) {
  return t->epoch_ended ? 0 : (double)t->block.first / (double)t->data->rows;
}

int trainer_kept_epoch(const trainer *t) { return t->kept_epoch; }

void trainer_keep(trainer *t) {
  bool use_present = t->epochs == 0 && t->state == TRAIN_RUNNING && parameters_finite(&t->judged);
  const float *kept = use_present ? t->judged.parameter : t->kept;
  if (kept != t->net->parameter) memcpy(t->net->parameter, kept, t->net->parameters * sizeof *kept);
}

double trainer_step_seconds(const trainer *t) { return t->step_seconds; }

double trainer_phase_seconds(const trainer *t, phase phase) {
  double sum = 0;
  for (int member = 0; t->profile != NULL && member < t->pace.team; member++) {
    sum += t->profile[member].seconds[phase];
  }
  return sum;
}

int trainer_threads(const trainer *t) { return t->pace.team; }
