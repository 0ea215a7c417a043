#include "predict.h"

#include <stdatomic.h>

#include "stream.h"

typedef struct prediction {
  const source_matrix *x;
  scaling scaling;
  link_id link;
  size_t outputs;
  double *out; /* [x->rows x outputs] column-major */
  atomic_bool *finite;
} prediction;

static void fill(void *context, size_t first, size_t n, panels x) {
  const prediction *p = context;
  bool finite = matrix_to_panels(p->x, first, n, p->scaling, x.data, x.stride);
  if (!finite) atomic_store_explicit(p->finite, false, memory_order_relaxed);
}

static void consume(void *context, size_t first, size_t n, panels output) {
  const prediction *p = context;
  link_rows(p->link, output, p->outputs, (range){0, n});
  panels_to_matrix(output.data, output.stride, n, p->outputs, p->out, p->x->rows, first);
}

status network_predict(const network *net, int threads, const source_matrix *x, scaling scaling, link_id link,
                       double *out, bool *finite) {
  stream stream;
  status result = stream_allocate(&stream, net, threads_for_work(threads, network_flops(net, x->rows)));
  if (result != STATUS_OK) return result;
  atomic_bool all_finite = true;
  prediction prediction = {x, scaling, link, network_outputs(net), out, &all_finite};
  stream_run(&stream, x->rows, &(stream_job){fill, consume, &prediction});
  stream_free(&stream);
  *finite = atomic_load(&all_finite);
  return STATUS_OK;
}
