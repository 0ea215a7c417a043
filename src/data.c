#include "data.h"

#include <string.h>

status dataset_allocate(dataset *data, size_t rows, size_t inputs, size_t outputs, bool classes,
                        bool weighted) {
  *data = (dataset){.rows = rows, .inputs = inputs, .outputs = outputs};
  arena_plan plan = {0};
  size_t x = arena_reserve(&plan, size_multiply(rows, inputs), sizeof(float));
  size_t target = classes ? arena_reserve(&plan, rows, sizeof(int32_t))
                          : arena_reserve(&plan, size_multiply(rows, outputs), sizeof(float));
  size_t weight = arena_reserve(&plan, weighted ? rows : 0, sizeof(float));
  status result = arena_allocate(&data->arena, &plan);
  if (result != STATUS_OK) return result;
  data->x = arena_at(&data->arena, x);
  data->class_index = classes ? arena_at(&data->arena, target) : NULL;
  data->value = classes ? NULL : arena_at(&data->arena, target);
  data->weight = weighted ? arena_at(&data->arena, weight) : NULL;
  return STATUS_OK;
}

void dataset_free(dataset *data) {
  arena_free(&data->arena);
  *data = (dataset){0};
}

/* Rows ahead of the one being copied whose cache lines are asked for: shuffled rows defeat the
   hardware's own prefetching. */
enum { AHEAD = 2 };

/* Spreads a row[inputs] over panels, 16 floats to each; the last panel's spare lanes become zero. */
static void scatter_row(const float *row, const float *later_row, size_t inputs, float *panels,
                        size_t stride) {
  size_t whole = inputs / PANEL, rest = inputs % PANEL;
  for (size_t p = 0; p < whole; p++) {
    __builtin_prefetch(later_row + p * PANEL);
    memcpy(panels + p * stride, row + p * PANEL, PANEL * sizeof(float));
  }
  if (rest == 0) return;
  __builtin_prefetch(later_row + inputs - 1);
  float last[PANEL] = {0};
  memcpy(last, row + whole * PANEL, rest * sizeof(float));
  memcpy(panels + whole * stride, last, sizeof last);
}

void dataset_gather(const team *team, const dataset *data, const uint32_t *order, size_t first, size_t n,
                    const batch *batch) {
  size_t inputs = data->inputs, outputs = data->outputs;
  range share = team_share(team, n);
  for (size_t i = share.begin; i < share.end; i++) {
    size_t later = size_min(i + AHEAD, n - 1);
    size_t row = order ? order[i] : first + i;
    size_t later_row = order ? order[later] : first + later;
    scatter_row(data->x + row * inputs, data->x + later_row * inputs, inputs, batch->x.data + i * PANEL,
                batch->x.stride);
    if (batch->class_index) batch->class_index[i] = data->class_index[row];
    if (batch->value)
      memcpy(batch->value + i * outputs, data->value + row * outputs, outputs * sizeof(float));
    if (batch->weight) batch->weight[i] = data->weight[row];
  }
}

targets dataset_targets(const dataset *data, size_t first) {
  return (targets){
      data->class_index ? data->class_index + first : NULL,
      data->value ? data->value + first * data->outputs : NULL,
      data->weight ? data->weight + first : NULL,
  };
}

double dataset_weight(const dataset *data, const uint32_t *order, size_t first, size_t n) {
  if (data->weight == NULL) return (double)n;
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += data->weight[order ? order[i] : first + i];
  return sum;
}
