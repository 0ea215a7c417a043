#include "parametric.h"

#include <string.h>

/* Rows that go through a buffer at once: they stay in the first-level cache. */
enum { BLOCK = 64 };

static const float *slopes(const layer *layer, const float *parameter, size_t panel) {
  return parameter + layer->slope + panel * PANEL;
}

static float *at(panels m, size_t panel, size_t row) { return m.data + panel * m.stride + row * PANEL; }

/* ---- forward and backward ---- */

void parametric_forward(const layer *layer, const float *parameter, part part, panels z, panels phi,
                        panels h) {
  size_t row = part.rows.begin, n = part.rows.end - row;
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    kernels_active()->blend(at(z, p, row), at(phi, p, row), n, slopes(layer, parameter, p), at(h, p, row));
  }
}

void parametric_predict(const layer *layer, const float *parameter, part part, panels z) {
  const kernels *kernels = kernels_active();
  float phi[BLOCK * PANEL] __attribute__((aligned(ALIGNMENT)));
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    for (size_t row = part.rows.begin; row < part.rows.end; row += BLOCK) {
      size_t n = size_min(BLOCK, part.rows.end - row);
      kernels->activation_value[layer->activation](at(z, p, row), phi, n, PANEL);
      kernels->blend(at(z, p, row), phi, n, slopes(layer, parameter, p), at(z, p, row));
    }
  }
}

/* With t = g phi'(z): dz = g + a (t - g). */
void parametric_backward(const layer *layer, const float *parameter, part part, panels z, panels phi,
                         panels g) {
  const kernels *kernels = kernels_active();
  float t[BLOCK * PANEL] __attribute__((aligned(ALIGNMENT)));
  panels kept = activation_of(layer->activation)->needs_input ? z : phi;
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    for (size_t row = part.rows.begin; row < part.rows.end; row += BLOCK) {
      size_t n = size_min(BLOCK, part.rows.end - row);
      memcpy(t, at(g, p, row), n * PANEL * sizeof(float));
      kernels->activation_gradient[layer->activation](at(kept, p, row), t, n, PANEL);
      kernels->slope_gradient(at(g, p, row), at(z, p, row), at(phi, p, row), n * PANEL);
      kernels->blend(at(g, p, row), t, n, slopes(layer, parameter, p), at(g, p, row));
    }
  }
}

/* ---- the parameters ---- */

void parametric_weights(const team *team, const layer *layer, size_t rows, panels phi,
                        const gradient_sink *sink) {
  range units = team_share(team, panels_of(layer->units));
  for (size_t p = units.begin; p < units.end; p++) {
    float sum[PANEL] __attribute__((aligned(ALIGNMENT)));
    kernels_active()->column_sums(at(phi, p, 0), rows, false, sum);
    sink_take(sink, GROUP_activation, layer->slope + p * PANEL, sum, PANEL);
  }
}

void parametric_update(const team *team, const layer *layer, const gradient_sink *sink) {
  range units = team_share(team, panels_of(layer->units));
  for (size_t p = units.begin; p < units.end; p++)
    sink_update(sink, GROUP_activation, layer->slope + p * PANEL, PANEL);
}
