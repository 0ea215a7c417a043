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

/* ---- what layers may have beside weights and bias ---- */

static const char *const norm_names[] = {
    [NORM_NONE] = "none", [NORM_BATCH] = "batch", [NORM_LAYER] = "layer"};

/* The values that a normalisation keeps, in the order of network_norm_values(). */
static const char *const norm_value_names[] = {"scale", "shift", "mean", "variance"};

static norm_id unpack_norm(SEXP layer) {
  SEXP norm = list_get(layer, "norm");
  if (norm == R_NilValue) return NORM_NONE;
  return (norm_id)unpack_choice(list_get(norm, "kind"), norm_names, NORM_COUNT, "norm$kind");
}

/* Whether the layer's input is added to its output. */
static bool unpack_residual(SEXP layer, const source_matrix *weight) {
  SEXP residual = list_get(layer, "residual");
  bool is = residual != R_NilValue && unpack_flag(residual, "residual");
  if (is && weight->rows != weight->columns) Rf_error("`residual` needs as many units as inputs");
  return is;
}

static void set_norm(const layer *layer, float *parameters, SEXP norm, bool whole) {
  size_t offset[4];
  int count = network_norm_values(layer, offset);
  if (!whole && count > 2) count = 2;
  for (int k = 0; k < count; k++) {
    const double *value = unpack_doubles(list_get(norm, norm_value_names[k]), (R_xlen_t)layer->units, "norm");
    for (size_t j = 0; j < layer->units; j++) parameters[offset[k] + j] = (float)value[j];
  }
}

/* One number an input, or one a unit. */
static void set_values(float *parameters, size_t offset, size_t n, SEXP layer, const char *name) {
  network_set_values(parameters, offset, n, unpack_doubles(list_get(layer, name), (R_xlen_t)n, name));
}

static SEXP values_to_vector(const float *parameters, size_t offset, size_t n) {
  SEXP values = Rf_allocVector(REALSXP, (R_xlen_t)n);
  network_get_values(parameters, offset, n, REAL(values));
  return values;
}

/* The learned scale of the network's inputs, which its first layer has, or R_NilValue. */
static SEXP list_scale(SEXP layers) { return list_get(VECTOR_ELT(layers, 0), "input_scale"); }

static SEXP list_embedding(SEXP layers) { return list_get(VECTOR_ELT(layers, 0), "embedding"); }

/* What a layer has one number an input or a unit of. */
static void set_more(const layer *layer, float *parameters, SEXP from) {
  if (layer->parametric) set_values(parameters, layer->slope, layer->units, from, "slope");
  if (layer->scaled || layer->shared)
    set_values(parameters, layer->input_scale, layer->inputs, from, "input_scale");
  if (layer->shared) set_values(parameters, layer->unit_scale, layer->units, from, "unit_scale");
}

void parameters_from_list(const network *net, float *parameters, SEXP layers, bool whole) {
  if (TYPEOF(layers) != VECSXP || Rf_length(layers) != net->layers) Rf_error("wrong number of layers");
  for (int l = 0; l < net->layers; l++) {
    SEXP layer = VECTOR_ELT(layers, l);
    layer_values values = unpack_layer(layer, &net->layer[l].inputs);
    if (values.weight.columns != net->layer[l].units) Rf_error("wrong number of units");
    network_set_layer(net, parameters, l, values.weight.real, values.bias);
    if (net->layer[l].norm != NORM_NONE) set_norm(&net->layer[l], parameters, list_get(layer, "norm"), whole);
    set_more(&net->layer[l], parameters, layer);
  }
  if (net->embedding.features > 0) embedding_from_list(net, parameters, list_embedding(layers), whole);
  if (whole) network_apply_scale(net, parameters);
}

static void set_residual(const network *net, int l, SEXP from) {
  layer *layer = &net->layer[l];
  const source_matrix shape = unpack_matrix(list_get(from, "weight"), "weight");
  layer->residual = unpack_residual(from, &shape);
  if (layer_is_dressed(layer) && l + 1 == net->layers) Rf_error("the last layer must be a plain one");
}

static void set_variant(const network *net, SEXP layers) {
  parameters_from_list(net, net->parameter, layers, true);
  for (int l = 0; l < net->layers; l++) set_residual(net, l, VECTOR_ELT(layers, l));
}

/* list(kind =, scale =, shift =, mean =, variance =), less what the kind has not; of a gradient (not whole)
   scale and shift alone. */
static SEXP norm_to_list(const layer *layer, const float *parameters, bool whole) {
  size_t offset[4];
  int count = network_norm_values(layer, offset), kind = whole ? 1 : 0;
  if (!whole && count > 2) count = 2;
  SEXP result = PROTECT(Rf_allocVector(VECSXP, count + kind));
  SEXP names = PROTECT(Rf_allocVector(STRSXP, count + kind));
  if (whole) {
    SET_VECTOR_ELT(result, 0, Rf_mkString(norm_names[layer->norm]));
    SET_STRING_ELT(names, 0, Rf_mkChar("kind"));
  }
  for (int k = 0; k < count; k++) {
    SET_VECTOR_ELT(result, k + kind, Rf_allocVector(REALSXP, (R_xlen_t)layer->units));
    double *value = REAL(VECTOR_ELT(result, k + kind));
    for (size_t j = 0; j < layer->units; j++) value[j] = parameters[offset[k] + j];
    SET_STRING_ELT(names, k + kind, Rf_mkChar(norm_value_names[k]));
  }
  Rf_setAttrib(result, R_NamesSymbol, names);
  UNPROTECT(2);
  return result;
}

/* Allocates a network for such layers; as many variants with such layers where they share weights (0: one
   network that does not). */
static void allocate_for(network *net, SEXP layers, int variants) {
  if (TYPEOF(layers) != VECSXP || XLENGTH(layers) < 1) Rf_error("`network` must be a list of layers");
  int count = Rf_length(layers);
  size_t *sizes = (size_t *)(void *)R_alloc((size_t)count + 1, sizeof *sizes);
  activation_id *activation = (activation_id *)(void *)R_alloc((size_t)count, sizeof *activation);
  norm_id *norm = (norm_id *)(void *)R_alloc((size_t)count, sizeof *norm);
  bool *parametric = (bool *)(void *)R_alloc((size_t)count, sizeof *parametric);
  for (int l = 0; l < count; l++) {
    SEXP layer = VECTOR_ELT(layers, l);
    layer_values values = unpack_layer(layer, l > 0 ? &sizes[l] : NULL);
    sizes[l] = values.weight.rows;
    sizes[l + 1] = values.weight.columns;
    activation[l] = unpack_activation(list_get(layer, "activation"));
    norm[l] = unpack_norm(layer);
    parametric[l] = list_get(layer, "slope") != R_NilValue;
  }
  embedding shape = {0};
  bool embedded = list_embedding(layers) != R_NilValue;
  if (embedded) shape = unpack_embedding(list_embedding(layers), sizes[0]);
  const network_plan plan = {.layers = count,
                             .sizes = sizes,
                             .activation = activation,
                             .norm = norm,
                             .parametric = parametric,
                             .input_scale = variants == 0 && list_scale(layers) != R_NilValue,
                             .variants = variants,
                             .embedding = embedded ? &shape : NULL};
  raise_unless_ok(network_allocate(net, &plan));
}

void network_from_list(network *net, SEXP layers) {
  allocate_for(net, layers, 0);
  set_variant(net, layers);
}

void network_from_variants(network *net, SEXP variants) {
  int count = Rf_length(variants);
  if (TYPEOF(variants) != VECSXP || count < 1) Rf_error("`variants` must be a list of lists of layers");
  allocate_for(net, VECTOR_ELT(variants, 0), count);
  for (int v = 0; v < count; v++) {
    const network own = network_variant(net, v);
    set_variant(&own, VECTOR_ELT(variants, v));
  }
}

/* The elements that a layer's list has, in order; absent where it has nothing to say. */
enum {
  ELEMENT_WEIGHT,
  ELEMENT_BIAS,
  ELEMENT_ACTIVATION,
  ELEMENT_NORM,
  ELEMENT_SLOPE,
  ELEMENT_RESIDUAL,
  ELEMENT_SCALE,
  ELEMENT_UNIT_SCALE,
  ELEMENT_EMBEDDING,
  ELEMENT_COUNT
};

static SEXP layer_to_list(const network *net, const float *parameters, int l, bool whole) {
  const layer *layer = &net->layer[l];
  static const char *const all_names[ELEMENT_COUNT] = {
      [ELEMENT_WEIGHT] = "weight",         [ELEMENT_BIAS] = "bias",
      [ELEMENT_ACTIVATION] = "activation", [ELEMENT_NORM] = "norm",
      [ELEMENT_SLOPE] = "slope",           [ELEMENT_RESIDUAL] = "residual",
      [ELEMENT_SCALE] = "input_scale",     [ELEMENT_UNIT_SCALE] = "unit_scale",
      [ELEMENT_EMBEDDING] = "embedding"};
  const bool has[ELEMENT_COUNT] = {[ELEMENT_WEIGHT] = true,
                                   [ELEMENT_BIAS] = true,
                                   [ELEMENT_ACTIVATION] = whole,
                                   [ELEMENT_NORM] = layer->norm != NORM_NONE,
                                   [ELEMENT_SLOPE] = layer->parametric,
                                   [ELEMENT_RESIDUAL] = whole && layer->residual,
                                   [ELEMENT_SCALE] = layer->scaled || layer->shared,
                                   [ELEMENT_UNIT_SCALE] = layer->shared,
                                   [ELEMENT_EMBEDDING] = l == 0 && net->embedding.features > 0};
  int at[ELEMENT_COUNT], count = 0;
  const char *names[ELEMENT_COUNT + 1];
  for (int e = 0; e < ELEMENT_COUNT; e++) {
    at[e] = count;
    if (has[e]) names[count++] = all_names[e];
  }
  names[count] = "";
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SEXP weight = SET_VECTOR_ELT(result, at[ELEMENT_WEIGHT],
                               Rf_allocMatrix(REALSXP, (int)layer->inputs, (int)layer->units));
  SEXP bias = SET_VECTOR_ELT(result, at[ELEMENT_BIAS], Rf_allocVector(REALSXP, (R_xlen_t)layer->units));
  network_get_layer(net, parameters, l, REAL(weight), REAL(bias));
  if (has[ELEMENT_ACTIVATION])
    SET_VECTOR_ELT(result, at[ELEMENT_ACTIVATION], Rf_mkString(activation_of(layer->activation)->name));
  if (has[ELEMENT_NORM]) SET_VECTOR_ELT(result, at[ELEMENT_NORM], norm_to_list(layer, parameters, whole));
  if (has[ELEMENT_SLOPE])
    SET_VECTOR_ELT(result, at[ELEMENT_SLOPE], values_to_vector(parameters, layer->slope, layer->units));
  if (has[ELEMENT_RESIDUAL]) SET_VECTOR_ELT(result, at[ELEMENT_RESIDUAL], Rf_ScalarLogical(1));
  if (has[ELEMENT_SCALE])
    SET_VECTOR_ELT(result, at[ELEMENT_SCALE],
                   values_to_vector(parameters, layer->input_scale, layer->inputs));
  if (has[ELEMENT_UNIT_SCALE])
    SET_VECTOR_ELT(result, at[ELEMENT_UNIT_SCALE],
                   values_to_vector(parameters, layer->unit_scale, layer->units));
  if (has[ELEMENT_EMBEDDING])
    SET_VECTOR_ELT(result, at[ELEMENT_EMBEDDING], embedding_to_list(net, parameters, whole));
  UNPROTECT(1);
  return result;
}

SEXP network_to_list(const network *net, const float *parameters, bool whole) {
  SEXP layers = PROTECT(Rf_allocVector(VECSXP, net->layers));
  for (int l = 0; l < net->layers; l++) SET_VECTOR_ELT(layers, l, layer_to_list(net, parameters, l, whole));
  UNPROTECT(1);
  return layers;
}

/* ---- entries ---- */

link_id unpack_link(SEXP x) {
  static const char *const names[] = {
      [LINK_NONE] = "none", [LINK_SOFTMAX] = "softmax", [LINK_SIGMOID] = "sigmoid"};
  return (link_id)unpack_choice(x, names, sizeof names / sizeof names[0], "link");
}

static source_matrix unpack_inputs(const network *net, SEXP x) {
  source_matrix source = unpack_predictors(x, "x");
  if (source.columns != network_inputs(net)) Rf_error("`x` must have one column an input");
  return source;
}

SEXP fastmlp_predict(SEXP network_list, SEXP x, SEXP scaling_list, SEXP link, SEXP threads) {
  SEXP owner = PROTECT(owner_make(sizeof(network), network_release));
  network *net = R_ExternalPtrAddr(owner);
  network_from_list(net, network_list);
  source_matrix source = unpack_inputs(net, x);
  scaling scaling = unpack_scaling(scaling_list, source.columns);
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)source.rows, (int)network_outputs(net)));
  bool finite;
  raise_unless_ok(
      network_predict(net, unpack_threads(threads), &source, scaling, unpack_link(link), REAL(out), &finite));
  network_release(owner);
  UNPROTECT(2);
  return finite ? out : R_NilValue;
}

/* Sparse rows are read once more, row by row. */
static SEXP sparse_set(SEXP x, SEXP target, SEXP loss, const network *net, SEXP threads) {
  const char *names[] = {"x", "target", ""};
  SEXP set = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(set, 0, x);
  SET_VECTOR_ELT(set, 1, target);
  SEXP outputs = PROTECT(Rf_ScalarInteger((int)network_outputs(net)));
  SEXP units = PROTECT(Rf_ScalarInteger((int)net->layer[0].units));
  SEXP rows = fastmlp_rows_open(set, R_NilValue, outputs, units, loss, threads);
  UNPROTECT(3);
  return rows;
}

SEXP fastmlp_gradient(SEXP network_list, SEXP x, SEXP target, SEXP weights, SEXP loss_list, SEXP mode,
                      SEXP threads) {
  SEXP owner = PROTECT(owner_make(sizeof(network), network_release));
  network *net = R_ExternalPtrAddr(owner);
  network_from_list(net, network_list);
  source_matrix source = unpack_inputs(net, x);
  loss loss = unpack_loss(loss_list);
  double total_weight, mean_loss;
  targets targets = scratch_targets(target, weights, &loss, source.rows, network_outputs(net), &total_weight);
  float *gradient = scratch_floats(net->parameters);
  const char *names[] = {"loss", "gradient", "input", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  double *input_gradient = NULL;
  if (unpack_flag(list_get(mode, "input"), "mode$input")) {
    SET_VECTOR_ELT(result, 2, Rf_allocMatrix(REALSXP, (int)source.rows, (int)source.columns));
    input_gradient = REAL(VECTOR_ELT(result, 2));
  }
  gradient_rows rows = {.source = &source,
                        .rows = source.rows,
                        .targets = targets,
                        .total_weight = total_weight,
                        .training = unpack_flag(list_get(mode, "training"), "mode$training")};
  SEXP turned =
      PROTECT(matrix_is_sparse(&source) ? sparse_set(x, target, loss_list, net, threads) : R_NilValue);
  if (turned != R_NilValue) rows.source = NULL, rows.data = unpack_shared(turned);
  raise_unless_ok(
      network_gradient(net, unpack_threads(threads), &loss, &rows, gradient, input_gradient, &mean_loss));
  SET_VECTOR_ELT(result, 0, Rf_ScalarReal(mean_loss));
  SET_VECTOR_ELT(result, 1, network_to_list(net, gradient, false));
  network_release(owner);
  UNPROTECT(3);
  return result;
}

SEXP fastmlp_input_gradient(SEXP network_list, SEXP x, SEXP scaling_list, SEXP seed, SEXP threads) {
  SEXP owner = PROTECT(owner_make(sizeof(network), network_release));
  network *net = R_ExternalPtrAddr(owner);
  network_from_list(net, network_list);
  source_matrix source = unpack_inputs(net, x);
  scaling scaling = unpack_scaling(scaling_list, source.columns);
  source_matrix seeds = unpack_shaped(seed, source.rows, network_outputs(net), "seed");
  if (seeds.real == NULL) Rf_error("`seed` must be double");
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)source.rows, (int)source.columns));
  raise_unless_ok(
      network_input_gradient(net, unpack_threads(threads), &source, scaling, seeds.real, REAL(out)));
  network_release(owner);
  UNPROTECT(2);
  return out;
}
