#include "dropout.h"
#include "initial.h"
#include "predict.h"
#include "r_common.h"

/* Values or rows that pass through the engine at a time. */
enum { BLOCK_VALUES = 4096, BLOCK_ROWS = 256 };

static const team SOLO = {.size = 1};

static void narrow(const double *from, size_t n, float *to) {
  for (size_t i = 0; i < n; i++) to[i] = (float)from[i];
}

static void widen(const float *from, size_t n, double *to) {
  for (size_t i = 0; i < n; i++) to[i] = from[i];
}

static size_t whole_panels(size_t n) { return panels_of(n) * PANEL; }

/* ---- activations ---- */

SEXP fastmlp_activation_names(void) {
  SEXP names = PROTECT(Rf_allocVector(STRSXP, ACTIVATION_COUNT));
  for (int id = 0; id < ACTIVATION_COUNT; id++)
    SET_STRING_ELT(names, id, Rf_mkChar(activation_of((activation_id)id)->name));
  UNPROTECT(1);
  return names;
}

/* h = phi(z). */
static void activation_forward(activation_id id, const float *z, float *h, size_t n) {
  kernels_active()->activation_value[id](z, h, n / PANEL, PANEL);
}

/* dh = phi'(z): what the backward pass makes of an incoming gradient of 1. */
static void activation_backward(activation_id id, const float *z, const float *h, float *dh, size_t n) {
  for (size_t i = 0; i < n; i++) dh[i] = 1;
  kernels_active()->activation_gradient[id](activation_of(id)->needs_input ? z : h, dh, n / PANEL, PANEL);
}

SEXP fastmlp_activation(SEXP x, SEXP activation, SEXP gradient) {
  activation_id id = unpack_activation(activation);
  bool want_gradient = unpack_flag(gradient, "gradient");
  size_t length = (size_t)XLENGTH(x);
  const double *from = unpack_doubles(x, XLENGTH(x), "x");
  SEXP result = PROTECT(Rf_allocVector(REALSXP, XLENGTH(x)));
  float *z = scratch_floats(3 * BLOCK_VALUES), *h = z + BLOCK_VALUES, *dh = h + BLOCK_VALUES;
  for (size_t i = 0; i < length; i += BLOCK_VALUES) {
    size_t n = size_min(BLOCK_VALUES, length - i), padded = whole_panels(n);
    narrow(from + i, n, z);
    activation_forward(id, z, h, padded);
    if (want_gradient) activation_backward(id, z, h, dh, padded);
    widen(want_gradient ? dh : h, n, REAL(result) + i);
  }
  UNPROTECT(1);
  return result;
}

/* ---- a dense layer ---- */

/* Fills an empty network, already owned, with one dense layer without activation. */
static void one_layer(network *net, SEXP weight, const double *bias) {
  const activation_id identity = ACTIVATION_identity;
  source_matrix w = unpack_matrix(weight, "weight");
  const double *values = unpack_doubles(weight, XLENGTH(weight), "weight");
  const network_plan plan = {.layers = 1, .sizes = (size_t[]){w.rows, w.columns}, .activation = &identity};
  raise_unless_ok(network_allocate(net, &plan));
  network_set_layer(net, net->parameter, 0, values, bias);
}

SEXP fastmlp_dense_forward(SEXP x, SEXP weight, SEXP bias) {
  SEXP owner = PROTECT(owner_make(sizeof(network), network_release));
  network *net = R_ExternalPtrAddr(owner);
  size_t units = unpack_matrix(weight, "weight").columns;
  one_layer(net, weight, unpack_doubles(bias, (R_xlen_t)units, "bias"));
  size_t rows = unpack_matrix(x, "x").rows;
  source_matrix source = unpack_shaped(x, rows, net->layer->inputs, "x");
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)rows, (int)units));
  const scaling as_it_is = {NULL, NULL, 0};
  bool finite; /* or not: what comes goes through */
  raise_unless_ok(network_predict(net, threads_default(), &source, as_it_is, LINK_NONE, REAL(out), &finite));
  network_release(owner);
  UNPROTECT(2);
  return out;
}

/* Room for BLOCK_ROWS rows of `columns` columns in panels. */
static panels scratch_panels(size_t columns) {
  size_t stride = panel_stride(BLOCK_ROWS);
  return (panels){scratch_floats(size_multiply(panels_of(columns), stride)), stride};
}

/* d loss / d input goes into the matrix dx, that of the parameters, flat like the network's, into gradient.
 */
static void dense_backward(const network *net, const source_matrix *x, const source_matrix *dz, double *dx,
                           float *gradient) {
  const scaling as_it_is = {NULL, NULL, 0};
  const layer *layer = net->layer;
  panels x_block = scratch_panels(layer->inputs), dx_block = scratch_panels(layer->inputs);
  panels dz_block = scratch_panels(layer->units), none = {NULL, 0};
  float *transposed = scratch_floats(dense_transposed_size(layer));
  dense_transpose(&SOLO, layer, net->parameter, transposed);
  for (size_t first = 0; first < x->rows; first += BLOCK_ROWS) {
    size_t n = size_min(BLOCK_ROWS, x->rows - first);
    matrix_to_panels(x, first, n, as_it_is, x_block.data, x_block.stride);
    matrix_to_panels(dz, first, n, as_it_is, dz_block.data, dz_block.stride);
    dense_backward_input(&SOLO, SPLIT_ROWS, layer, transposed, dz_block, n, ACTIVATION_identity, none,
                         dx_block);
    panels_to_matrix(dx_block.data, dx_block.stride, n, layer->inputs, dx, x->rows, first);
    const gradient_sink sink = {.gradient = gradient, .accumulate = first > 0};
    dense_backward_weights(&SOLO, SPLIT_PANELS, layer, (input){x_block, NULL}, dz_block, n, &sink, NULL);
  }
}

SEXP fastmlp_dense_backward(SEXP x, SEXP weight, SEXP gradient) {
  SEXP owner = PROTECT(owner_make(sizeof(network), network_release));
  network *net = R_ExternalPtrAddr(owner);
  size_t rows = unpack_matrix(x, "x").rows, units = unpack_matrix(weight, "weight").columns;
  const char *names[] = {"input", "weight", "bias", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 2, Rf_allocVector(REALSXP, (R_xlen_t)units));
  double *bias = REAL(VECTOR_ELT(result, 2));
  one_layer(net, weight, NULL);
  source_matrix source = unpack_shaped(x, rows, net->layer->inputs, "x");
  source_matrix dz = unpack_shaped(gradient, rows, units, "gradient");
  SET_VECTOR_ELT(result, 0, Rf_allocMatrix(REALSXP, (int)rows, (int)source.columns));
  SET_VECTOR_ELT(result, 1, Rf_allocMatrix(REALSXP, (int)source.columns, (int)units));
  float *flat = scratch_floats(net->parameters);
  dense_backward(net, &source, &dz, REAL(VECTOR_ELT(result, 0)), flat);
  network_get_layer(net, flat, 0, REAL(VECTOR_ELT(result, 1)), bias);
  network_release(owner);
  UNPROTECT(2);
  return result;
}

/* ---- dropout ---- */

SEXP fastmlp_dropout(SEXP x, SEXP at_list, SEXP how) {
  source_matrix source = unpack_matrix(x, "x");
  const scaling as_it_is = {NULL, NULL, 0};
  step_rows at = {.step = (uint32_t)unpack_count(list_get(at_list, "step"), "step"),
                  .first = (uint32_t)unpack_int(list_get(at_list, "first"), "first"),
                  .dropout = 1};
  unpack_key(list_get(at_list, "key"), at.key);
  const layer layer = {.units = source.columns,
                       .activation = unpack_activation(list_get(how, "activation")),
                       .dropout = unpack_number(list_get(how, "dropout"), "dropout")};
  const input_noise noise = {layer.dropout, unpack_number(list_get(how, "noise"), "noise")};
  int index = unpack_int(list_get(at_list, "layer"), "layer");
  size_t stride = panel_stride(source.rows);
  const panels values = {scratch_floats(size_multiply(panels_of(layer.units), stride)), stride};
  const part all = {{0, source.rows}, {0, panels_of(layer.units)}};
  matrix_to_panels(&source, 0, source.rows, as_it_is, values.data, stride);
  if (index == 0) {
    dropout_inputs(&noise, &at, all.rows, layer.units, values);
  } else if (unpack_flag(list_get(how, "backward"), "backward")) {
    dropout_backward(&layer, index, &at, all, values, values);
  } else {
    dropout_forward(&layer, index, &at, all, values, values);
  }
  SEXP out = PROTECT(Rf_allocMatrix(REALSXP, (int)source.rows, (int)source.columns));
  panels_to_matrix(values.data, stride, source.rows, source.columns, REAL(out), source.rows, 0);
  UNPROTECT(1);
  return out;
}

/* ---- losses ---- */

SEXP fastmlp_loss_names(void) {
  SEXP names = PROTECT(Rf_allocVector(STRSXP, LOSS_COUNT));
  for (int id = 0; id < LOSS_COUNT; id++) SET_STRING_ELT(names, id, Rf_mkChar(loss_of((loss_id)id)->name));
  UNPROTECT(1);
  return names;
}

/* The mean loss over all rows of output; its gradient goes into the matrix doutput unless that is NULL. */
static double loss_mean(const loss *loss, const source_matrix *output, const targets *targets,
                        double total_weight, double *doutput) {
  size_t rows = output->rows, outputs = output->columns, stride = panel_stride(rows);
  size_t size = size_multiply(panels_of(outputs), stride);
  const loss_block block = {
      .output = {scratch_floats(size), stride},
      .outputs = outputs,
      .targets = *targets,
      .scale = 1 / total_weight,
      .gradient = {doutput != NULL ? scratch_floats(size) : NULL, stride},
      .row_loss = (double *)(void *)R_alloc(rows, sizeof(double)),
      .row_score = (double *)(void *)R_alloc(rows, sizeof(double)),
  };
  matrix_to_panels(output, 0, rows, (scaling){NULL, NULL, 0}, block.output.data, stride);
  loss_rows(loss, &block, (range){0, rows});
  if (doutput != NULL) panels_to_matrix(block.gradient.data, stride, rows, outputs, doutput, rows, 0);
  double sum = 0;
  for (size_t i = 0; i < rows; i++) sum += block.row_loss[i];
  return sum / total_weight;
}

SEXP fastmlp_loss(SEXP output, SEXP target, SEXP weights, SEXP loss_list, SEXP gradient) {
  loss loss = unpack_loss(loss_list);
  source_matrix source = unpack_matrix(output, "output");
  double total_weight, *doutput = NULL;
  targets targets = scratch_targets(target, weights, &loss, source.rows, source.columns, &total_weight);
  const char *names[] = {"value", "gradient", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  if (unpack_flag(gradient, "gradient")) {
    SET_VECTOR_ELT(result, 1, Rf_allocMatrix(REALSXP, (int)source.rows, (int)source.columns));
    doutput = REAL(VECTOR_ELT(result, 1));
  }
  SET_VECTOR_ELT(result, 0, Rf_ScalarReal(loss_mean(&loss, &source, &targets, total_weight, doutput)));
  UNPROTECT(1);
  return result;
}

/* ---- updates and initial values ---- */

SEXP fastmlp_sgd_step(SEXP parameters, SEXP gradient, SEXP learn_rate) {
  const optimizer sgd = {.id = OPTIMIZER_SGD, .learn_rate = unpack_number(learn_rate, "learn_rate")};
  const optimizer_step step = optimizer_step_at(&sgd, 1);
  float *const no_moments[MOMENTS] = {NULL};
  size_t length = (size_t)XLENGTH(parameters);
  const double *from = unpack_doubles(parameters, XLENGTH(parameters), "parameters");
  const double *slope = unpack_doubles(gradient, XLENGTH(parameters), "gradient");
  SEXP result = PROTECT(Rf_allocVector(REALSXP, XLENGTH(parameters)));
  float *w = scratch_floats(2 * BLOCK_VALUES), *g = w + BLOCK_VALUES;
  for (size_t i = 0; i < length; i += BLOCK_VALUES) {
    size_t n = size_min(BLOCK_VALUES, length - i);
    narrow(from + i, n, w);
    narrow(slope + i, n, g);
    optimizer_apply(&step, GROUP_weight, w, g, no_moments, whole_panels(n));
    widen(w, n, REAL(result) + i);
  }
  UNPROTECT(1);
  return result;
}

static initial unpack_initial(SEXP x) {
  static const char *const names[] = {
      [INITIAL_FIXED] = "fixed", [INITIAL_GLOROT] = "glorot", [INITIAL_HE] = "he", [INITIAL_LECUN] = "lecun"};
  int scale = unpack_choice(list_get(x, "scale"), names, sizeof names / sizeof names[0], "initial$scale");
  return (initial){.scale = (initial_scale)scale,
                   .uniform = unpack_flag(list_get(x, "uniform"), "initial$uniform"),
                   .parameter = unpack_number(list_get(x, "parameter"), "initial$parameter"),
                   .zero_last = unpack_flag(list_get(x, "zero_last"), "initial$zero_last"),
                   .bias = unpack_number(list_get(x, "bias"), "initial$bias")};
}

static SEXP initial_layer(const initial *initial, const uint32_t key[2], int layer, int layers, int inputs,
                          int units) {
  const char *names[] = {"weight", "bias", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 0, Rf_allocMatrix(REALSXP, inputs, units));
  SET_VECTOR_ELT(result, 1, Rf_allocVector(REALSXP, units));
  initial_weights(initial, key, layer, layers, (size_t)inputs, (size_t)units, REAL(VECTOR_ELT(result, 0)));
  initial_biases(initial, key, layer, layers, (size_t)inputs, (size_t)units, REAL(VECTOR_ELT(result, 1)));
  UNPROTECT(1);
  return result;
}

SEXP fastmlp_initial(SEXP sizes, SEXP initial_list, SEXP key) {
  initial initial = unpack_initial(initial_list);
  uint32_t words[2];
  unpack_key(key, words);
  if (TYPEOF(sizes) != INTSXP || XLENGTH(sizes) < 2) Rf_error("`sizes` must be at least two integers");
  const int *size = INTEGER(sizes);
  int layers = Rf_length(sizes) - 1;
  for (int l = 0; l <= layers; l++)
    if (size[l] < 1) Rf_error("`sizes` must be at least 1");
  SEXP result = PROTECT(Rf_allocVector(VECSXP, layers));
  for (int l = 0; l < layers; l++)
    SET_VECTOR_ELT(result, l, initial_layer(&initial, words, l, layers, size[l], size[l + 1]));
  UNPROTECT(1);
  return result;
}
