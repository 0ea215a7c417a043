#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "rng.h"
#include "trainer.h"

/* ---- allocation ---- */

static size_t pass_rows(const trainer *t) {
  return size_min(size_min(t->options.batch_size, t->data->rows), PASS_ROWS);
}

static bool several_passes(const trainer *t) {
  return size_min(t->options.batch_size, t->data->rows) > PASS_ROWS;
}

static batch take_batch(trainer *t, int i, arena *arena) {
  const dataset *data = t->data;
  size_t rows = pass_rows(t), values = size_multiply(rows, data->columns);
  bool sparse = dataset_is_sparse(data);
  if (sparse) sparse_batch_take(&t->sparse[i], arena);
  return (batch){
      .x = sparse ? (panels){NULL, 0} : arena_take_panels(arena, rows, data->inputs),
      .sparse = sparse ? &t->sparse[i] : NULL,
      .class_index = data->class_index != NULL ? arena_take(arena, rows, sizeof(int32_t)) : NULL,
      .value = data->value != NULL ? arena_take(arena, values, sizeof(float)) : NULL,
      .weight = data->weight != NULL ? arena_take(arena, rows, sizeof(float)) : NULL,
      .offset = data->offset != NULL ? arena_take(arena, rows, sizeof(float)) : NULL,
  };
}

static void lay_out(void *owner, arena *arena) {
  trainer *t = owner;
  size_t parameters = t->net->parameters;
  for (int i = 0; i < 2; i++) t->batch[i] = take_batch(t, i, arena);
  if (t->options.shuffle) t->order = arena_take(arena, t->data->rows, sizeof(uint32_t));
  if (train_limits_gradient(t)) t->square = arena_take(arena, train_chunks(t), sizeof(double));
  if (t->options.ema_decay > 0) t->average = arena_take(arena, parameters, sizeof(float));
  if (several_passes(t) || train_updates_last(t)) t->gradient = arena_take(arena, parameters, sizeof(float));
  for (int k = 0; k < optimizer_moments(&t->optimizer); k++) {
    t->moment[k] = arena_take(arena, parameters, sizeof(float));
  }
  t->kept = arena_take(arena, parameters, sizeof(float));
  if (t->options.steps_back) t->previous = arena_take(arena, parameters, sizeof(float));
  if (t->options.profile) t->profile = arena_take(arena, (size_t)t->pace.team, sizeof *t->profile);
}

static void swap_kept(trainer *t) {
  float *kept = t->kept;
  t->kept = t->previous;
  t->previous = kept;
}

static void keep_parameters(trainer *t) {
  if (t->previous != NULL) {
    swap_kept(t);
    t->previous_epoch = t->kept_epoch;
  }
  memcpy(t->kept, t->judged.parameter, t->net->parameters * sizeof *t->kept);
  t->kept_epoch = t->epochs;
}

/* Averages start with the first step; before it they are the initial parameters. */
static void begin_average(trainer *t) {
  t->judged = *t->net;
  if (t->average == NULL) return;
  memcpy(t->average, t->net->parameter, t->net->parameters * sizeof *t->average);
  t->judged.parameter = t->average;
}

/* In NTK parametrisation weights have starts of their own. */
static void start_moments(trainer *t) {
  const network *net = t->net;
  optimizer_start(&t->optimizer, 1, t->moment, 0, net->parameters);
  const layer *layer;
  for (int i = 0; t->options.ntk && (layer = network_weights(net, i)) != NULL; i++) {
    optimizer_start(&t->optimizer, layer->inputs, t->moment, layer->weight, dense_weights_size(layer));
  }
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
  t->loss.broken_off = &t->broken_off;
  t->optimizer = *optimizer;
  t->options = *options;
  t->pace.team = pass_members(net, pass_rows(t), options->threads);
  t->best = t->improved = INFINITY;
  t->room = 64;
  t->mean_weight = dataset_weight(data) / (double)data->rows;
  t->epoch_rows = data->rows;
  if (options->drop_incomplete) t->epoch_rows -= data->rows % size_min(options->batch_size, data->rows);
  status result = pass_allocate(&t->pass, net, pass_rows(t), t->pace.team, false);
  for (int i = 0; i < 2; i++) t->sparse[i] = pass_plan_batch(&t->pass, data);
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
  start_moments(t);
  keep_parameters(t);
  t->previous_epoch = -1;
  train_begin_step(t);
  begin_epoch(t);
  return STATUS_OK;
}

void trainer_close(trainer *t) {
  if (t == NULL) return;
  pass_free(&t->pass);
  evaluator_free(&t->evaluator);
  arena_free(&t->arena);
  for (int kind = 0; kind < RATE_KINDS; kind++) rates_free(&t->rates[kind]);
  free(t->record);
  free(t);
}

/* ---- epochs ---- */

static void begin_epoch(trainer *t) {
  double start = clock_seconds();
  if (t->order != NULL) {
    rng stream = rng_make(t->options.key, RNG_STREAM_SHUFFLE, (uint32_t)t->epochs);
    rng_permutation(&stream, t->order, t->data->rows);
  }
  t->sums = (epoch_record){0};
  t->block = train_block_at(t, 0, 0, (uint32_t)t->steps);
  t->gathered = t->epoch_ended = false;
  t->step_seconds += clock_seconds() - start;
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

/* Without patience each epoch is kept. */
static void keep_or_judge(trainer *t, double value) {
  if (t->options.patience > 0 && t->valid != NULL) {
    judge(t, value);
  } else {
    keep_parameters(t);
  }
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

/* The sum of the case weights of the rows that the epoch took. */
static double epoch_weight(const trainer *t) {
  const dataset *data = t->data;
  if (t->epoch_rows == data->rows) return t->mean_weight * (double)data->rows;
  if (data->weight == NULL) return (double)t->epoch_rows;
  double sum = 0;
  for (size_t i = 0; i < t->epoch_rows; i++) sum += data->weight[t->order != NULL ? t->order[i] : i];
  return sum;
}

/* The validation rows' mean loss and score; the means of the variants'. */
static void evaluate(trainer *t, epoch_record *record) {
  int variants = t->net->variants;
  record->valid_loss = record->valid_score = 0;
  for (int v = 0; v < variants; v++) {
    double loss, score;
    trainer_judged(t, v);
    evaluator_run(&t->evaluator, &loss, &score);
    record->valid_loss += loss / variants;
    record->valid_score += score / variants;
  }
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
  double weight = epoch_weight(t);
  epoch_record record = {t->sums.train_loss / weight, t->sums.train_score / weight, NAN, NAN, t->sums.rate};
  if (t->average != NULL) network_apply_scale(&t->judged, t->average);
  if (t->valid != NULL) evaluate(t, &record);
  t->valid_lost = t->valid != NULL && !train_is_finite(record.valid_loss);
  if (t->valid_lost) {
    t->state = TRAIN_DIVERGED;
    return;
  }
  t->record[trainer_records(t)] = record;
  t->epochs++;
  if (!t->options.judged_outside) keep_or_judge(t, record.valid_loss);
  if (t->state == TRAIN_RUNNING && t->epochs == t->options.epochs) t->state = TRAIN_FINISHED;
  if (t->state == TRAIN_RUNNING) begin_epoch(t);
}

/* Trains to the end of the epoch or of the time, whichever comes first. */
static void train_slice(trainer *t, double deadline) {
  double before = t->rows_done, start = clock_seconds();
  t->slice_end = deadline;
  int members = team_run(pace_begin(&t->pace, &t->slice_end), train_member, t);
  pace_end(&t->pace, members, t->rows_done - before);
  t->step_seconds += clock_seconds() - start;
}

train_state trainer_advance(trainer *t, double seconds) {
  if (t->state != TRAIN_RUNNING) return t->state;
  double deadline = clock_seconds() + seconds;
  bool paused = t->broken_off = false;
  do {
    train_slice(t, deadline);
    if (t->state != TRAIN_RUNNING || !t->epoch_ended) continue;
    end_epoch(t);
    paused = t->options.pause;
  } while (t->state == TRAIN_RUNNING && !paused && !t->broken_off && !trainer_wants_rate(t) &&
           clock_seconds() < deadline);
  return t->state;
}

/* ---- what the caller has a say in ---- */

status trainer_set_rates(trainer *t, rate_kind kind, const double *factor, size_t count) {
  status result = rates_set(&t->rates[kind], factor, count, t->steps);
  train_set_step(t);
  return result;
}

double trainer_step(const trainer *t) { return t->steps; }

bool trainer_wants_rate(const trainer *t) {
  bool wants = false;
  for (int kind = 0; kind < RATE_KINDS; kind++) wants = wants || rates_used_up(&t->rates[kind], t->steps);
  return wants;
}

train_state trainer_judge(trainer *t, double value) {
  keep_or_judge(t, value);
  return t->state;
}

/* ---- going on ---- */

float *trainer_buffer(trainer *t, int buffer) {
  switch (buffer) {
    case TRAIN_PARAMETERS:
      return t->net->parameter;
    case TRAIN_KEPT:
      return t->kept;
    case TRAIN_PREVIOUS:
      return t->previous;
    case TRAIN_AVERAGE:
      return t->average;
    default: {
      int moment = buffer - TRAIN_MOMENT;
      return moment < optimizer_moments(&t->optimizer) ? t->moment[moment] : NULL;
    }
  }
}

train_state trainer_settle(trainer *t) {
  while (t->state == TRAIN_RUNNING && !t->block.opens) trainer_advance(t, 0);
  return t->state;
}

train_position trainer_position(trainer *t) {
  trainer_settle(t);
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
      .previous_epoch = t->previous_epoch,
  };
}

void trainer_restore(trainer *t, const train_position *position) {
  t->epochs = t->first_epoch = position->epoch;
  t->kept_epoch = position->kept_epoch;
  t->best = position->best;
  t->improved = position->improved;
  t->improved_epoch = position->improved_epoch;
  t->previous_epoch = t->previous != NULL ? position->previous_epoch : -1;
  t->steps = position->steps;
  train_begin_step(t);
  begin_epoch(t);
  t->block = train_block_at(t, position->row, 0, (uint32_t)t->steps);
  t->sums.train_loss = position->loss_sum;
  t->sums.train_score = position->score_sum;
  if (t->epochs >= t->options.epochs) t->state = TRAIN_FINISHED;
}

/* ---- what came of it ---- */

int trainer_epochs(const trainer *t) { return t->epochs; }

int trainer_records(const trainer *t) { return t->epochs - t->first_epoch; }

const epoch_record *trainer_record(const trainer *t, int record) { return &t->record[record]; }

size_t trainer_epoch_rows(const trainer *t) { return t->epoch_rows; }

double trainer_epoch_progress(const trainer *t) {
  return t->epoch_ended ? 0 : (double)t->block.first / (double)t->epoch_rows;
}

int trainer_kept_epoch(const trainer *t) { return t->kept_epoch; }

bool trainer_valid_lost(const trainer *t) { return t->valid_lost; }

/* A network of the same layers with other parameters, as one of its variants. */
static void show_variant(const trainer *t, network *net, int variant) {
  net->layer = network_variant(t->net, variant).layer;
  if (network_shares(t->net)) network_apply_scale(net, net->parameter);
}

const network *trainer_judged(trainer *t, int variant) {
  show_variant(t, &t->judged, variant);
  return &t->judged;
}

static status finite_loss(trainer *t, const network *net, const dataset *data, bool *finite) {
  evaluator evaluator;
  int members = threads_for_work(t->options.threads, network_flops(net, data->rows));
  status result = evaluator_allocate(&evaluator, net, data, &t->loss, members);
  if (result == STATUS_OK) {
    double loss, score;
    t->broken_off = false;
    evaluator_run(&evaluator, &loss, &score);
    *finite = train_is_finite(loss) || t->broken_off;
  }
  evaluator_free(&evaluator);
  return result;
}

status trainer_prove(trainer *t, size_t rows, bool *sound) {
  network kept = t->judged;
  kept.parameter = t->kept;
  dataset first = *t->data;
  first.rows = size_min(first.rows, rows);
  status result = STATUS_OK;
  *sound = true;
  for (int v = 0; v < t->net->variants && t->kept_epoch > 0 && *sound && result == STATUS_OK; v++) {
    show_variant(t, &kept, v);
    result = finite_loss(t, &kept, &first, sound);
  }
  return result;
}

void trainer_step_back(trainer *t) {
  if (t->previous_epoch < 0) return;
  swap_kept(t);
  t->kept_epoch = t->previous_epoch;
  t->previous_epoch = -1;
}

void trainer_keep(trainer *t) {
  bool use_present = t->kept_epoch == 0 && t->state == TRAIN_RUNNING && !t->options.whole_epochs &&
                     parameters_finite(&t->judged);
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
