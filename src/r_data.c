#include <stdlib.h>

#include "r_common.h"

/* ---- read ---- */

/* units: of the first layer. */
static void read_rows(dataset *data, SEXP list, SEXP scaling_list, size_t outputs, size_t units,
                      const loss *loss, int threads) {
  size_t n;
  source_matrix x = unpack_predictors(list_get(list, "x"), "x");
  SEXP target = list_get(list, "target"), weights = list_get(list, "weights");
  SEXP offset = list_get(list, "offset"), worth = list_get(list, "worth");
  check_targets(target, weights, loss, x.rows, outputs);
  const double *shift = offset != R_NilValue ? unpack_doubles(offset, (R_xlen_t)x.rows, "offset") : NULL;
  scaling scaling = unpack_scaling(scaling_list, x.columns);
  const uint32_t *rows = unpack_rows(list_get(list, "rows"), x.rows, &n);
  if (n == 0) Rf_error("`x` must have at least one row");
  bool was_sparse = matrix_is_sparse(&x);
  const uint32_t *place = was_sparse ? unpack_places(rows, n, x.rows) : NULL;
  size_t entries = was_sparse ? sparse_count(&x, place) : 0;
  bool sparse = was_sparse && !dataset_fills_zeros(n, x.columns, entries, units);
  raise_unless_ok(dataset_allocate(data, &(dataset_shape){.rows = n,
                                                          .inputs = x.columns,
                                                          .columns = loss_columns(loss, outputs),
                                                          .classes = loss_of(loss->id)->takes_classes,
                                                          .weighted = weights != R_NilValue,
                                                          .shifted = shift != NULL,
                                                          .sparse = sparse,
                                                          .entries = entries}));
  if (sparse) {
    sparse_to_rows(threads, &x, place, n, scaling, &data->sparse);
  } else if (was_sparse) {
    sparse_to_dense(threads, &x, place, n, scaling, data->x);
  } else {
    matrix_to_rows(threads, &x, rows, 0, n, scaling, data->x);
  }
  double one = read_targets(target, weights, loss, rows, n, data->class_index, data->value, data->weight);
  data->worth = one * (worth != R_NilValue ? unpack_number(worth, "worth") : 1);
  for (size_t i = 0; shift != NULL && i < n; i++) data->offset[i] = (float)shift[rows != NULL ? rows[i] : i];
}

/* ---- rows that several networks share ---- */

static void shared_release(SEXP owner) {
  dataset *data = R_ExternalPtrAddr(owner);
  if (data == NULL) return;
  dataset_free(data);
  free(data);
  R_ClearExternalPtr(owner);
}

SEXP fastmlp_rows_open(SEXP set, SEXP scaling, SEXP outputs, SEXP units, SEXP loss_list, SEXP threads) {
  SEXP owner = PROTECT(owner_make(sizeof(dataset), shared_release));
  dataset *data = R_ExternalPtrAddr(owner);
  const loss loss = unpack_loss(loss_list);
  read_rows(data, set, scaling, (size_t)unpack_count(outputs, "outputs"),
            (size_t)unpack_count(units, "units"), &loss, unpack_threads(threads));
  Rf_setAttrib(owner, Rf_install("sparse"), Rf_ScalarLogical(dataset_is_sparse(data)));
  UNPROTECT(1);
  return owner;
}

const dataset *unpack_shared(SEXP owner) {
  const dataset *all = TYPEOF(owner) == EXTPTRSXP ? R_ExternalPtrAddr(owner) : NULL;
  if (all == NULL) Rf_error("`shared` must be rows that were opened");
  return all;
}

static void choose_rows(dataset *data, SEXP owner, SEXP chosen, size_t outputs, const loss *loss) {
  const dataset *all = unpack_shared(owner);
  bool classes = loss_of(loss->id)->takes_classes;
  if (all->columns != loss_columns(loss, outputs) || (all->class_index != NULL) != classes)
    Rf_error("`shared` must be rows for the same loss");
  size_t n;
  const uint32_t *rows = unpack_rows(chosen, all->rows, &n);
  if (n == 0) Rf_error("`rows` must have at least one row");
  raise_unless_ok(dataset_choose(data, all, rows, n));
}

void dataset_from_list(dataset *data, SEXP list, SEXP scaling, const network *net, const loss *loss,
                       int threads) {
  SEXP shared = list_get(list, "shared");
  size_t outputs = network_outputs(net);
  if (shared == R_NilValue) {
    read_rows(data, list, scaling, outputs, net->layer[0].units, loss, threads);
  } else {
    choose_rows(data, shared, list_get(list, "rows"), outputs, loss);
  }
  if (data->inputs != network_inputs(net)) Rf_error("`x` must have one column an input");
}
