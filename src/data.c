#include "data.h"

#include <string.h>

/* What dataset_allocate() was asked for. */
typedef struct dataset_request {
  dataset *data;
  bool chosen, classes, weighted, shifted;
} dataset_request;

static void lay_out(void *owner, arena *arena) {
  const dataset_request *request = owner;
  dataset *data = request->data;
  size_t rows = data->rows;
  if (request->chosen) {
    data->place = arena_take(arena, rows, sizeof(uint32_t));
  } else {
    data->x = arena_take(arena, size_multiply(rows, data->inputs), sizeof(float));
  }
  if (request->classes) {
    data->class_index = arena_take(arena, rows, sizeof(int32_t));
  } else {
    data->value = arena_take(arena, size_multiply(rows, data->columns), sizeof(float));
  }
  if (request->weighted) data->weight = arena_take(arena, rows, sizeof(float));
  if (request->shifted) data->offset = arena_take(arena, rows, sizeof(float));
}

status dataset_allocate(dataset *data, size_t rows, size_t inputs, size_t columns, bool classes,
                        bool weighted, bool shifted) {
  *data = (dataset){.rows = rows, .inputs = inputs, .columns = columns};
  return arena_build(&data->arena, lay_out, &(dataset_request){data, false, classes, weighted, shifted});
}

status dataset_choose(dataset *choice, const dataset *all, const uint32_t *rows, size_t n) {
  size_t columns = all->columns;
  *choice = (dataset){.rows = n, .inputs = all->inputs, .columns = columns, .x = all->x};
  dataset_request request = {choice, true, all->class_index != NULL, all->weight != NULL,
                             all->offset != NULL};
  status result = arena_build(&choice->arena, lay_out, &request);
  if (result != STATUS_OK) return result;
  for (size_t i = 0; i < n; i++) {
    size_t row = rows != NULL ? rows[i] : i;
    choice->place[i] = (uint32_t)row;
    if (all->class_index) choice->class_index[i] = all->class_index[row];
    if (all->value) memcpy(choice->value + i * columns, all->value + row * columns, columns * sizeof(float));
    if (all->weight) choice->weight[i] = all->weight[row];
    if (all->offset) choice->offset[i] = all->offset[row];
  }
  return STATUS_OK;
}

void dataset_free(dataset *data) {
  arena_free(&data->arena);
  *data = (dataset){0};
}

/* How far ahead of the row being copied cache lines are asked for, those to read and those to write: shuffled
   rows defeat the hardware's own prefetching, and the other members have read the batch. Memory takes as
   long to answer as some hundred floats to copy. */
enum { AHEAD_ROWS = 2, AHEAD_FLOATS = 512 };

static size_t rows_ahead(size_t inputs) { return AHEAD_ROWS + AHEAD_FLOATS / (inputs + 16); }

/* Spreads a row[inputs] over panels, 16 floats to each; the last panel's spare lanes become zero. */
static void scatter_row(const float *row, const float *later_row, size_t inputs, float *panels, size_t stride,
                        size_t ahead) {
  size_t whole = inputs / PANEL, rest = inputs % PANEL;
  for (size_t p = 0; p < whole; p++) {
    __builtin_prefetch(later_row + p * PANEL);
    prefetch_to_write(panels + p * stride + ahead * PANEL);
    memcpy(panels + p * stride, row + p * PANEL, PANEL * sizeof(float));
  }
  if (rest == 0) return;
  __builtin_prefetch(later_row + inputs - 1);
  float last[PANEL] = {0};
  memcpy(last, row + whole * PANEL, rest * sizeof(float));
  memcpy(panels + whole * stride, last, sizeof last);
}

/* A row of predictors. */
ALWAYS_INLINE const float *row_of(const dataset *data, size_t row) {
  return data->x + (data->place ? data->place[row] : row) * data->inputs;
}

ALWAYS_INLINE void prefetch_target(const dataset *data, size_t row) {
  if (data->class_index) __builtin_prefetch(data->class_index + row);
  if (data->value) __builtin_prefetch(data->value + row * data->columns);
  if (data->weight) __builtin_prefetch(data->weight + row);
  if (data->offset) __builtin_prefetch(data->offset + row);
}

void dataset_gather(const team *team, const dataset *data, const uint32_t *order, size_t first, size_t n,
                    const batch *batch) {
  size_t inputs = data->inputs, columns = data->columns, ahead = rows_ahead(inputs);
  range share = team_share(team, n);
  phase before = team_phase(team, PHASE_GATHER);
  for (size_t i = share.begin; i < share.end; i++) {
    size_t later = size_min(i + ahead, data->rows - first - 1); /* which may be of the next block */
    size_t row = order ? order[i] : first + i;
    size_t later_row = order ? order[later] : first + later;
    scatter_row(row_of(data, row), row_of(data, later_row), inputs, batch->x.data + i * PANEL,
                batch->x.stride, ahead);
    prefetch_target(data, later_row);
    if (batch->class_index) batch->class_index[i] = data->class_index[row];
    if (batch->value)
      memcpy(batch->value + i * columns, data->value + row * columns, columns * sizeof(float));
    if (batch->weight) batch->weight[i] = data->weight[row];
    if (batch->offset) batch->offset[i] = data->offset[row];
  }
  team_phase(team, before);
}

void dataset_restore(const team *team, const dataset *data, const uint32_t *order, size_t first, size_t n,
                     size_t column, const batch *batch) {
  range share = team_share(team, n);
  float *value = batch->x.data + column / PANEL * batch->x.stride + column % PANEL;
  for (size_t i = share.begin; i < share.end; i++) {
    if (value[i * PANEL] != 0) value[i * PANEL] = row_of(data, order ? order[i] : first + i)[column];
  }
}

targets dataset_targets(const dataset *data, size_t first) {
  const targets all = {data->class_index, data->value, data->weight, data->offset};
  return targets_from(&all, first, data->columns);
}

double dataset_weight(const dataset *data) {
  if (data->weight == NULL) return (double)data->rows;
  double sum = 0;
  for (size_t i = 0; i < data->rows; i++) sum += data->weight[i];
  return sum;
}
