#include "r_common.h"

/* A network's embedding is a list with an element for each embedded column: list(kind, column, its parts as
   embedding_kinds.c names them), where the column is counted from 1. A piecewise one has the edges of its
   bins, too. */

/* ---- shapes ---- */

/* Rows and columns of a double matrix. */
static void matrix_shape(SEXP x, const char *what, size_t *rows, size_t *columns) {
  if (TYPEOF(x) != REALSXP || !Rf_isMatrix(x)) Rf_error("`%s` must be a double matrix", what);
  *rows = (size_t)Rf_nrows(x);
  *columns = (size_t)Rf_ncols(x);
}

static embedded unpack_embedded(SEXP x) {
  embedded f = {.kind = embedding_find(unpack_string(list_get(x, "kind"), "embedding$kind")),
                .column = (size_t)unpack_count(list_get(x, "column"), "embedding$column") - 1};
  if (f.kind == EMBEDDING_COUNT) Rf_error("unknown embedding");
  bool table = f.kind == EMBEDDING_TABLE;
  const char *part = table ? "table" : "weight";
  matrix_shape(list_get(x, part), part, &f.size, &f.outputs);
  if (f.size == 0 || f.outputs == 0 || (!table && f.outputs > MOST_OUTPUTS))
    Rf_error("`embedding` must not be empty or too large");
  return f;
}

embedding unpack_embedding(SEXP x, size_t width) {
  if (TYPEOF(x) != VECSXP || XLENGTH(x) == 0) Rf_error("`embedding` must be a list");
  embedding e = {.features = (size_t)XLENGTH(x)};
  e.of = (embedded *)(void *)R_alloc(e.features, sizeof *e.of);
  size_t columns = width;
  for (size_t i = 0; i < e.features; i++) {
    e.of[i] = unpack_embedded(VECTOR_ELT(x, (R_xlen_t)i));
    columns += embedding_kind_of(e.of[i].kind)->replaces;
    if (columns < e.of[i].outputs) Rf_error("`embedding` must fit the first layer");
    columns -= e.of[i].outputs;
  }
  e.columns = columns;
  bool *taken = (bool *)(void *)R_alloc(columns + 1, sizeof *taken);
  for (size_t j = 0; j < columns; j++) taken[j] = false;
  for (size_t i = 0; i < e.features; i++) {
    if (e.of[i].column >= columns || taken[e.of[i].column]) Rf_error("`embedding$column` must be columns");
    taken[e.of[i].column] = true;
  }
  return e;
}

/* ---- values ---- */

/* What is done to a part of a column that is `offset` floats behind the first; returns where the next is. */
typedef size_t (*part_visitor)(const embedded *f, const embedding_part *part, size_t offset, void *data);

static void visit_parts(const embedded *f, part_visitor visit, void *data) {
  embedding_part part[EMBEDDING_PARTS];
  int parts = embedding_kind_of(f->kind)->parts(f, part);
  size_t offset = 0;
  for (int k = 0; k < parts; k++) offset = visit(f, &part[k], offset, data);
}

static R_xlen_t part_count(const embedding_part *part) {
  return (R_xlen_t)(part->rows * (part->columns > 0 ? part->columns : 1));
}

/* Parameters, and the list or the place in a vector that belongs to them. */
typedef struct transfer {
  float *to;
  const float *from;
  SEXP list;
  const double *read;
  double *write;
} transfer;

static size_t part_from_list(const embedded *f, const embedding_part *part, size_t offset, void *data) {
  const transfer *t = data;
  const double *value = unpack_doubles(list_get(t->list, part->name), part_count(part), part->name);
  return network_set_embedded(f, t->to, offset, part, value);
}

void embedding_from_list(const network *net, float *parameters, SEXP x, bool whole) {
  const embedding *e = &net->embedding;
  if (TYPEOF(x) != VECSXP || (size_t)XLENGTH(x) != e->features) Rf_error("wrong number of embeddings");
  for (size_t i = 0; i < e->features; i++) {
    SEXP own = VECTOR_ELT(x, (R_xlen_t)i);
    const embedded *f = &e->of[i];
    visit_parts(f, part_from_list, &(transfer){.to = parameters, .list = own});
    if (whole && f->kind == EMBEDDING_PIECEWISE)
      embedding_set_edges(e, f, unpack_doubles(list_get(own, "edges"), (R_xlen_t)f->size + 1, "edges"));
  }
}

/* The list's next element that is empty. */
static R_xlen_t next_element(SEXP list) {
  R_xlen_t i = 0;
  while (VECTOR_ELT(list, i) != R_NilValue) i++;
  return i;
}

static size_t part_to_list(const embedded *f, const embedding_part *part, size_t offset, void *data) {
  const transfer *t = data;
  SEXP value = part->columns > 0 ? Rf_allocMatrix(REALSXP, (int)part->rows, (int)part->columns)
                                 : Rf_allocVector(REALSXP, (R_xlen_t)part->rows);
  SET_VECTOR_ELT(t->list, next_element(t->list), value);
  return network_get_embedded(f, t->from, offset, part, REAL(value));
}

static SEXP embedded_to_list(const embedding *e, const embedded *f, const float *parameters, bool whole) {
  embedding_part part[EMBEDDING_PARTS];
  const embedding_kind *kind = embedding_kind_of(f->kind);
  int parts = kind->parts(f, part), count = 0;
  bool edged = whole && f->kind == EMBEDDING_PIECEWISE;
  const char *names[EMBEDDING_PARTS + 4];
  if (whole) names[count++] = "kind", names[count++] = "column";
  if (edged) names[count++] = "edges";
  for (int k = 0; k < parts; k++) names[count++] = part[k].name;
  names[count] = "";
  SEXP result = PROTECT(Rf_mkNamed(VECSXP, names));
  if (whole) {
    SET_VECTOR_ELT(result, 0, Rf_mkString(kind->name));
    SET_VECTOR_ELT(result, 1, Rf_ScalarInteger((int)f->column + 1));
  }
  if (edged) {
    SEXP edges = SET_VECTOR_ELT(result, 2, Rf_allocVector(REALSXP, (R_xlen_t)f->size + 1));
    embedding_get_edges(e, f, REAL(edges));
  }
  visit_parts(f, part_to_list, &(transfer){.from = parameters, .list = result});
  UNPROTECT(1);
  return result;
}

SEXP embedding_to_list(const network *net, const float *parameters, bool whole) {
  const embedding *e = &net->embedding;
  SEXP result = PROTECT(Rf_allocVector(VECSXP, (R_xlen_t)e->features));
  for (size_t i = 0; i < e->features; i++)
    SET_VECTOR_ELT(result, (R_xlen_t)i, embedded_to_list(e, &e->of[i], parameters, whole));
  UNPROTECT(1);
  return result;
}

/* ---- as one vector ---- */

static size_t add_count(const embedded *f, const embedding_part *part, size_t offset, void *data) {
  (void)f;
  *(size_t *)data += (size_t)part_count(part);
  return offset;
}

size_t embedding_values(const embedding *e) {
  size_t count = 0;
  for (size_t i = 0; i < e->features; i++) visit_parts(&e->of[i], add_count, &count);
  return count;
}

static size_t part_from_vector(const embedded *f, const embedding_part *part, size_t offset, void *data) {
  transfer *t = data;
  offset = network_set_embedded(f, t->to, offset, part, t->read);
  t->read += part_count(part);
  return offset;
}

void embedding_from_vector(const network *net, float *parameters, const double *value) {
  transfer t = {.to = parameters, .read = value};
  for (size_t i = 0; i < net->embedding.features; i++)
    visit_parts(&net->embedding.of[i], part_from_vector, &t);
}

static size_t part_to_vector(const embedded *f, const embedding_part *part, size_t offset, void *data) {
  transfer *t = data;
  offset = network_get_embedded(f, t->from, offset, part, t->write);
  t->write += part_count(part);
  return offset;
}

void embedding_to_vector(const network *net, const float *parameters, double *value) {
  transfer t = {.from = parameters, .write = value};
  for (size_t i = 0; i < net->embedding.features; i++)
    visit_parts(&net->embedding.of[i], part_to_vector, &t);
}
