#include "r_common.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "threads.h"

/* ---- raising ---- */

void raise_unless_ok(status status) {
  static const char *const text[] = {
      [STATUS_MEMORY] = "not enough memory",
      [STATUS_SIZE] = "a size is too large for this machine",
  };
  if (status != STATUS_OK) Rf_error("%s", text[status]);
}

/* ---- unpacking ---- */

SEXP list_get(SEXP list, const char *name) {
  SEXP names = Rf_getAttrib(list, R_NamesSymbol);
  if (TYPEOF(list) != VECSXP || TYPEOF(names) != STRSXP) return R_NilValue;
  for (R_xlen_t i = 0; i < XLENGTH(list); i++)
    if (strcmp(CHAR(STRING_ELT(names, i)), name) == 0) return VECTOR_ELT(list, i);
  return R_NilValue;
}

static void check_scalar(SEXP x, bool right_type, const char *what, const char *expected) {
  if (!right_type || XLENGTH(x) != 1) Rf_error("`%s` must be %s", what, expected);
}

static bool is_number(SEXP x) { return TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP; }

int unpack_int(SEXP x, const char *what) {
  check_scalar(x, is_number(x), what, "one whole number");
  double value = Rf_asReal(x);
  if (ISNAN(value)) return NA_INTEGER;
  if (value < -INT32_MAX || value > INT32_MAX || value != (double)(int)value)
    Rf_error("`%s` must be one whole number", what);
  return (int)value;
}

int unpack_count(SEXP x, const char *what) {
  int value = unpack_int(x, what);
  if (value == NA_INTEGER || value < 1) Rf_error("`%s` must be at least 1", what);
  return value;
}

double unpack_number(SEXP x, const char *what) {
  check_scalar(x, is_number(x), what, "one number");
  return Rf_asReal(x);
}

bool unpack_flag(SEXP x, const char *what) {
  check_scalar(x, TYPEOF(x) == LGLSXP, what, "TRUE or FALSE");
  int value = LOGICAL(x)[0];
  if (value == NA_LOGICAL) Rf_error("`%s` must be TRUE or FALSE", what);
  return value != 0;
}

const char *unpack_string(SEXP x, const char *what) {
  check_scalar(x, TYPEOF(x) == STRSXP, what, "one string");
  return CHAR(STRING_ELT(x, 0));
}

int unpack_choice(SEXP x, const char *const names[], size_t count, const char *what) {
  const char *name = unpack_string(x, what);
  for (size_t id = 0; id < count; id++)
    if (strcmp(name, names[id]) == 0) return (int)id;
  Rf_error("`%s` must be one of the known names, not \"%s\"", what, name);
}

const double *unpack_doubles(SEXP x, R_xlen_t length, const char *what) {
  if (TYPEOF(x) != REALSXP || XLENGTH(x) != length)
    Rf_error("`%s` must be a double vector of length %.0f", what, (double)length);
  return REAL(x);
}

source_matrix unpack_matrix(SEXP x, const char *what) {
  if (!is_number(x)) Rf_error("`%s` must be a numeric matrix", what);
  source_matrix matrix = {.rows = (size_t)XLENGTH(x), .columns = 1};
  if (Rf_isMatrix(x)) {
    matrix.rows = (size_t)Rf_nrows(x);
    matrix.columns = (size_t)Rf_ncols(x);
  }
  if (matrix.rows > INT_MAX) Rf_error("`%s` must have at most %d rows", what, INT_MAX);
  if (TYPEOF(x) == REALSXP) matrix.real = REAL(x);
  if (TYPEOF(x) == INTSXP) matrix.integer = INTEGER(x);
  if (TYPEOF(x) == LGLSXP) matrix.integer = LOGICAL(x);
  return matrix;
}

/* Whether a column stands for indicators of its levels; factors to be embedded are codes. */
static bool has_indicators(SEXP x) { return Rf_isFactor(x) && !Rf_inherits(x, "embedded_factor"); }

/* Columns that the engine sees in a column of a data frame: a factor of two levels needs but one. */
static size_t columns_within(SEXP x) {
  size_t levels = has_indicators(x) ? (size_t)Rf_nlevels(x) : 1;
  return levels == 2 ? 1 : levels;
}

/* What column j of them stands for. */
static int32_t level_of(SEXP x, size_t j) {
  if (!has_indicators(x)) return 0;
  return Rf_nlevels(x) == 2 ? BOTH_LEVELS : (int32_t)j + 1;
}

/* Describes what the engine sees in a column of a data frame; returns how many columns these are. */
static size_t describe_column(SEXP x, const char *what, source_column *column) {
  size_t count = columns_within(x);
  if (!is_number(x)) Rf_error("`%s` must have numeric columns and factors", what);
  source_column from = {.real = TYPEOF(x) == REALSXP ? REAL(x) : NULL};
  if (TYPEOF(x) == INTSXP) from.integer = INTEGER(x);
  if (TYPEOF(x) == LGLSXP) from.integer = LOGICAL(x);
  for (size_t j = 0; j < count; j++) {
    from.level = level_of(x, j);
    column[j] = from;
  }
  return count;
}

static source_matrix unpack_columns(SEXP list, const char *what) {
  R_xlen_t count = XLENGTH(list);
  if (count == 0) Rf_error("`%s` must have columns", what);
  R_xlen_t rows = XLENGTH(VECTOR_ELT(list, 0));
  size_t total = 0, described = 0;
  for (R_xlen_t j = 0; j < count; j++) {
    if (XLENGTH(VECTOR_ELT(list, j)) != rows) Rf_error("the columns of `%s` must have one length", what);
    total += columns_within(VECTOR_ELT(list, j));
  }
  source_column *column = (source_column *)(void *)R_alloc(total, sizeof *column);
  for (R_xlen_t j = 0; j < count; j++)
    described += describe_column(VECTOR_ELT(list, j), what, column + described);
  return (source_matrix){.column = column, .rows = (size_t)rows, .columns = total};
}

/* Whether every column's rows lie within the matrix and in their order. */
static bool sparse_is_sound(const source_matrix *x) {
  const source_sparse *s = &x->sparse;
  for (size_t j = 0; j < x->columns; j++) {
    if (s->start[j] > s->start[j + 1]) return false;
    for (int32_t i = s->start[j]; i < s->start[j + 1]; i++) {
      int32_t before = i > s->start[j] ? s->row[i - 1] : -1;
      if (s->row[i] <= before || (size_t)s->row[i] >= x->rows) return false;
    }
  }
  return true;
}

/* list(p =, i =, x =, dim = ) of the class that R/sparse.R makes. */
static source_matrix unpack_sparse(SEXP list, const char *what) {
  SEXP p = list_get(list, "p"), i = list_get(list, "i"), x = list_get(list, "x"), dim = list_get(list, "dim");
  bool typed = TYPEOF(p) == INTSXP && TYPEOF(i) == INTSXP && TYPEOF(x) == REALSXP && TYPEOF(dim) == INTSXP;
  if (!typed || XLENGTH(dim) != 2 || INTEGER(dim)[0] < 0 || INTEGER(dim)[1] < 1)
    Rf_error("`%s` must be a sparse matrix", what);
  source_matrix source = {.sparse = {INTEGER(p), INTEGER(i), REAL(x)},
                          .rows = (size_t)INTEGER(dim)[0],
                          .columns = (size_t)INTEGER(dim)[1]};
  const int32_t *start = source.sparse.start;
  bool whole = (size_t)XLENGTH(p) == source.columns + 1 && XLENGTH(i) == XLENGTH(x) && start[0] == 0 &&
               start[source.columns] == XLENGTH(i);
  if (!whole || !sparse_is_sound(&source)) Rf_error("`%s` must be a valid sparse matrix", what);
  return source;
}

static source_matrix unpack_list(SEXP x, const char *what) {
  return Rf_inherits(x, "fastmlp_sparse") ? unpack_sparse(x, what) : unpack_columns(x, what);
}

source_matrix unpack_predictors(SEXP x, const char *what) {
  source_matrix source = TYPEOF(x) == VECSXP ? unpack_list(x, what) : unpack_matrix(x, what);
  if (source.rows > INT_MAX) Rf_error("`%s` must have at most %d rows", what, INT_MAX);
  return source;
}

source_matrix unpack_shaped(SEXP x, size_t rows, size_t columns, const char *what) {
  source_matrix matrix = unpack_matrix(x, what);
  if (matrix.rows != rows || matrix.columns != columns)
    Rf_error("`%s` must be a matrix of %.0f rows and %.0f columns", what, (double)rows, (double)columns);
  return matrix;
}

scaling unpack_scaling(SEXP x, size_t columns) {
  if (x == R_NilValue) return (scaling){NULL, NULL, 0};
  SEXP clip = list_get(x, "clip");
  return (scaling){unpack_doubles(list_get(x, "center"), (R_xlen_t)columns, "scaling$center"),
                   unpack_doubles(list_get(x, "scale"), (R_xlen_t)columns, "scaling$scale"),
                   clip == R_NilValue ? 0 : *unpack_doubles(clip, 1, "scaling$clip")};
}

activation_id unpack_activation(SEXP name) {
  activation_id id = activation_find(unpack_string(name, "activation"));
  if (id == ACTIVATION_COUNT) Rf_error("unknown activation");
  return id;
}

loss unpack_loss(SEXP x) {
  loss_id id = loss_find(unpack_string(list_get(x, "name"), "loss$name"));
  if (id == LOSS_COUNT) Rf_error("unknown loss");
  SEXP parameter = list_get(x, "parameter"), levels = list_get(x, "levels");
  loss loss = {.id = id,
               .parameter = parameter == R_NilValue ? 0 : unpack_number(parameter, "loss$parameter")};
  if (levels != R_NilValue) {
    loss.level = unpack_doubles(levels, XLENGTH(levels), "loss$levels");
    loss.levels = (size_t)XLENGTH(levels);
  }
  SEXP root = list_get(x, "root");
  if (root != R_NilValue) {
    if (loss_of(id)->takes_classes) Rf_error("`loss$root` is for losses of numbers");
    const double *unit = unpack_doubles(root, 2, "loss$root");
    loss.root_center = unit[0], loss.root_scale = unit[1];
  }
  if (loss_heads(&loss) < 1 || loss_heads(&loss) > LOSS_HEADS)
    Rf_error("`loss$levels` must be 1 to %d numbers", LOSS_HEADS);
  if (loss_of(id)->calls_back) loss_set_function(&loss, list_get(x, "call"));
  return loss;
}

int unpack_threads(SEXP x) {
  if (unpack_int(x, "threads") == NA_INTEGER) return threads_default();
  return threads_granted(unpack_count(x, "threads"));
}

void unpack_key(SEXP x, uint32_t key[2]) {
  if (TYPEOF(x) != INTSXP || XLENGTH(x) != 2) Rf_error("`key` must be two integers");
  for (int i = 0; i < 2; i++) key[i] = (uint32_t)INTEGER(x)[i];
}

/* ---- packing ---- */

SEXP named_doubles(const double value[], const char *const names[], int n) {
  SEXP result = PROTECT(Rf_allocVector(REALSXP, n));
  SEXP labels = PROTECT(Rf_allocVector(STRSXP, n));
  for (int i = 0; i < n; i++) {
    REAL(result)[i] = value[i];
    SET_STRING_ELT(labels, i, Rf_mkChar(names[i]));
  }
  Rf_setAttrib(result, R_NamesSymbol, labels);
  UNPROTECT(2);
  return result;
}

/* ---- memory ---- */

float *scratch_floats(size_t count) {
  size_t bytes = size_multiply(count, sizeof(float));
  if (bytes > (size_t)R_XLEN_T_MAX - ALIGNMENT) raise_unless_ok(STATUS_SIZE);
  char *memory = R_alloc(bytes + ALIGNMENT, 1);
  memset(memory, 0, bytes + ALIGNMENT);
  return (float *)(void *)(memory + (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT);
}

/* How many owners have not been collected: each has a finalizer of this library to come. */
static int owners;

static void owner_collect(SEXP owner) {
  R_CFinalizer_t release;
  memcpy(&release, RAW(R_ExternalPtrTag(owner)), sizeof release);
  release(owner);
  owners--;
}

SEXP owner_make(size_t bytes, R_CFinalizer_t release) {
  SEXP tag = PROTECT(Rf_allocVector(RAWSXP, sizeof release));
  memcpy(RAW(tag), &release, sizeof release);
  SEXP owner = PROTECT(R_MakeExternalPtr(NULL, tag, R_NilValue));
  R_RegisterCFinalizerEx(owner, owner_collect, TRUE);
  owners++;
  void *memory = calloc(1, bytes);
  if (memory == NULL) raise_unless_ok(STATUS_MEMORY);
  R_SetExternalPtrAddr(owner, memory);
  UNPROTECT(2);
  return owner;
}

SEXP fastmlp_owners(void) { return Rf_ScalarInteger(owners); }

/* ---- targets ---- */

static void check_classes(SEXP target, size_t rows, size_t classes) {
  if (TYPEOF(target) != INTSXP || (size_t)XLENGTH(target) != rows)
    Rf_error("`target` must be an integer vector with one class a row");
  const int *class = INTEGER(target);
  for (size_t i = 0; i < rows; i++)
    if (class[i] < 1 || (size_t) class[i] > classes)
      Rf_error("`target` must hold classes from 1 to %.0f", (double)classes);
}

void check_targets(SEXP target, SEXP weights, const loss *loss, size_t rows, size_t outputs) {
  if (outputs % loss_heads(loss) != 0) Rf_error("the loss must fit the number of outputs");
  if (loss_of(loss->id)->takes_classes)
    check_classes(target, rows, outputs + loss_of(loss->id)->spare_classes);
  else
    unpack_shaped(target, rows, loss_columns(loss, outputs), "target");
  if (weights != R_NilValue) unpack_doubles(weights, (R_xlen_t)rows, "weights");
}

/* Only ratios of weights matter; relative to the largest none overflows, nor do all vanish, as floats. */
static double read_weights(SEXP weights, const uint32_t *rows, size_t n, float *weight) {
  const double *from = REAL(weights);
  double largest = 0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, from[rows ? rows[i] : i]);
  for (size_t i = 0; i < n; i++) weight[i] = largest > 0 ? (float)(from[rows ? rows[i] : i] / largest) : 0;
  return largest;
}

double read_targets(SEXP target, SEXP weights, const loss *loss, const uint32_t *rows, size_t n,
                    int32_t *class_index, float *value, float *weight) {
  const scaling as_they_are = {NULL, NULL, 0};
  if (loss_of(loss->id)->takes_classes) {
    const int *class = INTEGER(target);
    for (size_t i = 0; i < n; i++) class_index[i] = class[rows ? rows[i] : i] - 1;
  } else {
    source_matrix source = unpack_matrix(target, "target");
    matrix_to_rows(1, &source, rows, 0, n, as_they_are, value);
  }
  return weights != R_NilValue ? read_weights(weights, rows, n, weight) : 1;
}

static double sum_of_weights(const float *weight, size_t rows) {
  if (weight == NULL) return (double)rows;
  double sum = 0;
  for (size_t i = 0; i < rows; i++) sum += weight[i];
  return sum;
}

targets scratch_targets(SEXP target, SEXP weights, const loss *loss, size_t rows, size_t outputs,
                        double *total_weight) {
  check_targets(target, weights, loss, rows, outputs);
  bool classes = loss_of(loss->id)->takes_classes;
  int32_t *class_index = classes ? (int32_t *)(void *)R_alloc(rows, sizeof(int32_t)) : NULL;
  float *value = classes ? NULL : scratch_floats(size_multiply(rows, loss_columns(loss, outputs)));
  float *weight = weights != R_NilValue ? scratch_floats(rows) : NULL;
  read_targets(target, weights, loss, NULL, rows, class_index, value, weight);
  *total_weight = sum_of_weights(weight, rows);
  return (targets){class_index, value, weight, NULL};
}

const uint32_t *unpack_rows(SEXP rows, size_t available, size_t *n) {
  *n = available;
  if (rows == R_NilValue) return NULL;
  if (TYPEOF(rows) != INTSXP) Rf_error("`rows` must be integers");
  *n = (size_t)XLENGTH(rows);
  const int *from = INTEGER(rows);
  uint32_t *index = (uint32_t *)(void *)R_alloc(*n, sizeof *index);
  for (size_t i = 0; i < *n; i++) {
    if (from[i] < 1 || (size_t)from[i] > available) Rf_error("`rows` must count the rows of `x`");
    index[i] = (uint32_t)from[i] - 1;
  }
  return index;
}

const uint32_t *unpack_places(const uint32_t *rows, size_t n, size_t available) {
  if (rows == NULL) return NULL;
  uint32_t *place = (uint32_t *)(void *)R_alloc(available, sizeof *place);
  for (size_t i = 0; i < available; i++) place[i] = SPARSE_NOWHERE;
  for (size_t i = 0; i < n; i++) {
    if (place[rows[i]] != SPARSE_NOWHERE) Rf_error("`rows` must list each row once");
    place[rows[i]] = (uint32_t)i;
  }
  return place;
}
