#include "embedding.h"

#include <string.h>

size_t embedding_floats(const embedding *e) {
  return panels_of((2 + e->outputs) * e->frequencies + e->outputs) * PANEL;
}

size_t embedding_width(const embedding *e) { return e->columns + e->features * e->outputs; }

/* One embedded column: its parameters as the kernels take them. */
static periodic periodic_of(const embedding *e, const float *parameter, size_t feature) {
  const float *own = parameter + e->parameter + feature * embedding_floats(e);
  return (periodic){.frequencies = e->frequencies,
                    .outputs = e->outputs,
                    .frequency = own,
                    .phase = own + e->frequencies,
                    .weight = own + 2 * e->frequencies,
                    .bias = own + (2 + e->outputs) * e->frequencies};
}

/* ---- columns of panels: n <= PANEL rows, zero beyond them ---- */

static float *cell(panels m, size_t row, size_t column) {
  return m.data + column / PANEL * m.stride + row * PANEL + column % PANEL;
}

static void read_column(panels m, size_t row, size_t n, size_t column, float out[PANEL]) {
  const float *from = cell(m, row, column);
  for (size_t i = 0; i < PANEL; i++) out[i] = i < n ? from[i * PANEL] : 0;
}

static void write_column(panels m, size_t row, size_t n, size_t column, const float in[PANEL]) {
  float *to = cell(m, row, column);
  for (size_t i = 0; i < n; i++) to[i * PANEL] = in[i];
}

/* Where the outputs of a feature begin. */
static size_t first_output(const embedding *e, size_t feature) { return e->columns + feature * e->outputs; }

/* ---- forward and backward ---- */

static void copy_columns(size_t columns, panels from, range rows, panels to) {
  for (size_t p = 0; p < panels_of(columns); p++) {
    memcpy(to.data + p * to.stride + rows.begin * PANEL, from.data + p * from.stride + rows.begin * PANEL,
           (rows.end - rows.begin) * PANEL * sizeof(float));
  }
}

void embedding_forward(const embedding *e, const float *parameter, panels x, range rows, panels out) {
  float value[PANEL] __attribute__((aligned(ALIGNMENT))),
      result[MOST_OUTPUTS * PANEL] __attribute__((aligned(ALIGNMENT)));
  copy_columns(e->columns, x, rows, out);
  for (size_t row = rows.begin; row < rows.end; row += PANEL) {
    size_t n = size_min(PANEL, rows.end - row);
    for (size_t f = 0; f < e->features; f++) {
      const periodic own = periodic_of(e, parameter, f);
      read_column(x, row, n, e->column[f], value);
      kernels_active()->periodic_value(value, &own, result);
      for (size_t k = 0; k < e->outputs; k++)
        write_column(out, row, n, first_output(e, f) + k, result + k * PANEL);
    }
  }
}

static void read_outputs(const embedding *e, panels dout, size_t row, size_t n, size_t feature,
                         float out[MOST_OUTPUTS * PANEL]) {
  for (size_t k = 0; k < e->outputs; k++)
    read_column(dout, row, n, first_output(e, feature) + k, out + k * PANEL);
}

void embedding_backward(const embedding *e, const float *parameter, panels x, panels dout, range rows,
                        panels dx) {
  float value[PANEL] __attribute__((aligned(ALIGNMENT))), slope[PANEL] __attribute__((aligned(ALIGNMENT))),
      d[MOST_OUTPUTS * PANEL] __attribute__((aligned(ALIGNMENT)));
  copy_columns(e->columns, dout, rows, dx);
  for (size_t row = rows.begin; row < rows.end; row += PANEL) {
    size_t n = size_min(PANEL, rows.end - row);
    for (size_t f = 0; f < e->features; f++) {
      const periodic own = periodic_of(e, parameter, f);
      read_column(x, row, n, e->column[f], value);
      read_outputs(e, dout, row, n, f, d);
      kernels_active()->periodic_slope(value, &own, d, slope);
      float *to = cell(dx, row, e->column[f]);
      for (size_t i = 0; i < n; i++) to[i * PANEL] += slope[i];
    }
  }
}

/* The gradient of one column's parameters: sums by lanes of rows, and then over the lanes. */
static void feature_gradient(const embedding *e, const float *parameter, size_t feature, panels x,
                             panels dout, size_t n, float *sums) {
  float value[PANEL] __attribute__((aligned(ALIGNMENT))),
      d[MOST_OUTPUTS * PANEL] __attribute__((aligned(ALIGNMENT)));
  const periodic own = periodic_of(e, parameter, feature);
  size_t floats = embedding_floats(e);
  memset(sums, 0, floats * PANEL * sizeof(float));
  for (size_t row = 0; row < n; row += PANEL) {
    read_column(x, row, size_min(PANEL, n - row), e->column[feature], value);
    read_outputs(e, dout, row, size_min(PANEL, n - row), feature, d);
    kernels_active()->periodic_gradient(value, &own, d, sums);
  }
  for (size_t i = 0; i < floats; i++) {
    float sum = 0;
    for (size_t lane = 0; lane < PANEL; lane++) sum += sums[i * PANEL + lane];
    sums[i] = sum;
  }
}

void embedding_weights(const team *team, const embedding *e, const float *parameter, panels x, panels dout,
                       size_t n, const gradient_sink *sink, float *sums) {
  range mine = team_share(team, e->features);
  size_t floats = embedding_floats(e);
  for (size_t f = mine.begin; f < mine.end; f++) {
    feature_gradient(e, parameter, f, x, dout, n, sums);
    sink_take(sink, GROUP_embedding, e->parameter + f * floats, sums, floats);
  }
}

void embedding_update(const team *team, const embedding *e, const gradient_sink *sink) {
  range mine = team_share(team, e->features);
  size_t floats = embedding_floats(e);
  for (size_t f = mine.begin; f < mine.end; f++)
    sink_update(sink, GROUP_embedding, e->parameter + f * floats, floats);
}
