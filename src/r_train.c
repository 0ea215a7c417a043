#include <R_ext/Utils.h>
#include <stdlib.h>

#include "r_common.h"
#include "train.h"

/* Everything that one training run needs, in one place with one finalizer. */
typedef struct training {
  network net;
  dataset data, valid;
  loss loss;
  trainer *trainer;
  train_state state;
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

/* ---- open ---- */

/* Fills an empty data set from list(x =, target =, weights =, offset =, rows =). */
static void dataset_from_list(dataset *data, SEXP list, SEXP scaling_list, const network *net,
                              const loss *loss, int threads) {
  size_t inputs = net->layer[0].inputs, outputs = network_outputs(net), n;
  source_matrix x = unpack_predictors(list_get(list, "x"), "x");
  if (x.columns != inputs) Rf_error("`x` must have one column an input");
  SEXP target = list_get(list, "target"), weights = list_get(list, "weights");
  SEXP offset = list_get(list, "offset");
  check_targets(target, weights, loss, x.rows, outputs);
  const double *shift = offset != R_NilValue ? unpack_doubles(offset, (R_xlen_t)x.rows, "offset") : NULL;
  scaling scaling = unpack_scaling(scaling_list, inputs);
  const uint32_t *rows = unpack_rows(list_get(list, "rows"), x.rows, &n);
  if (n == 0) Rf_error("`x` must have at least one row");
  raise_unless_ok(dataset_allocate(data, n, inputs, loss_columns(loss, outputs),
                                   loss_of(loss->id)->takes_classes, weights != R_NilValue, shift != NULL));
  matrix_to_rows(threads, &x, rows, 0, n, scaling, data->x);
  read_targets(target, weights, loss, rows, n, data->class_index, data->value, data->weight);
  for (size_t i = 0; shift != NULL && i < n; i++) data->offset[i] = (float)shift[rows != NULL ? rows[i] : i];
}

/* A setting that the optimizer may lack. */
static double optimizer_setting(SEXP x, const char *name) {
  SEXP value = list_get(x, name);
  return value == R_NilValue ? 0 : unpack_number(value, name);
}

static optimizer unpack_optimizer(SEXP x, SEXP penalty) {
  optimizer_id id = optimizer_find(unpack_string(list_get(x, "name"), "optimizer$name"));
  if (id == OPTIMIZER_COUNT) Rf_error("unknown optimizer");
  SEXP nesterov = list_get(x, "nesterov");
  return (optimizer){
      .id = id,
      .learn_rate = unpack_number(list_get(x, "learn_rate"), "optimizer$learn_rate"),
      .momentum = optimizer_setting(x, "momentum"),
      .nesterov = nesterov != R_NilValue && unpack_flag(nesterov, "optimizer$nesterov"),
      .beta1 = optimizer_setting(x, "beta1"),
      .beta2 = optimizer_setting(x, "beta2"),
      .epsilon = optimizer_setting(x, "epsilon"),
      .weight_decay = optimizer_setting(x, "weight_decay"),
      .penalty = unpack_number(penalty, "penalty"),
  };
}

static train_options unpack_options(SEXP x) {
  int patience = unpack_int(list_get(x, "patience"), "patience");
  train_options options = {
      .epochs = unpack_count(list_get(x, "epochs"), "epochs"),
      .batch_size = (size_t)unpack_count(list_get(x, "batch_size"), "batch_size"),
      .shuffle = unpack_flag(list_get(x, "shuffle"), "shuffle"),
      .patience = patience > 0 ? patience : 0,
      .threads = unpack_threads(list_get(x, "threads")),
      .profile = unpack_flag(list_get(x, "profile"), "profile"),
  };
  unpack_key(list_get(x, "key"), options.key);
  return options;
}

SEXP fastmlp_train_open(SEXP network_list, SEXP data, SEXP valid, SEXP scaling_list, SEXP options_list) {
  SEXP owner = PROTECT(owner_make(sizeof(training), training_release));
  training *t = R_ExternalPtrAddr(owner);
  const train_options options = unpack_options(options_list);
  const optimizer optimizer =
      unpack_optimizer(list_get(options_list, "optimizer"), list_get(options_list, "penalty"));
  const bool has_valid = valid != R_NilValue;
  t->loss = unpack_loss(list_get(options_list, "loss"));
  R_SetExternalPtrProtected(owner, options_list); /* holds what the loss points to */
  network_from_list(&t->net, network_list);
  dataset_from_list(&t->data, data, scaling_list, &t->net, &t->loss, options.threads);
  if (has_valid) dataset_from_list(&t->valid, valid, scaling_list, &t->net, &t->loss, options.threads);
  raise_unless_ok(trainer_open(&t->trainer, &t->net, &t->data, has_valid ? &t->valid : NULL, &t->loss,
                               &optimizer, &options));
  UNPROTECT(1);
  return owner;
}

static training *unpack_training(SEXP owner) {
  training *t = TYPEOF(owner) == EXTPTRSXP ? R_ExternalPtrAddr(owner) : NULL;
  if (t == NULL) Rf_error("`trainer` has been closed");
  return t;
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
enum { MEASURES = 4 };
#define MEASURE_NAMES "train_loss", "train_score", "valid_loss", "valid_score"

static void epoch_measures(const training *t, int epoch, double measure[MEASURES]) {
  const epoch_record *record = trainer_record(t->trainer, epoch);
  bool has_valid = t->valid.rows > 0;
  measure[0] = record->train_loss;
  measure[1] = record->train_score;
  measure[2] = has_valid ? record->valid_loss : NA_REAL;
  measure[3] = has_valid ? record->valid_score : NA_REAL;
}

SEXP fastmlp_train_advance(SEXP owner, SEXP seconds) {
  training *t = unpack_training(owner);
  double slice = unpack_number(seconds, "seconds");
  if (t->state == TRAIN_RUNNING) t->state = trainer_advance(t->trainer, slice);
  if (t->state == TRAIN_OUT_OF_MEMORY) raise_unless_ok(STATUS_MEMORY);
  R_CheckUserInterrupt(); /* may jump; the owner keeps the trainer, which the caller can still close */
  int epochs = trainer_epochs(t->trainer);
  double measure[MEASURES] = {NA_REAL, NA_REAL, NA_REAL, NA_REAL};
  if (epochs > 0) epoch_measures(t, epochs - 1, measure);
  const char *names[] = {"state", "epoch", "progress", MEASURE_NAMES, ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 0, Rf_mkString(state_name(t->state)));
  SET_VECTOR_ELT(result, 1, Rf_ScalarInteger(epochs));
  SET_VECTOR_ELT(result, 2, Rf_ScalarReal(trainer_epoch_progress(t->trainer)));
  for (int i = 0; i < MEASURES; i++) SET_VECTOR_ELT(result, 3 + i, Rf_ScalarReal(measure[i]));
  UNPROTECT(1);
  return result;
}

/* ---- close ---- */

static SEXP history_to_list(const training *t) {
  const char *names[] = {MEASURE_NAMES, ""};
  SEXP history = PROTECT(Rf_mkNamed(VECSXP, names));
  int epochs = trainer_epochs(t->trainer);
  for (int i = 0; i < MEASURES; i++) SET_VECTOR_ELT(history, i, Rf_allocVector(REALSXP, epochs));
  for (int epoch = 0; epoch < epochs; epoch++) {
    double measure[MEASURES];
    epoch_measures(t, epoch, measure);
    for (int i = 0; i < MEASURES; i++) REAL(VECTOR_ELT(history, i))[epoch] = measure[i];
  }
  UNPROTECT(1);
  return history;
}

/* Named seconds of each phase. */
static SEXP profile_to_vector(const training *t) {
  SEXP seconds = PROTECT(Rf_allocVector(REALSXP, PHASE_COUNT));
  SEXP names = PROTECT(Rf_allocVector(STRSXP, PHASE_COUNT));
  for (int phase = 0; phase < PHASE_COUNT; phase++) {
    REAL(seconds)[phase] = trainer_phase_seconds(t->trainer, (enum phase)phase);
    SET_STRING_ELT(names, phase, Rf_mkChar(phase_name((enum phase)phase)));
  }
  Rf_setAttrib(seconds, R_NamesSymbol, names);
  UNPROTECT(2);
  return seconds;
}

SEXP fastmlp_train_close(SEXP owner) {
  training *t = unpack_training(owner);
  trainer_keep(t->trainer);
  const char *names[] = {"network", "history", "kept_epoch", "threads", "step_seconds", "profile", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 0, network_to_list(&t->net, t->net.parameter, true));
  SET_VECTOR_ELT(result, 1, history_to_list(t));
  SET_VECTOR_ELT(result, 2, Rf_ScalarInteger(trainer_kept_epoch(t->trainer)));
  SET_VECTOR_ELT(result, 3, Rf_ScalarInteger(trainer_threads(t->trainer)));
  SET_VECTOR_ELT(result, 4, Rf_ScalarReal(trainer_step_seconds(t->trainer)));
  SET_VECTOR_ELT(result, 5, profile_to_vector(t));
  training_release(owner);
  UNPROTECT(1);
  return result;
}
