#include "predict.h"

#include <stdatomic.h>

#include "stream.h"

typedef struct prediction {
  const source_matrix *x;
  scaling scaling;
  const dataset *data; /* or rows that the engine has already, in place of x and scaling */
  link_id link;
  size_t rows, outputs;
  double *out; /* [rows x outputs] column-major */
  atomic_bool *finite;
} prediction;

static void fill(void *context, size_t first, size_t n, panels x) {
  const prediction *p = context;
  bool finite = matrix_to_panels(p->x, first, n, p->scaling, x.data, x.stride);
  if (!finite) atomic_store_explicit(p->finite, false, memory_order_relaxed);
}

static void fill_from_data(void *context, size_t first, size_t n, panels x) {
  const prediction *p = context;
  const team solo = {.size = 1};
  dataset_gather(&solo, p->data, NULL, first, n, &(batch){.x = x});
}

static void consume(void *context, size_t first, size_t n, panels output) {
  const prediction *p = context;
  link_rows(p->link, output, p->outputs, (range){0, n});
  panels_to_matrix(output.data, output.stride, n, p->outputs, p->out, p->rows, first);
}

static status run(prediction *prediction, const network *net, int threads,
                  void (*fill)(void *context, size_t first, size_t n, panels x)) {
  stream stream;
  status result =
      stream_allocate(&stream, net, threads_for_work(threads, network_flops(net, prediction->rows)));
  if (result != STATUS_OK) return result;
  stream_run(&stream, prediction->rows, &(stream_job){fill, consume, prediction});
  stream_free(&stream);
  return STATUS_OK;
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
