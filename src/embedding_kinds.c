#include <string.h>

#include "embedding.h"

size_t embedded_parameters(const embedded *f) {
  embedding_part part[EMBEDDING_PARTS];
  size_t total = 0;
  int parts = embedding_kind_of(f->kind)->parts(f, part);
  for (int k = 0; k < parts; k++) total += part[k].rows * (part[k].columns > 0 ? part[k].columns : 1);
  return panels_of(total) * PANEL;
}

/* ---- numbers: the kernels see rows of one column, whole runs of PANEL, zero beyond the last ---- */

/* What the kernels of a kind do, as kernels.h says. */
typedef struct number_kernels {
  void (*value)(const embedding *e, const embedded *f, const float *own, const float *x, float *out);
  void (*slope)(const embedding *e, const embedded *f, const float *own, const float *x, const float *d,
                float *slope);
  void (*gradient)(const embedding *e, const embedded *f, const float *own, const float *x, size_t rows,
                   const float *d, float *sums);
} number_kernels;

static periodic periodic_of(const embedded *f, const float *own) {
  return (periodic){.frequencies = f->size,
                    .outputs = f->outputs,
                    .frequency = own,
                    .phase = own + f->size,
                    .weight = own + 2 * f->size,
                    .bias = own + (2 + f->outputs) * f->size};
}

static int periodic_parts(const embedded *f, embedding_part part[EMBEDDING_PARTS]) {
  part[0] = (embedding_part){"frequency", f->size, 0, false};
  part[1] = (embedding_part){"phase", f->size, 0, false};
  part[2] = (embedding_part){"weight", f->size, f->outputs, false};
  part[3] = (embedding_part){"bias", f->outputs, 0, false};
  return 4;
}

static void wave_value(const embedding *e, const embedded *f, const float *own, const float *x, float *out) {
  const periodic shape = periodic_of(f, own);
  (void)e;
  kernels_active()->periodic_value(x, &shape, out);
}

static void wave_slope(const embedding *e, const embedded *f, const float *own, const float *x,
                       const float *d, float *slope) {
  const periodic shape = periodic_of(f, own);
  (void)e;
  kernels_active()->periodic_slope(x, &shape, d, slope);
}

static void wave_gradient(const embedding *e, const embedded *f, const float *own, const float *x,
                          size_t rows, const float *d, float *sums) {
  const periodic shape = periodic_of(f, own);
  (void)e;
  kernels_active()->periodic_gradient(x, rows, &shape, d, sums);
}

static piecewise piecewise_of(const embedding *e, const embedded *f, const float *own) {
  const float *constant = e->constant + f->constant;
  return (piecewise){.bins = f->size,
                     .outputs = f->outputs,
                     .begin = constant,
                     .inverse = constant + f->size + 1,
                     .weight = own};
}

static int piecewise_parts(const embedded *f, embedding_part part[EMBEDDING_PARTS]) {
  part[0] = (embedding_part){"weight", f->size, f->outputs, false};
  return 1;
}

static size_t piecewise_constants(const embedded *f) { return 2 * f->size + 1; }

void embedding_set_edges(const embedding *e, const embedded *f, const double *edges) {
  float *constant = e->constant + f->constant;
  for (size_t t = 0; t <= f->size; t++) constant[t] = (float)edges[t];
  for (size_t t = 0; t < f->size; t++) {
    float width = constant[t + 1] - constant[t]; /* of the edges as they are given back */
    constant[f->size + 1 + t] = width > 0 ? 1 / width : 0;
  }
}

void embedding_get_edges(const embedding *e, const embedded *f, double *edges) {
  for (size_t t = 0; t <= f->size; t++) edges[t] = e->constant[f->constant + t];
}

static void piece_value(const embedding *e, const embedded *f, const float *own, const float *x, float *out) {
  const piecewise shape = piecewise_of(e, f, own);
  kernels_active()->piecewise_value(x, &shape, out);
}

static void piece_slope(const embedding *e, const embedded *f, const float *own, const float *x,
                        const float *d, float *slope) {
  const piecewise shape = piecewise_of(e, f, own);
  kernels_active()->piecewise_slope(x, &shape, d, slope);
}

static void piece_gradient(const embedding *e, const embedded *f, const float *own, const float *x,
                           size_t rows, const float *d, float *sums) {
  const piecewise shape = piecewise_of(e, f, own);
  kernels_active()->piecewise_gradient(x, rows, &shape, d, sums);
}

static const number_kernels numbers[EMBEDDING_COUNT] = {
    [EMBEDDING_PERIODIC] = {wave_value, wave_slope, wave_gradient},
    [EMBEDDING_PIECEWISE] = {piece_value, piece_slope, piece_gradient},
};

static void read_column(panels m, size_t row, size_t n, size_t column, float out[PANEL]) {
  const float *from = panels_cell(m, row, column);
  for (size_t i = 0; i < PANEL; i++) out[i] = i < n ? from[i * PANEL] : 0;
}

static void read_outputs(const embedded *f, panels dout, size_t row, size_t n, float *out, size_t stride) {
  for (size_t k = 0; k < f->outputs; k++) read_column(dout, row, n, f->first + k, out + k * stride);
}

static void number_forward(const embedding *e, const embedded *f, const float *parameter, panels x,
                           size_t row, size_t n, panels out) {
  float value[PANEL] __attribute__((aligned(ALIGNMENT))),
      result[MOST_OUTPUTS * PANEL] __attribute__((aligned(ALIGNMENT)));
  read_column(x, row, n, f->column, value);
  numbers[f->kind].value(e, f, parameter + f->parameter, value, result);
  for (size_t k = 0; k < f->outputs; k++) {
    float *to = panels_cell(out, row, f->first + k);
    for (size_t i = 0; i < n; i++) to[i * PANEL] = result[k * PANEL + i];
  }
}

static void number_backward(const embedding *e, const embedded *f, const float *parameter, panels x,
                            panels dout, size_t row, size_t n, panels dx) {
  float value[PANEL] __attribute__((aligned(ALIGNMENT))), slope[PANEL] __attribute__((aligned(ALIGNMENT))),
      d[MOST_OUTPUTS * PANEL] __attribute__((aligned(ALIGNMENT)));
  read_column(x, row, n, f->column, value);
  read_outputs(f, dout, row, n, d, PANEL);
  numbers[f->kind].slope(e, f, parameter + f->parameter, value, d, slope);
  float *to = panels_cell(dx, row, f->column);
  for (size_t i = 0; i < n; i++) to[i * PANEL] += slope[i];
}

/* Sums by lanes, the column's rows, and what comes back to its outputs. */
static size_t number_scratch(const embedded *f, size_t rows) {
  return (embedded_parameters(f) + panels_of(rows) * (1 + f->outputs)) * PANEL;
}

/* Sums by lanes of rows, and then over the lanes. Each column is one member's. */
static void number_weights(const team *team, const embedding *e, size_t feature, const float *parameter,
                           panels x, panels dout, size_t n, const gradient_sink *sink, float *sums) {
  const embedded *f = &e->of[feature];
  const size_t floats = embedded_parameters(f), rows = panels_of(n) * PANEL;
  float *value = sums + floats * PANEL, *d = value + rows;
  if (feature % (size_t)team->size != (size_t)team->rank) return;
  for (size_t row = 0; row < n; row += PANEL) {
    read_column(x, row, size_min(PANEL, n - row), f->column, value + row);
    read_outputs(f, dout, row, size_min(PANEL, n - row), d + row, rows);
  }
  memset(sums + (floats - PANEL) * PANEL, 0, PANEL * PANEL * sizeof(float)); /* what pads the parameters */
  numbers[f->kind].gradient(e, f, parameter + f->parameter, value, rows, d, sums);
  for (size_t i = 0; i < floats; i++) {
    float sum = 0;
    for (size_t lane = 0; lane < PANEL; lane++) sum += sums[i * PANEL + lane];
    sums[i] = sum;
  }
  sink_take(sink, embedding_kind_of(f->kind)->group, f->parameter, sums, floats);
}

/* ---- codes of factors ---- */

static int table_parts(const embedded *f, embedding_part part[EMBEDDING_PARTS]) {
  part[0] = (embedding_part){"table", f->size, f->outputs, true};
  return 1;
}

/* The row of the table that a code stands for; size where it stands for none. */
static size_t level_of(const embedded *f, float code) {
  return code >= 1 && code <= (float)f->size ? (size_t)code - 1 : f->size;
}

static void table_forward(const embedding *e, const embedded *f, const float *parameter, panels x, size_t row,
                          size_t n, panels out) {
  (void)e;
  for (size_t i = 0; i < n; i++) {
    size_t level = level_of(f, *panels_cell(x, row + i, f->column));
    const float *from = parameter + f->parameter + level * f->outputs;
    for (size_t k = 0; k < f->outputs; k++)
      *panels_cell(out, row + i, f->first + k) = level < f->size ? from[k] : 0;
  }
}

/* Rows of a table whose gradients are summed together: a multiple of PANEL, few enough for the first-level
   cache. */
static size_t table_block(const embedded *f) {
  enum { BLOCK_FLOATS = 4096 };
  size_t rows = BLOCK_FLOATS / f->outputs / PANEL * PANEL;
  return size_min(rows > PANEL ? rows : PANEL, panels_of(f->size) * PANEL);
}

static size_t table_scratch(const embedded *f, size_t rows) {
  return table_block(f) * f->outputs + panels_of(rows) * PANEL;
}

/* Each member sees to some rows of the table, and adds up theirs of the block's gradients in order: all rows
   of the table take part in the update, as moments fade where no row of the data has the level. */
static void table_weights(const team *team, const embedding *e, size_t feature, const float *parameter,
                          panels x, panels dout, size_t n, const gradient_sink *sink, float *scratch) {
  const embedded *f = &e->of[feature];
  range share = team_share(team, panels_of(f->size));
  size_t end = size_min(share.end * PANEL, f->size), block = table_block(f), outputs = f->outputs;
  uint32_t *level = (uint32_t *)(void *)(scratch + block * outputs);
  (void)parameter;
  if (share.begin * PANEL >= end) return;
  for (size_t i = 0; i < n; i++) level[i] = (uint32_t)level_of(f, *panels_cell(x, i, f->column));
  for (size_t first = share.begin * PANEL; first < end; first += block) {
    size_t rows = size_min(block, end - first), floats = panels_of(rows * outputs) * PANEL;
    memset(scratch, 0, floats * sizeof(float));
    for (size_t i = 0; i < n; i++) {
      if (level[i] < first || level[i] >= first + rows) continue;
      float *sum = scratch + (level[i] - first) * outputs;
      for (size_t k = 0; k < outputs; k++) sum[k] += *panels_cell(dout, i, f->first + k);
    }
    sink_take(sink, GROUP_factor_embedding, f->parameter + first * outputs, scratch, floats);
  }
}

/* ---- the registry ---- */

static size_t no_constants(const embedded *f) {
  (void)f;
  return 0;
}

static const embedding_kind kinds[EMBEDDING_COUNT] = {
    [EMBEDDING_PERIODIC] = {"periodic", GROUP_embedding, false, periodic_parts, no_constants, number_forward,
                            number_backward, number_weights, number_scratch},
    [EMBEDDING_PIECEWISE] = {"piecewise", GROUP_embedding, false, piecewise_parts, piecewise_constants,
                             number_forward, number_backward, number_weights, number_scratch},
    [EMBEDDING_TABLE] = {"factor", GROUP_factor_embedding, true, table_parts, no_constants, table_forward,
                         NULL, table_weights, table_scratch},
};

const embedding_kind *embedding_kind_of(embedding_id id) { return &kinds[id]; }

embedding_id embedding_find(const char *name) {
  int id = 0;
  while (id < EMBEDDING_COUNT && strcmp(kinds[id].name, name) != 0) id++;
  return (embedding_id)id;
}
