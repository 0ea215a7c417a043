#include "predict.h"

#include <stdatomic.h>

#include "stream.h"

typedef struct prediction {
  const source_matrix *x;
  scaling scaling;
  const dataset *data;   /* or rows that the engine has already, in place of x and scaling */
  sparse_batch plan;     /* of sparse rows of either kind; */
  sparse_cursor *cursor; /* [members] where each stands in sparse rows of x, */
  uint32_t *start;       /* [members][STREAM_ROWS + 1] and room for where rows begin */
  arena arena;
  int members;
  link_id link;
  size_t rows, outputs;
  double *out; /* [rows x outputs] column-major */
  atomic_bool *finite;
} prediction;

/* Members go through neighbouring blocks. */
static bool fill_sparse(const prediction *p, int member, size_t first, size_t n, const batch *x) {
  sparse_cursor *cursor = &p->cursor[member];
  uint32_t *start = p->start + (size_t)member * (STREAM_ROWS + 1);
  if (cursor->next != first) sparse_seek(cursor, first);
  bool finite = sparse_take(cursor, n, start, x->sparse->entry);
  sparse_batch_bound(x->sparse, start, n);
  return finite;
}

static void fill(void *context, int member, size_t first, size_t n, const batch *x) {
  const prediction *p = context;
  bool finite = x->sparse != NULL ? fill_sparse(p, member, first, n, x)
                                  : matrix_to_panels(p->x, first, n, p->scaling, x->x.data, x->x.stride);
  if (!finite) atomic_store_explicit(p->finite, false, memory_order_relaxed);
}

static void fill_from_data(void *context, int member, size_t first, size_t n, const batch *x) {
  const prediction *p = context;
  const team solo = {.size = 1};
  (void)member;
  dataset_gather(&solo, p->data, NULL, first, n, x);
}

static void consume(void *context, size_t first, size_t n, panels output) {
  const prediction *p = context;
  link_rows(p->link, output, p->outputs, (range){0, n});
  panels_to_matrix(output.data, output.stride, n, p->outputs, p->out, p->rows, first);
}

/* The members' cursors. */
static void lay_out(void *owner, arena *arena) {
  prediction *p = owner;
  size_t columns = p->x->columns;
  p->start = arena_take(arena, (size_t)p->members, (STREAM_ROWS + 1) * sizeof(uint32_t));
  p->cursor = arena_take(arena, (size_t)p->members, sizeof *p->cursor);
  for (int member = 0; member < p->members; member++) {
    const sparse_cursor cursor = {.x = p->x,
                                  .scaling = p->scaling,
                                  .next = SIZE_MAX,
                                  .at = arena_take(arena, columns, sizeof(uint32_t)),
                                  .row = arena_take(arena, columns, sizeof(int32_t)),
                                  .touched = arena_take(arena, columns, sizeof(uint32_t))};
    if (arena_binds(arena)) p->cursor[member] = cursor;
  }
}

static status plan_sparse(prediction *p) {
  const source_matrix *x = p->x;
  size_t entries;
  status result = sparse_most(x, STREAM_ROWS, &entries);
  if (result != STATUS_OK) return result;
  double each = (double)x->sparse.start[x->columns] / (double)x->rows;
  p->plan = sparse_batch_plan(STREAM_ROWS, x->columns, entries, each, 0);
  return arena_build(&p->arena, lay_out, p);
}

static status run(prediction *p, const network *net, int threads,
                  void (*fill)(void *context, int member, size_t first, size_t n, const batch *x)) {
  stream stream = {0};
  status result = STATUS_OK;
  p->members = threads_for_work(threads, network_flops(net, p->rows));
  if (p->data != NULL) {
    p->plan = dataset_plan_batch(p->data, size_min(p->rows, STREAM_ROWS), 0);
  } else if (matrix_is_sparse(p->x)) {
    result = plan_sparse(p);
  }
  if (result == STATUS_OK) result = stream_allocate(&stream, net, &p->plan, p->members);
  if (result == STATUS_OK) stream_run(&stream, p->rows, &(stream_job){fill, consume, p});
  stream_free(&stream);
  arena_free(&p->arena);
  return result;
}

status network_predict(const network *net, int threads, const source_matrix *x, scaling scaling, link_id link,
                       double *out, bool *finite) {
  atomic_bool all_finite = true;
  prediction prediction = {.x = x,
                           .scaling = scaling,
                           .link = link,
                           .rows = x->rows,
                           .outputs = network_outputs(net),
                           .out = out,
                           .finite = &all_finite};
  status result = run(&prediction, net, threads, fill);
  *finite = atomic_load(&all_finite);
  return result;
}

status network_outputs_of(const network *net, int threads, const dataset *data, link_id link, double *out) {
  prediction prediction = {
      .data = data, .link = link, .rows = data->rows, .outputs = network_outputs(net), .out = out};
  return run(&prediction, net, threads, fill_from_data);
}
