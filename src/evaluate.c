#include "evaluate.h"

#include <string.h>

static void lay_out(void *owner, arena *arena) {
  evaluator *e = owner;
  e->row_loss = arena_take(arena, e->data->rows, sizeof(double));
  e->row_score = arena_take(arena, e->data->rows, sizeof(double));
}

status evaluator_allocate(evaluator *evaluator, const network *net, const dataset *data, const loss *loss,
                          int members) {
  memset(evaluator, 0, sizeof *evaluator);
  evaluator->data = data;
  evaluator->loss = loss;
  if (loss_of(loss->id)->calls_back) members = 1;
  const sparse_batch plan = dataset_plan_batch(data, size_min(data->rows, STREAM_ROWS), 0);
  status result = stream_allocate(&evaluator->stream, net, &plan, members);
  return result == STATUS_OK ? arena_build(&evaluator->arena, lay_out, evaluator) : result;
}

void evaluator_free(evaluator *evaluator) {
  stream_free(&evaluator->stream);
  arena_free(&evaluator->arena);
}

static void fill(void *context, int member, size_t first, size_t n, const batch *x) {
  const evaluator *e = context;
  const team solo = {.size = 1};
  (void)member;
  dataset_gather(&solo, e->data, NULL, first, n, x);
}

static void consume(void *context, size_t first, size_t n, panels output) {
  const evaluator *e = context;
  const loss_block block = {
      .output = output,
      .outputs = network_outputs(e->stream.net),
      .targets = dataset_targets(e->data, first),
      .row_loss = e->row_loss + first,
      .row_score = e->row_score + first,
  };
  loss_rows(e->loss, &block, (range){0, n});
}

void evaluator_run(evaluator *evaluator, double *mean_loss, double *mean_score) {
  const dataset *data = evaluator->data;
  stream_run(&evaluator->stream, data->rows, &(stream_job){fill, consume, evaluator});
  double loss = 0, score = 0;
  for (size_t r = 0; r < data->rows; r++) {
    loss += evaluator->row_loss[r];
    score += evaluator->row_score[r];
  }
  double weight = dataset_weight(data);
  *mean_loss = loss / weight;
  *mean_score = score / weight;
}
