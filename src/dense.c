#include "dense.h"

/* This member's part of an output [rows x columns]. */
typedef struct part {
  range rows, panels;
} part;

static size_t strips_of(size_t columns) { return (panels_of(columns) + STRIP_PANELS - 1) / STRIP_PANELS; }

static part part_of(const team *team, split split, size_t rows, size_t columns) {
  size_t panels = panels_of(columns);
  if (split == SPLIT_ROWS) return (part){team_share(team, rows), {0, panels}};
  range strips = team_share(team, strips_of(columns));
  return (part){{0, rows}, {strips.begin * STRIP_PANELS, size_min(strips.end * STRIP_PANELS, panels)}};
}

split split_for(int size, size_t columns) {
  size_t members = (size_t)size, strips = strips_of(columns);
  bool even = strips % members == 0 || strips >= 8 * members;
  return even ? SPLIT_PANELS : SPLIT_ROWS;
}

/* ---- forward and backward through x W + b ---- */

/* One strip of units while it is in cache: the product, then the activation. */
static void forward_strip(const layer *layer, const float *parameter, panels x, range rows, size_t panel,
                          size_t panels_in_strip, panels z, panels h) {
  const kernels *kernels = kernels_active();
  size_t weight_stride = layer->inputs * PANEL, n = rows.end - rows.begin;
  panels out = z.data != NULL ? z : h;
  float *first = out.data + panel * out.stride + rows.begin * PANEL;
  kernels->product(x.data + rows.begin * PANEL, x.stride, n, layer->inputs,
                   parameter + layer->weight + panel * weight_stride, weight_stride, panels_in_strip,
                   parameter + layer->bias + panel * PANEL, first, out.stride);
  if (layer->activation == ACTIVATION_identity && z.data == NULL) return;
  for (size_t p = 0; p < panels_in_strip; p++) {
    float *activated = h.data + (panel + p) * h.stride + rows.begin * PANEL;
    kernels->activation_value[layer->activation](first + p * out.stride, activated, n * PANEL);
  }
}

void dense_forward(const team *team, split split, const layer *layer, const float *parameter, panels x,
                   size_t rows, panels z, panels h) {
  part mine = part_of(team, split, rows, layer->units);
  for (size_t p = mine.panels.begin; p < mine.panels.end; p += STRIP_PANELS) {
    forward_strip(layer, parameter, x, mine.rows, p, size_min(STRIP_PANELS, mine.panels.end - p), z, h);
  }
}

/* dh *= phi'(z) for some panels of some rows. */
static void backward_activation(activation_id activation, part part, panels kept, panels dh) {
  if (activation == ACTIVATION_identity) return;
  size_t n = (part.rows.end - part.rows.begin) * PANEL, first = part.rows.begin * PANEL;
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    kernels_active()->activation_gradient[activation](kept.data + p * kept.stride + first,
                                                      dh.data + p * dh.stride + first, n);
  }
}

void dense_backward_activation(const layer *layer, range rows, panels kept, panels dh) {
  backward_activation(layer->activation, (part){rows, {0, panels_of(layer->units)}}, kept, dh);
}

void dense_backward_input(const team *team, split split, const layer *layer, const float *transposed,
                          panels dz, size_t rows, activation_id below, panels kept, panels dx) {
  size_t stride = layer->units * PANEL;
  part mine = part_of(team, split, rows, layer->inputs);
  range share = mine.rows;
  for (size_t p = mine.panels.begin; p < mine.panels.end; p += STRIP_PANELS) {
    size_t strip = size_min(STRIP_PANELS, mine.panels.end - p);
    kernels_active()->product(dz.data + share.begin * PANEL, dz.stride, share.end - share.begin, layer->units,
                              transposed + p * stride, stride, strip, NULL,
                              dx.data + p * dx.stride + share.begin * PANEL, dx.stride);
    backward_activation(below, (part){share, {p, p + strip}}, kept, dx);
  }
}

/* ---- gradient of the parameters, and their update ---- */

/* A strip of W: rows inputs.begin .. inputs.end - 1 (from a multiple of 16) of some panels of units. */
typedef struct strip {
  range inputs, panels;
} strip;

/* Strips one below the other; one at least, as the first also sees to the bias. */
static size_t chunks_of(const layer *layer) {
  return layer->inputs > 0 ? (layer->inputs + STRIP_INPUTS - 1) / STRIP_INPUTS : 1;
}

/* The index-th of a layer's strips; all strips of the same units follow each other. */
static strip strip_at(const layer *layer, size_t chunks, size_t index) {
  size_t input = index % chunks * STRIP_INPUTS, panel = index / chunks * STRIP_PANELS;
  return (strip){{input, size_min(input + STRIP_INPUTS, layer->inputs)},
                 {panel, size_min(panel + STRIP_PANELS, panels_of(layer->units))}};
}

static void update_span(const gradient_sink *sink, bool is_weight, size_t offset, const float *gradient,
                        size_t n) {
  float *moment[2];
  for (int k = 0; k < 2; k++) moment[k] = sink->moment[k] != NULL ? sink->moment[k] + offset : NULL;
  optimizer_update(sink->optimizer, is_weight, sink->parameter + offset, gradient, moment, n);
}

static void weight_strip(const layer *layer, panels x, panels dz, size_t rows, const gradient_sink *sink,
                         strip s) {
  size_t height = s.inputs.end - s.inputs.begin, stride = layer->inputs * PANEL;
  size_t offset = layer->weight + s.panels.begin * stride + s.inputs.begin * PANEL;
  panels g = {sink->scratch, STRIP_INPUTS * PANEL};
  if (sink->gradient != NULL) g = (panels){sink->gradient + offset, stride};
  kernels_active()->product_transposed(x.data + s.inputs.begin / PANEL * x.stride, x.stride, height, rows,
                                       dz.data + s.panels.begin * dz.stride, dz.stride,
                                       s.panels.end - s.panels.begin, sink->accumulate, g.data, g.stride);
  if (sink->optimizer == NULL) return;
  for (size_t p = 0; p < s.panels.end - s.panels.begin; p++) {
    update_span(sink, true, offset + p * stride, g.data + p * g.stride, height * PANEL);
  }
}

static void bias_strip(const layer *layer, panels dz, size_t rows, const gradient_sink *sink, range panels) {
  for (size_t p = panels.begin; p < panels.end; p++) {
    size_t offset = layer->bias + p * PANEL;
    float *g = sink->gradient != NULL ? sink->gradient + offset : sink->scratch;
    kernels_active()->column_sums(dz.data + p * dz.stride, rows, sink->accumulate, g);
    if (sink->optimizer != NULL) update_span(sink, false, offset, g, PANEL);
  }
}

static void transpose_strip(const layer *layer, const float *parameter, float *transposed, strip s) {
  size_t height = s.inputs.end - s.inputs.begin, stride = layer->units * PANEL;
  for (size_t p = s.panels.begin; p < s.panels.end; p++) {
    const float *block = parameter + layer->weight + (p * layer->inputs + s.inputs.begin) * PANEL;
    int columns = (int)size_min(PANEL, layer->units - p * PANEL);
    kernels_active()->transpose_panel(
        block, height, columns, transposed + s.inputs.begin / PANEL * stride + p * PANEL * PANEL, stride);
  }
}

void dense_backward_weights(const team *team, const layer *layer, panels x, panels dz, size_t rows,
                            const gradient_sink *sink, float *transposed) {
  size_t chunks = chunks_of(layer);
  range mine = team_share(team, chunks * strips_of(layer->units));
  for (size_t i = mine.begin; i < mine.end; i++) {
    strip s = strip_at(layer, chunks, i);
    weight_strip(layer, x, dz, rows, sink, s);
    if (s.inputs.begin == 0) bias_strip(layer, dz, rows, sink, s.panels);
    if (transposed != NULL && sink->optimizer != NULL) transpose_strip(layer, sink->parameter, transposed, s);
  }
}

void dense_transpose(const team *team, const layer *layer, const float *parameter, float *transposed) {
  size_t chunks = chunks_of(layer);
  range mine = team_share(team, chunks * strips_of(layer->units));
  for (size_t i = mine.begin; i < mine.end; i++) {
    transpose_strip(layer, parameter, transposed, strip_at(layer, chunks, i));
  }
}

size_t dense_transposed_size(const layer *layer) { return panels_of(layer->inputs) * layer->units * PANEL; }
