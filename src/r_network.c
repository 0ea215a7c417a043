#include <stdlib.h>

#include "gradient.h"
#include "predict.h"
#include "r_common.h"

/* ---- between lists and networks ---- */

void network_release(SEXP owner) {
  network *net = R_ExternalPtrAddr(owner);
  if (net == NULL) return;
  network_free(net);
  free(net);
  R_ClearExternalPtr(owner);
}

/* The weight and bias of a layer, checked against each other and against its inputs. */
typedef struct layer_values {
  source_matrix weight;
  const double *bias;
} layer_values;

static layer_values unpack_layer(SEXP layer, const size_t *inputs) {
  SEXP weight = list_get(layer, "weight");
  if (TYPEOF(weight) != REALSXP || !Rf_isMatrix(weight)) Rf_error("`weight` must be a double matrix");
  layer_values values = {.weight = unpack_matrix(weight, "weight")};
  if (values.weight.rows == 0 || values.weight.columns == 0) Rf_error("`weight` must not be empty");
  if (inputs != NULL && values.weight.rows != *inputs) Rf_error("layers must fit one another");
  values.bias = unpack_doubles(list_get(layer, "bias"), (R_xlen_t)values.weight.columns, "bias");
  return values;
}

void network_from_list(network *net, SEXP layers) {
  if (TYPEOF(layers) != VECSXP || XLENGTH(layers) < 1) Rf_error("`network` must be a list of layers");
  int count = Rf_length(layers);
  size_t *sizes = (size_t *)(void *)R_alloc((size_t)count + 1, sizeof *sizes);
  activation_id *activation = (activation_id *)(void *)R_alloc((size_t)count, sizeof *activation);
  for (int l = 0; l < count; l++) {
    SEXP layer = VECTOR_ELT(layers, l);
    layer_values values = unpack_layer(layer, l > 0 ? &sizes[l] : NULL);
    sizes[l] = values.weight.rows;
    sizes[l + 1] = values.weight.columns;
    activation[l] = unpack_activation(list_get(layer, "activation"));
  }
  raise_unless_ok(network_allocate(net, count, sizes, activation));
  for (int l = 0; l < count; l++) {
    layer_values values = unpack_layer(VECTOR_ELT(layers, l), NULL);
    network_set_layer(net, l, values.weight.real, values.bias);
  }
}

static SEXP layer_to_list(const network *net, const float *parameters, int l, bool with_activation) {
  const layer *layer = &net->layer[l];
  const char *names[] = {"weight", "bias", with_activation ? "activation" : "", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 0, Rf_allocMatrix(REALSXP, (int)layer->inputs, (int)layer->units));
  SET_VECTOR_ELT(result, 1, Rf_allocVector(REALSXP, (R_xlen_t)layer->units));
  if (with_activation) SET_VECTOR_ELT(result, 2, Rf_mkString(activation_of(layer->activation)->name));
  network_get_layer(net, parameters, l, REAL(VECTOR_ELT(result, 0)), REAL(VECTOR_ELT(result, 1)));
  UNPROTECT(1);
  return result;
}

SEXP network_to_list(const network *net, const float *parameters, bool with_activation) {
  SEXP layers = PROTECT(Rf_allocVector(VECSXP, net->layers));
  for (int l = 0; l < net->layers; l++)
    SET_VECTOR_ELT(layers, l, layer_to_list(net, parameters, l, with_activation));
  UNPROTECT(1);
  return layers;
}

/* ---- entries ---- */

link_id unpack_link(SEXP x) {
  static const char *const names[] = {
      [LINK_NONE] = "none", [LINK_SOFTMAX] = "softmax", [LINK_SIGMOID] = "sigmoid"};
  return (link_id)unpack_choice(x, names, sizeof names / sizeof names[0], "link");
}

SEXP fastmlp_predict(SEXP network_list, SEXP x, SEXP scaling_list, SEXP link, SEXP threads) {
  SEXP owner = PROTECT(owner_make(sizeof(network), network_release));
  network *net = R_ExternalPtrAddr(owner);
  network_from_list(net, network_list);
  source_matrix source = unpack_predictors(x, "x");
  if (source.columns != net->layer[0].inputs) Rf_error("`x` must have one column an input");
  scaling scaling = unpack_scaling(scaling_list, source.columns);
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)source.rows, (int)network_outputs(net)));
  bool finite;
  raise_unless_ok(
      network_predict(net, unpack_threads(threads), &source, scaling, unpack_link(link), REAL(out), &finite));
  network_release(owner);
  UNPROTECT(2);
  return finite ? out : R_NilValue;
}

SEXP fastmlp_gradient(SEXP network_list, SEXP x, SEXP target, SEXP weights, SEXP loss_list, SEXP input,
                      SEXP threads) {
  SEXP owner = PROTECT(owner_make(sizeof(network), network_release));
  network *net = R_ExternalPtrAddr(owner);
  network_from_list(net, network_list);
  source_matrix source = unpack_predictors(x, "x");
  if (source.columns != net->layer[0].inputs) Rf_error("`x` must have one column an input");
  loss loss = unpack_loss(loss_list);
  double total_weight, mean_loss;
  targets targets = scratch_targets(target, weights, &loss, source.rows, network_outputs(net), &total_weight);
  float *gradient = scratch_floats(net->parameters);
  const char *names[] = {"loss", "gradient", "input", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  double *input_gradient = NULL;
  if (unpack_flag(input, "input")) {
    SET_VECTOR_ELT(result, 2, Rf_allocMatrix(REALSXP, (int)source.rows, (int)source.columns));
    input_gradient = REAL(VECTOR_ELT(result, 2));
  }
  raise_unless_ok(network_gradient(net, unpack_threads(threads), &source, &loss, &targets, total_weight,
                                   gradient, input_gradient, &mean_loss));
  SET_VECTOR_ELT(result, 0, Rf_ScalarReal(mean_loss));
  SET_VECTOR_ELT(result, 1, network_to_list(net, gradient, false));
  network_release(owner);
  UNPROTECT(2);
  return result;
}
