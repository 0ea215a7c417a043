#include "normalize.h"

#include <float.h>
#include <math.h>

static const float EPSILON = 1e-5f, MOMENTUM = .1f;

/* Two rows are the fewest that have a spread; from 2^24 on n - 1 is n. */
static float unbiased_factor(double rows) {
  float n = (float)fmin(fmax(rows, 2), 1 << 24);
  return n / (n - 1);
}

row_count norm_count(const float *weight, double worth, size_t n) {
  double sum = 0;
  for (size_t r = 0; weight != NULL && r < n; r++) sum += weight[r];
  /* Below that a float has no digits left for what such weights multiply. */
  if (sum < FLT_MIN / FLT_EPSILON) return (row_count){NULL, (float)n, unbiased_factor((double)n)};
  return (row_count){weight, (float)sum, unbiased_factor(sum * worth)};
}

split norm_split(const layer *layer, int size) {
  if (layer->norm == NORM_BATCH) return SPLIT_PANELS;
  return layer->norm == NORM_LAYER ? SPLIT_ROWS : split_for(size, layer->units);
}

/* ---- by units over a batch ---- */

/* The statistics of a panel's units: those of the block, or the running ones. */
static void batch_statistics(const layer *layer, float *parameter, const step_rows *at, size_t p, size_t rows,
                             const float *a, float *mean, float *inverse) {
  float *running_mean = parameter + layer->mean + p * PANEL, variance[PANEL] __attribute__((aligned(64)));
  float *running_variance = parameter + layer->variance + p * PANEL;
  if (at != NULL) kernels_active()->column_moments(a, rows, at->count.weight, at->count.sum, mean, variance);
  for (int j = 0; j < PANEL; j++) {
    if (at != NULL) {
      running_mean[j] += MOMENTUM * (mean[j] - running_mean[j]);
      running_variance[j] += MOMENTUM * (at->count.unbiased * variance[j] - running_variance[j]);
    } else {
      mean[j] = running_mean[j];
      variance[j] = running_variance[j];
    }
    inverse[j] = 1 / sqrtf(variance[j] + EPSILON);
  }
}

static void batch_forward(const layer *layer, float *parameter, const step_rows *at, part part, size_t rows,
                          panels normal, panels z, float *inverse) {
  float mean[PANEL] __attribute__((aligned(64))), own[PANEL] __attribute__((aligned(64)));
  size_t first = part.rows.begin * PANEL;
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    float *a = normal.data + p * normal.stride + first, *factor = inverse != NULL ? inverse + p * PANEL : own;
    batch_statistics(layer, parameter, at, p, rows, a, mean, factor);
    kernels_active()->normalize_columns(a, part.rows.end - part.rows.begin, mean, factor,
                                        parameter + layer->scale + p * PANEL,
                                        parameter + layer->shift + p * PANEL, z.data + p * z.stride + first);
  }
}

/* With the share of each row in the statistics (1 / rows, or weight / sum),
     da = scale inverse (dz - share sum(dz) - share normal sum(dz normal));
   without the sums where the statistics are not those of the block. */
static void batch_backward(const layer *layer, const float *parameter, const step_rows *at, part part,
                           size_t rows, const norm_state *state, panels dz) {
  float mean[PANEL] __attribute__((aligned(64))), slope[PANEL] __attribute__((aligned(64)));
  float factor[PANEL] __attribute__((aligned(64)));
  const float share = at != NULL ? 1 / at->count.sum : 0, *weight = at != NULL ? at->count.weight : NULL;
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    float *d = dz.data + p * dz.stride, *dscale = state->dscale + p * PANEL,
          *dshift = state->dshift + p * PANEL;
    const float *normal = state->normal.data + p * state->normal.stride;
    kernels_active()->column_sums(d, rows, false, dshift);
    kernels_active()->column_products(d, normal, rows, dscale);
    for (int j = 0; j < PANEL; j++) {
      mean[j] = share * dshift[j];
      slope[j] = share * dscale[j];
      factor[j] = parameter[layer->scale + p * PANEL + (size_t)j] * state->inverse[p * PANEL + (size_t)j];
    }
    kernels_active()->normalize_columns_gradient(d, normal, rows, weight, factor, mean, slope);
  }
}

/* ---- by rows over a layer ---- */

static void layer_forward(const layer *layer, const float *parameter, part part, panels normal, panels z,
                          float *inverse) {
  enum { ROWS = 64 };
  float own[ROWS];
  for (size_t r = part.rows.begin, n; r < part.rows.end; r += n) {
    n = size_min(ROWS, part.rows.end - r);
    kernels_active()->normalize_rows(normal.data + r * PANEL, normal.stride, layer->units, n,
                                     parameter + layer->scale, parameter + layer->shift, EPSILON,
                                     z.data + r * PANEL, z.stride, inverse != NULL ? inverse + r : own);
  }
}

static void layer_backward(const layer *layer, const float *parameter, part part, const norm_state *state,
                           panels dz, panels da) {
  size_t r = part.rows.begin;
  kernels_active()->normalize_rows_gradient(
      dz.data + r * PANEL, dz.stride, state->normal.data + r * PANEL, state->normal.stride, layer->units,
      part.rows.end - r, parameter + layer->scale, state->inverse + r, da.data + r * PANEL, da.stride);
}

/* ---- either ---- */

void norm_forward(const layer *layer, float *parameter, const step_rows *at, part part, size_t rows,
                  panels normal, panels z, float *inverse) {
  if (layer->norm == NORM_BATCH) {
    batch_forward(layer, parameter, at, part, rows, normal, z, inverse);
  } else {
    layer_forward(layer, parameter, part, normal, z, inverse);
  }
}

void norm_backward(const layer *layer, const float *parameter, const step_rows *at, part part, size_t rows,
                   const norm_state *state, panels dz, panels da) {
  if (layer->norm == NORM_BATCH) {
    batch_backward(layer, parameter, at, part, rows, state, dz);
  } else {
    layer_backward(layer, parameter, part, state, dz, da);
  }
}

/* Sums over rows of a layer's own are those of all members, and wait until they have met. */
static void layer_sums(const norm_state *state, size_t p, size_t rows) {
  const float *dz = state->dz.data + p * state->dz.stride;
  kernels_active()->column_sums(dz, rows, false, state->dshift + p * PANEL);
  kernels_active()->column_products(dz, state->normal.data + p * state->normal.stride, rows,
                                    state->dscale + p * PANEL);
}

/* The averages of a panel's running statistics. */
static void average_statistics(const layer *layer, size_t p, const gradient_sink *sink) {
  if (layer->norm != NORM_BATCH) return;
  sink_average(sink, layer->mean + p * PANEL, PANEL);
  sink_average(sink, layer->variance + p * PANEL, PANEL);
}

void norm_weights(const team *team, const layer *layer, size_t rows, const norm_state *state,
                  const gradient_sink *sink) {
  range panels = team_share(team, panels_of(layer->units));
  for (size_t p = panels.begin; p < panels.end; p++) {
    if (layer->norm == NORM_LAYER) layer_sums(state, p, rows);
    sink_take(sink, GROUP_norm, layer->scale + p * PANEL, state->dscale + p * PANEL, PANEL);
    sink_take(sink, GROUP_norm, layer->shift + p * PANEL, state->dshift + p * PANEL, PANEL);
    average_statistics(layer, p, sink);
  }
}

void norm_update(const team *team, const layer *layer, const gradient_sink *sink) {
  range panels = team_share(team, panels_of(layer->units));
  for (size_t p = panels.begin; p < panels.end; p++) {
    sink_update(sink, GROUP_norm, layer->scale + p * PANEL, PANEL);
    sink_update(sink, GROUP_norm, layer->shift + p * PANEL, PANEL);
    average_statistics(layer, p, sink);
  }
}
