#include <inttypes.h>
#include <stdio.h>

#include "r_common.h"
#include "scan.h"
#include "threads.h"

/* The columns of the result, in order. */
enum {
  SCAN_MISSING,
  SCAN_INFINITE,
  SCAN_FIRST_BAD_ROW,
  SCAN_MINIMUM,
  SCAN_MAXIMUM,
  SCAN_MEAN,
  SCAN_SD,
  SCAN_NUMBERS
};

static void store_summary(SEXP result, const column_summary *summary, R_xlen_t column, size_t rows) {
  const double number[SCAN_NUMBERS] = {
      [SCAN_MISSING] = (double)summary->missing,
      [SCAN_INFINITE] = (double)summary->infinite,
      [SCAN_FIRST_BAD_ROW] = summary->first_bad_row < rows ? (double)summary->first_bad_row + 1 : NA_REAL,
      [SCAN_MINIMUM] = summary->minimum,
      [SCAN_MAXIMUM] = summary->maximum,
      [SCAN_MEAN] = summary->mean,
      [SCAN_SD] = summary->sd,
  };
  for (int i = 0; i < SCAN_NUMBERS; i++) REAL(VECTOR_ELT(result, i))[column] = number[i];
}

SEXP fastmlp_scan(SEXP x, SEXP rows) {
  source_matrix source = unpack_predictors(x, "x");
  size_t n;
  const uint32_t *row = unpack_rows(rows, source.rows, &n);
  R_xlen_t columns = (R_xlen_t)source.columns;
  column_summary *summary = (column_summary *)(void *)R_alloc(source.columns, sizeof *summary);
  if (matrix_is_sparse(&source)) {
    sparse_scan(threads_default(), &source, unpack_places(row, n, source.rows), n, summary);
  } else {
    matrix_scan(threads_default(), &source, row, n, summary);
  }
  const char *names[] = {"missing", "infinite", "first_bad_row", "minimum", "maximum", "mean", "sd", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  for (int i = 0; i < SCAN_NUMBERS; i++) SET_VECTOR_ELT(result, i, Rf_allocVector(REALSXP, columns));
  for (R_xlen_t j = 0; j < columns; j++) store_summary(result, &summary[j], j, n);
  UNPROTECT(1);
  return result;
}

/* Columns counted from 0, in memory that R releases. */
static const size_t *unpack_column_choice(SEXP columns, size_t available) {
  if (TYPEOF(columns) != INTSXP) Rf_error("`columns` must be integers");
  R_xlen_t count = XLENGTH(columns);
  size_t *choice = (size_t *)(void *)R_alloc((size_t)count, sizeof *choice);
  for (R_xlen_t j = 0; j < count; j++) {
    int column = INTEGER(columns)[j];
    if (column < 1 || (size_t)column > available) Rf_error("`columns` must count the columns of `x`");
    choice[j] = (size_t)column - 1;
  }
  return choice;
}

SEXP fastmlp_fingerprint(SEXP x, SEXP columns) {
  source_matrix source = unpack_predictors(x, "x");
  const size_t *column = unpack_column_choice(columns, source.columns);
  R_xlen_t count = XLENGTH(columns);
  uint64_t *fingerprint = (uint64_t *)(void *)R_alloc((size_t)count, sizeof *fingerprint);
  matrix_fingerprints(threads_default(), &source, column, (size_t)count, fingerprint);
  SEXP result = PROTECT(Rf_allocVector(STRSXP, count));
  for (R_xlen_t j = 0; j < count; j++) {
    char hex[17];
    snprintf(hex, sizeof hex, "%016" PRIx64, fingerprint[j]);
    SET_STRING_ELT(result, j, Rf_mkChar(hex));
  }
  UNPROTECT(1);
  return result;
}

SEXP fastmlp_choose_rows(SEXP x, SEXP rows) {
  source_matrix source = unpack_predictors(x, "x");
  if (!matrix_is_sparse(&source)) Rf_error("`x` must be a sparse matrix");
  size_t n;
  const uint32_t *row = unpack_rows(rows, source.rows, &n), *place = unpack_places(row, n, source.rows);
  for (size_t i = 1; row != NULL && i < n; i++)
    if (row[i] < row[i - 1]) Rf_error("`rows` must increase");
  R_xlen_t entries = (R_xlen_t)sparse_count(&source, place), at = 0;
  const char *names[] = {"p", "i", "x", ""};
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(result, 0, Rf_allocVector(INTSXP, (R_xlen_t)source.columns + 1));
  SET_VECTOR_ELT(result, 1, Rf_allocVector(INTSXP, entries));
  SET_VECTOR_ELT(result, 2, Rf_allocVector(REALSXP, entries));
  int *start = INTEGER(VECTOR_ELT(result, 0)), *to = INTEGER(VECTOR_ELT(result, 1));
  double *value = REAL(VECTOR_ELT(result, 2));
  start[0] = 0;
  for (size_t j = 0; j < source.columns; j++) {
    for (int32_t i = source.sparse.start[j]; i < source.sparse.start[j + 1]; i++) {
      uint32_t r = place != NULL ? place[source.sparse.row[i]] : (uint32_t)source.sparse.row[i];
      if (r == SPARSE_NOWHERE) continue;
      to[at] = (int)r;
      value[at++] = source.sparse.value[i];
    }
    start[j + 1] = (int)at;
  }
  UNPROTECT(1);
  return result;
}
