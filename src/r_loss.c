#include "r_common.h"

/* One call of an R function for a block of rows. */
typedef struct loss_call {
  const loss *loss;
  const loss_block *block;
  range rows;
  bool worked;
} loss_call;

static float *from_row(panels m, size_t r) { return m.data + r * PANEL; }

/* ---- to R ---- */

static SEXP output_matrix(const loss_block *block, range rows) {
  size_t n = rows.end - rows.begin;
  SEXP matrix = PROTECT(Rf_allocMatrix(REALSXP, (int)n, (int)block->outputs));
  panels_to_matrix(from_row(block->output, rows.begin), block->output.stride, n, block->outputs, REAL(matrix),
                   n, 0);
  UNPROTECT(1);
  return matrix;
}

static SEXP class_vector(const int32_t *class_index, size_t n) {
  SEXP classes = PROTECT(Rf_allocVector(INTSXP, (R_xlen_t)n));
  for (size_t i = 0; i < n; i++) INTEGER(classes)[i] = class_index[i] + 1;
  UNPROTECT(1);
  return classes;
}

static SEXP value_matrix(const float *value, size_t n, size_t columns) {
  SEXP matrix = PROTECT(Rf_allocMatrix(REALSXP, (int)n, (int)columns));
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < columns; j++) REAL(matrix)[j * n + i] = value[i * columns + j];
  UNPROTECT(1);
  return matrix;
}

static SEXP target_vector(const loss *loss, const loss_block *block, range rows) {
  size_t n = rows.end - rows.begin, columns = loss_columns(loss, block->outputs);
  const targets *t = &block->targets;
  if (t->class_index != NULL) return class_vector(t->class_index + rows.begin, n);
  return value_matrix(t->value + rows.begin * columns, n, columns);
}

/* ---- and back ---- */

/* Row r of the block from row i of the function's value[n] and gradient[n x outputs]. */
static void read_row(const loss_block *block, size_t r, size_t i, size_t n, const double *value,
                     const double *gradient) {
  double weight = block->targets.weight != NULL ? block->targets.weight[r] : 1;
  block->row_loss[r] = block->row_score[r] = weight * value[i];
  if (block->gradient.data == NULL) return;
  float *row = from_row(block->gradient, r);
  for (size_t j = 0; j < panels_of(block->outputs) * PANEL; j++) {
    double d = j < block->outputs ? gradient[j * n + i] : 0;
    row[j / PANEL * block->gradient.stride + j % PANEL] = (float)(block->scale * weight * d);
  }
}

/* Runs under R_ToplevelExec(): a jump out of it ends here. */
static void call_function(void *data) {
  loss_call *call = data;
  const loss_block *block = call->block;
  size_t n = call->rows.end - call->rows.begin;
  SEXP output = PROTECT(output_matrix(block, call->rows));
  SEXP target = PROTECT(target_vector(call->loss, block, call->rows));
  SEXP expression = PROTECT(Rf_lang3((SEXP)call->loss->context, output, target));
  SEXP result = PROTECT(Rf_eval(expression, R_BaseEnv));
  if (result != R_NilValue) {
    const double *value = unpack_doubles(list_get(result, "value"), (R_xlen_t)n, "value");
    const double *gradient =
        unpack_doubles(list_get(result, "gradient"), (R_xlen_t)(n * block->outputs), "gradient");
    for (size_t i = 0; i < n; i++) read_row(block, call->rows.begin + i, i, n, value, gradient);
    bool *broken_off = call->loss->broken_off;
    if (broken_off != NULL && unpack_flag(list_get(result, "interrupted"), "interrupted")) *broken_off = true;
    call->worked = true;
  }
  UNPROTECT(4);
}

static bool call_back(const loss *loss, const loss_block *block, range rows) {
  loss_call call = {loss, block, rows, false};
  return R_ToplevelExec(call_function, &call) && call.worked;
}

void loss_set_function(loss *loss, SEXP function) {
  if (!Rf_isFunction(function)) Rf_error("`loss$call` must be a function");
  loss->call = call_back;
  loss->context = function;
}
