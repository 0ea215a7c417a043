#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "evaluate.h"
#include "gradient.h"
#include "r_common.h"

/* The mean loss of some rows as a function of a network's parameters. */
typedef struct objective {
  network net;
  dataset data, valid;
  loss loss;
  gradient_rows rows; /* those of data */
  gradient_workspace workspace;
  evaluator evaluator; /* of valid, where it has rows */
  double seconds;      /* that gradients took */
} objective;

static void objective_release(SEXP owner) {
  objective *o = R_ExternalPtrAddr(owner);
  if (o == NULL) return;
  gradient_free(&o->workspace);
  evaluator_free(&o->evaluator);
  dataset_free(&o->data);
  dataset_free(&o->valid);
  network_free(&o->net);
  free(o);
  R_ClearExternalPtr(owner);
}

static objective *unpack_objective(SEXP owner) {
  objective *o = TYPEOF(owner) == EXTPTRSXP ? R_ExternalPtrAddr(owner) : NULL;
  if (o == NULL) Rf_error("`objective` has been closed");
  return o;
}

SEXP fastmlp_objective_open(SEXP network_list, SEXP data, SEXP valid, SEXP scaling_list, SEXP options) {
  SEXP owner = PROTECT(owner_make(sizeof(objective), objective_release));
  objective *o = R_ExternalPtrAddr(owner);
  int threads = unpack_threads(list_get(options, "threads"));
  bool profiled = unpack_flag(list_get(options, "profile"), "profile");
  R_SetExternalPtrProtected(owner, options); /* holds what the loss points to */
  o->loss = unpack_loss(list_get(options, "loss"));
  network_from_list(&o->net, network_list);
  dataset_from_list(&o->data, data, scaling_list, &o->net, &o->loss, threads);
  o->net.density = dataset_density(&o->data);
  o->rows = (gradient_rows){.data = &o->data,
                            .rows = o->data.rows,
                            .targets = dataset_targets(&o->data, 0),
                            .total_weight = dataset_weight(&o->data)};
  raise_unless_ok(
      gradient_allocate(&o->workspace, &o->net, &o->data, o->data.rows, threads, false, profiled));
  if (valid != R_NilValue) {
    dataset_from_list(&o->valid, valid, scaling_list, &o->net, &o->loss, threads);
    int members = threads_for_work(threads, network_flops(&o->net, o->valid.rows));
    raise_unless_ok(evaluator_allocate(&o->evaluator, &o->net, &o->valid, &o->loss, members));
  }
  UNPROTECT(1);
  return owner;
}

/* ---- parameters as one vector: layer by layer, and then those of embeddings ---- */

static size_t layer_values(const layer *layer) {
  return (layer->inputs + 1) * layer->units + (layer->scaled ? layer->inputs : 0);
}

static size_t network_values(const network *net) {
  size_t count = embedding_values(&net->embedding);
  for (int l = 0; l < net->layers; l++) count += layer_values(&net->layer[l]);
  return count;
}

static void set_parameters(network *net, SEXP parameters) {
  const double *from = unpack_doubles(parameters, (R_xlen_t)network_values(net), "parameters");
  for (int l = 0; l < net->layers; l++) {
    const layer *layer = &net->layer[l];
    network_set_layer(net, net->parameter, l, from, from + layer->inputs * layer->units);
    if (layer->scaled)
      network_set_values(net->parameter, layer->input_scale, layer->inputs,
                         from + (layer->inputs + 1) * layer->units);
    from += layer_values(layer);
  }
  embedding_from_vector(net, net->parameter, from);
  network_apply_scale(net, net->parameter);
}

static SEXP gradient_to_vector(const network *net, const float *gradient) {
  SEXP result = PROTECT(Rf_allocVector(REALSXP, (R_xlen_t)network_values(net)));
  double *to = REAL(result);
  for (int l = 0; l < net->layers; l++) {
    const layer *layer = &net->layer[l];
    network_get_layer(net, gradient, l, to, to + layer->inputs * layer->units);
    if (layer->scaled)
      network_get_values(gradient, layer->input_scale, layer->inputs,
                         to + (layer->inputs + 1) * layer->units);
    to += layer_values(layer);
  }
  embedding_to_vector(net, gradient, to);
  UNPROTECT(1);
  return result;
}

/* ---- entries ---- */

SEXP fastmlp_objective_at(SEXP owner, SEXP parameters) {
  objective *o = unpack_objective(owner);
  set_parameters(&o->net, parameters);
  float *gradient = scratch_floats(o->net.parameters);
  double start = clock_seconds();
  gradient_means means = gradient_run(&o->workspace, &o->loss, &o->rows, gradient, NULL);
  o->seconds += clock_seconds() - start;
  const char *names[] = {"loss", "score", "gradient", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 0, Rf_ScalarReal(means.loss));
  SET_VECTOR_ELT(result, 1, Rf_ScalarReal(means.score));
  SET_VECTOR_ELT(result, 2, gradient_to_vector(&o->net, gradient));
  UNPROTECT(1);
  return result;
}

SEXP fastmlp_objective_validate(SEXP owner, SEXP parameters) {
  objective *o = unpack_objective(owner);
  if (o->valid.rows == 0) return R_NilValue;
  set_parameters(&o->net, parameters);
  SEXP result = PROTECT(Rf_allocVector(REALSXP, 2));
  evaluator_run(&o->evaluator, &REAL(result)[0], &REAL(result)[1]);
  UNPROTECT(1);
  return result;
}

SEXP fastmlp_objective_close(SEXP owner, SEXP parameters) {
  objective *o = unpack_objective(owner);
  set_parameters(&o->net, parameters);
  double phase_seconds[PHASE_COUNT];
  for (int i = 0; i < PHASE_COUNT; i++) phase_seconds[i] = gradient_phase_seconds(&o->workspace, (phase)i);
  const char *names[] = {"network", "threads", "step_seconds", "profile", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 0, network_to_list(&o->net, o->net.parameter, true));
  SET_VECTOR_ELT(result, 1, Rf_ScalarInteger(o->workspace.pass.members));
  SET_VECTOR_ELT(result, 2, Rf_ScalarReal(o->seconds));
  SET_VECTOR_ELT(result, 3, phases_to_vector(phase_seconds));
  objective_release(owner);
  UNPROTECT(1);
  return result;
}
