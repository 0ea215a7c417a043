#include <R_ext/Utils.h>
#include <stdlib.h>
#include <string.h>

#include "predict.h"
#include "r_common.h"
#include "train.h"

/* Everything that one training run needs, in one place with one finalizer. */
typedef struct training {
  network net;
  dataset data, valid;
  loss loss;
  trainer *trainer;
  double rate[GROUP_COUNT]; /* factors of the learning rate */
  train_state state;
  int threads;
} training;

static void training_release(SEXP owner) {
  training *t = R_ExternalPtrAddr(owner);
  if (t == NULL) return;
  trainer_close(t->trainer);
  dataset_free(&t->data);
  dataset_free(&t->valid);
  network_free(&t->net);
  free(t);
  R_ClearExternalPtr(owner);
}

static training *unpack_training(SEXP owner) {
  training *t = TYPEOF(owner) == EXTPTRSXP ? R_ExternalPtrAddr(owner) : NULL;
  if (t == NULL || t->trainer == NULL) Rf_error("`trainer` has been closed");
  return t;
}

/* ---- settings ---- */

/* A number that may lack: then it is 0. */
static double optional_number(SEXP x, const char *name) {
  SEXP value = list_get(x, name);
  return value == R_NilValue ? 0 : unpack_number(value, name);
}

/* A flag that may lack: then it is not set. */
static bool optional_flag(SEXP x, const char *name) {
  SEXP value = list_get(x, name);
  return value != R_NilValue && unpack_flag(value, name);
}

/* Factors of the learning rate by their groups; those that lack are 1. NULL where all do. */
static const double *unpack_group_rates(SEXP x, double rate[GROUP_COUNT]) {
#define GROUP_NAME(name, decays) #name,
  static const char *const names[] = {GROUP_LIST(GROUP_NAME)};
  if (x == R_NilValue) return NULL;
  for (int group = 0; group < GROUP_COUNT; group++) {
    SEXP value = list_get(x, names[group]);
    rate[group] = value == R_NilValue ? 1 : unpack_number(value, names[group]);
  }
  return rate;
}

static optimizer unpack_optimizer(SEXP options) {
  SEXP x = list_get(options, "optimizer");
  optimizer_id id = optimizer_find(unpack_string(list_get(x, "name"), "optimizer$name"));
  if (id == OPTIMIZER_COUNT) Rf_error("unknown optimizer");
  return (optimizer){
      .id = id,
      .learn_rate = unpack_number(list_get(x, "learn_rate"), "optimizer$learn_rate"),
      .momentum = optional_number(x, "momentum"),
      .nesterov = optional_flag(x, "nesterov"),
      .centered = optional_flag(x, "centered"),
      .beta1 = optional_number(x, "beta1"),
      .beta2 = optional_number(x, "beta2"),
      .epsilon = optional_number(x, "epsilon"),
      .momentum_decay = optional_number(x, "momentum_decay"),
      .decrease = optional_number(x, "decrease"),
      .increase = optional_number(x, "increase"),
      .min_step = optional_number(x, "min_step"),
      .max_step = optional_number(x, "max_step"),
      .initial = optional_number(x, "initial"),
      .weight_decay = optional_number(x, "weight_decay"),
      .clip_value = unpack_number(list_get(options, "clip_value"), "clip_value"),
      .sparsity = unpack_number(list_get(options, "sparsity"), "sparsity"),
      .penalty = unpack_number(list_get(options, "penalty"), "penalty"),
  };
}

static train_options unpack_options(SEXP x) {
  int patience = unpack_int(list_get(x, "patience"), "patience");
  train_options options = {
      .epochs = unpack_count(list_get(x, "epochs"), "epochs"),
      .batch_size = (size_t)unpack_count(list_get(x, "batch_size"), "batch_size"),
      .drop_incomplete = optional_flag(x, "drop_incomplete"),
      .shuffle = unpack_flag(list_get(x, "shuffle"), "shuffle"),
      .patience = patience > 0 ? patience : 0,
      .clip_norm = unpack_number(list_get(x, "clip_norm"), "clip_norm"),
      .max_norm = unpack_number(list_get(x, "max_norm"), "max_norm"),
      .ema_decay = unpack_number(list_get(x, "ema_decay"), "ema_decay"),
      .ntk = optional_flag(x, "ntk"),
      .min_improvement = optional_number(x, "min_improvement"),
      .keep_last_tie = optional_flag(x, "keep_last_tie"),
      .judged_outside = optional_flag(x, "judged_outside"),
      .pause = optional_flag(x, "pause"),
      .steps_back = optional_flag(x, "steps_back"),
      .whole_epochs = optional_flag(x, "whole_epochs"),
      .threads = unpack_threads(list_get(x, "threads")),
      .profile = unpack_flag(list_get(x, "profile"), "profile"),
      .input = {optional_number(x, "input_dropout"), optional_number(x, "input_noise")},
  };
  unpack_key(list_get(x, "key"), options.key);
  return options;
}

/* ---- position ---- */

/* The buffers that a state lists by name; the parameters are left out where they are those that are kept. */
#define BUFFER_NAMES "kept", "previous", "parameters", "average", "moment1", "moment2", "moment3"
static const int buffers[] = {TRAIN_KEPT,   TRAIN_PREVIOUS,   TRAIN_PARAMETERS, TRAIN_AVERAGE,
                              TRAIN_MOMENT, TRAIN_MOMENT + 1, TRAIN_MOMENT + 2};
enum { BUFFERS = sizeof buffers / sizeof buffers[0] };

/* The numbers of a position, in the order in which a state lists them. */
#define POSITION_NAMES \
  "epoch", "row", "loss_sum", "score_sum", "steps", "kept_epoch", "best", "improved", "improved_epoch"
enum { POSITION_NUMBERS = 9 };

/* Checkpoints tell it; it counts where its weights are there. */
static int previous_epoch(SEXP state) {
  SEXP epoch = list_get(state, "previous_epoch");
  return list_get(state, "previous") == R_NilValue ? -1 : unpack_int(epoch, "state$previous_epoch");
}

static void restore(training *t, SEXP state) {
  static const char *const names[] = {BUFFER_NAMES};
  const double *number = unpack_doubles(list_get(state, "position"), POSITION_NUMBERS, "state$position");
  if (!(number[1] >= 0 && number[1] < (double)trainer_epoch_rows(t->trainer)))
    Rf_error("`state` must belong to these rows");
  const double steps = 9007199254740992; /* 2^53: whole numbers up to it are exact */
  if (!(number[0] >= 0 && number[0] <= INT_MAX && number[4] >= 0 && number[4] <= steps && number[5] >= 0 &&
        number[5] <= number[0] && number[8] >= 0 && number[8] <= number[0]))
    Rf_error("`state` must be one of a training");
  for (int i = 0; i < BUFFERS; i++) {
    SEXP layers = list_get(state, names[i]);
    float *buffer = trainer_buffer(t->trainer, buffers[i]);
    if (layers != R_NilValue && buffer != NULL)
      parameters_from_list(&t->net, buffer, layers, buffers[i] < TRAIN_MOMENT);
  }
  const train_position position = {.epoch = (int)number[0],
                                   .row = (size_t)number[1],
                                   .loss_sum = number[2],
                                   .score_sum = number[3],
                                   .steps = number[4],
                                   .kept_epoch = (int)number[5],
                                   .best = number[6],
                                   .improved = number[7],
                                   .improved_epoch = (int)number[8],
                                   .previous_epoch = previous_epoch(state)};
  trainer_restore(t->trainer, &position);
}

static SEXP position_to_vector(const train_position *p) {
  const double numbers[POSITION_NUMBERS] = {p->epoch,     (double)p->row, p->loss_sum,
                                            p->score_sum, p->steps,       p->kept_epoch,
                                            p->best,      p->improved,    p->improved_epoch};
  static const char *const names[] = {POSITION_NAMES};
  return named_doubles(numbers, names, POSITION_NUMBERS);
}

SEXP fastmlp_train_state(SEXP owner) {
  training *t = unpack_training(owner);
  const train_position position = trainer_position(t->trainer);
  const char *names[] = {"position", BUFFER_NAMES, "previous_epoch", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 0, position_to_vector(&position));
  SET_VECTOR_ELT(result, BUFFERS + 1, Rf_ScalarInteger(position.previous_epoch));
  const float *kept = trainer_buffer(t->trainer, TRAIN_KEPT);
  for (int i = 0; i < BUFFERS; i++) {
    const float *buffer = trainer_buffer(t->trainer, buffers[i]);
    if (buffer == NULL || (buffers[i] == TRAIN_PREVIOUS && position.previous_epoch < 0)) continue;
    bool may_lack = buffers[i] == TRAIN_PARAMETERS || buffers[i] == TRAIN_AVERAGE;
    if (may_lack && memcmp(buffer, kept, t->net.parameters * sizeof *kept) == 0) continue;
    SET_VECTOR_ELT(result, 1 + i, network_to_list(&t->net, buffer, buffers[i] < TRAIN_MOMENT));
  }
  UNPROTECT(1);
  return result;
}

/* ---- open ---- */

static void set_dropout(network *net, SEXP dropout) {
  if (dropout == R_NilValue) return;
  const double *share = unpack_doubles(dropout, net->layers - 1, "dropout");
  for (int v = 0; v < net->variants; v++) {
    const network own = network_variant(net, v);
    for (int l = 0; l < net->layers - 1; l++) own.layer[l].dropout = share[l];
  }
}

static SEXP shared_rows(SEXP set) { return set == R_NilValue ? set : list_get(set, "shared"); }

SEXP fastmlp_train_open(SEXP network_list, SEXP data, SEXP valid, SEXP scaling_list, SEXP options_list,
                        SEXP state) {
  SEXP owner = PROTECT(owner_make(sizeof(training), training_release));
  training *t = R_ExternalPtrAddr(owner);
  const train_options options = unpack_options(options_list);
  SEXP variants = list_get(options_list, "variants");
  optimizer optimizer = unpack_optimizer(options_list);
  optimizer.rate = unpack_group_rates(list_get(options_list, "rate_factors"), t->rate);
  t->threads = options.threads;
  t->loss = unpack_loss(list_get(options_list, "loss"));
  /* What the loss and the rows point to. */
  R_SetExternalPtrProtected(owner, Rf_list3(options_list, shared_rows(data), shared_rows(valid)));
  if (variants != R_NilValue) {
    network_from_variants(&t->net, variants);
  } else {
    network_from_list(&t->net, network_list);
  }
  set_dropout(&t->net, list_get(options_list, "dropout"));
  dataset_from_list(&t->data, data, scaling_list, &t->net, &t->loss, t->threads);
  t->net.density = dataset_density(&t->data);
  if (valid != R_NilValue) dataset_from_list(&t->valid, valid, scaling_list, &t->net, &t->loss, t->threads);
  const dataset *held = valid != R_NilValue ? &t->valid : NULL;
  raise_unless_ok(trainer_open(&t->trainer, &t->net, &t->data, held, &t->loss, &optimizer, &options));
  if (state != R_NilValue) restore(t, state);
  UNPROTECT(1);
  return owner;
}

/* ---- advance ---- */

static const char *state_name(train_state state) {
  static const char *const names[] = {[TRAIN_RUNNING] = "running",
                                      [TRAIN_FINISHED] = "finished",
                                      [TRAIN_STOPPED] = "stopped",
                                      [TRAIN_DIVERGED] = "diverged"};
  return names[state];
}

/* The measures of an epoch, in the order in which results list them. */
enum { MEASURES = 5 };
#define MEASURE_NAMES "train_loss", "train_score", "valid_loss", "valid_score", "rate"

static void record_measures(const training *t, int index, double measure[MEASURES]) {
  const epoch_record *record = trainer_record(t->trainer, index);
  bool has_valid = t->valid.rows > 0;
  measure[0] = record->train_loss;
  measure[1] = record->train_score;
  measure[2] = has_valid ? record->valid_loss : NA_REAL;
  measure[3] = has_valid ? record->valid_score : NA_REAL;
  measure[4] = record->rate;
}

static SEXP status_to_list(const training *t) {
  if (t->state == TRAIN_OUT_OF_MEMORY) raise_unless_ok(STATUS_MEMORY);
  int records = trainer_records(t->trainer);
  double measure[MEASURES] = {NA_REAL, NA_REAL, NA_REAL, NA_REAL, NA_REAL};
  if (records > 0) record_measures(t, records - 1, measure);
  const char *names[] = {"state",      "epoch",        "progress",    "step",
                         "wants_rate", "step_seconds", MEASURE_NAMES, ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 0, Rf_mkString(state_name(t->state)));
  SET_VECTOR_ELT(result, 1, Rf_ScalarInteger(trainer_epochs(t->trainer)));
  SET_VECTOR_ELT(result, 2, Rf_ScalarReal(trainer_epoch_progress(t->trainer)));
  SET_VECTOR_ELT(result, 3, Rf_ScalarReal(trainer_step(t->trainer)));
  SET_VECTOR_ELT(result, 4, Rf_ScalarLogical(trainer_wants_rate(t->trainer)));
  SET_VECTOR_ELT(result, 5, Rf_ScalarReal(trainer_step_seconds(t->trainer)));
  for (int i = 0; i < MEASURES; i++) SET_VECTOR_ELT(result, 6 + i, Rf_ScalarReal(measure[i]));
  UNPROTECT(1);
  return result;
}

SEXP fastmlp_train_advance(SEXP owner, SEXP seconds) {
  training *t = unpack_training(owner);
  double slice = unpack_number(seconds, "seconds");
  if (t->state == TRAIN_RUNNING) t->state = trainer_advance(t->trainer, slice);
  return status_to_list(t);
}

SEXP fastmlp_train_settle(SEXP owner) {
  training *t = unpack_training(owner);
  if (t->state == TRAIN_RUNNING) t->state = trainer_settle(t->trainer);
  return status_to_list(t);
}

SEXP fastmlp_hear(void) {
  R_CheckUserInterrupt();
  return R_NilValue;
}

/* ---- between epochs ---- */

static SEXP history_to_list(const training *t) {
  const char *names[] = {MEASURE_NAMES, ""};
  SEXP history = PROTECT(Rf_mkNamed(VECSXP, names));
  int records = trainer_records(t->trainer);
  for (int i = 0; i < MEASURES; i++) SET_VECTOR_ELT(history, i, Rf_allocVector(REALSXP, records));
  for (int record = 0; record < records; record++) {
    double measure[MEASURES];
    record_measures(t, record, measure);
    for (int i = 0; i < MEASURES; i++) REAL(VECTOR_ELT(history, i))[record] = measure[i];
  }
  UNPROTECT(1);
  return history;
}

SEXP fastmlp_train_history(SEXP owner) { return history_to_list(unpack_training(owner)); }

/* A variant by its number, counted from 1. */
static int unpack_variant(const training *t, SEXP variant) {
  int index = unpack_int(variant, "variant");
  if (index < 1 || index > t->net.variants) Rf_error("`variant` must be one of the network's");
  return index - 1;
}

SEXP fastmlp_train_network(SEXP owner, SEXP judged, SEXP variant) {
  const training *t = unpack_training(owner);
  int index = unpack_variant(t, variant);
  const network own = network_variant(&t->net, index);
  const float *parameter =
      unpack_flag(judged, "judged") ? trainer_judged(t->trainer, index)->parameter : own.parameter;
  return network_to_list(&own, parameter, true);
}

SEXP fastmlp_train_outputs(SEXP owner, SEXP valid, SEXP link, SEXP variant) {
  const training *t = unpack_training(owner);
  const dataset *data = unpack_flag(valid, "valid") ? &t->valid : &t->data;
  link_id id = unpack_link(link);
  const network *judged = trainer_judged(t->trainer, unpack_variant(t, variant));
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)data->rows, (int)network_outputs(&t->net)));
  if (data->rows > 0) raise_unless_ok(network_outputs_of(judged, t->threads, data, id, REAL(out)));
  UNPROTECT(1);
  return out;
}

SEXP fastmlp_train_rates(SEXP owner, SEXP factors) {
  static const char *const names[] = {
      [RATE_LEARN] = "learn_rate", [RATE_DECAY] = "decay", [RATE_DROPOUT] = "dropout"};
  training *t = unpack_training(owner);
  for (int kind = 0; kind < RATE_KINDS; kind++) {
    SEXP values = list_get(factors, names[kind]);
    if (values == R_NilValue) continue;
    const double *factor = unpack_doubles(values, XLENGTH(values), names[kind]);
    if (XLENGTH(values) == 0) Rf_error("`factors` must have at least one value");
    raise_unless_ok(trainer_set_rates(t->trainer, (rate_kind)kind, factor, (size_t)XLENGTH(values)));
  }
  return R_NilValue;
}

SEXP fastmlp_train_judge(SEXP owner, SEXP value) {
  training *t = unpack_training(owner);
  t->state = trainer_judge(t->trainer, unpack_number(value, "value"));
  return Rf_mkString(state_name(t->state));
}

SEXP fastmlp_train_prove(SEXP owner, SEXP rows) {
  training *t = unpack_training(owner);
  bool sound;
  raise_unless_ok(trainer_prove(t->trainer, (size_t)unpack_count(rows, "rows"), &sound));
  return Rf_ScalarLogical(sound);
}

SEXP fastmlp_train_step_back(SEXP owner) {
  trainer *trainer = unpack_training(owner)->trainer;
  int from = trainer_kept_epoch(trainer);
  trainer_step_back(trainer);
  return Rf_ScalarInteger(from);
}

/* ---- close ---- */

/* Named seconds of each phase. */
SEXP phases_to_vector(const double phase_seconds[PHASE_COUNT]) {
  const char *names[PHASE_COUNT];
  for (int i = 0; i < PHASE_COUNT; i++) names[i] = phase_name((phase)i);
  return named_doubles(phase_seconds, names, PHASE_COUNT);
}

/* The networks of all variants. */
static SEXP variants_to_list(const network *net) {
  SEXP result = PROTECT(Rf_allocVector(VECSXP, net->variants));
  for (int v = 0; v < net->variants; v++) {
    const network own = network_variant(net, v);
    SET_VECTOR_ELT(result, v, network_to_list(&own, own.parameter, true));
  }
  UNPROTECT(1);
  return result;
}

/* The trainer's buffers go before the result comes: of a wide network either is most of the memory. */
SEXP fastmlp_train_close(SEXP owner) {
  training *t = unpack_training(owner);
  trainer_keep(t->trainer);
  double phase_seconds[PHASE_COUNT];
  for (int i = 0; i < PHASE_COUNT; i++) phase_seconds[i] = trainer_phase_seconds(t->trainer, (phase)i);
  const char *names[] = {"network", "history",  "epochs", "kept_epoch", "threads", "step_seconds",
                         "profile", "variants", "valid_lost", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 1, history_to_list(t));
  SET_VECTOR_ELT(result, 2, Rf_ScalarInteger(trainer_epochs(t->trainer)));
  SET_VECTOR_ELT(result, 3, Rf_ScalarInteger(trainer_kept_epoch(t->trainer)));
  SET_VECTOR_ELT(result, 4, Rf_ScalarInteger(trainer_threads(t->trainer)));
  SET_VECTOR_ELT(result, 5, Rf_ScalarReal(trainer_step_seconds(t->trainer)));
  SET_VECTOR_ELT(result, 6, phases_to_vector(phase_seconds));
  SET_VECTOR_ELT(result, 8, Rf_ScalarLogical(trainer_valid_lost(t->trainer)));
  trainer_close(t->trainer);
  t->trainer = NULL;
  SET_VECTOR_ELT(result, 0, network_to_list(&t->net, t->net.parameter, true));
  if (network_shares(&t->net)) SET_VECTOR_ELT(result, 7, variants_to_list(&t->net));
  training_release(owner);
  UNPROTECT(1);
  return result;
}
