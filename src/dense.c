#include "dense.h"

#include <string.h>

size_t pairs_of(size_t columns) { return (panels_of(columns) + PAIR_PANELS - 1) / PAIR_PANELS; }

part part_of(const team *team, split split, size_t rows, size_t columns) {
  size_t panels = panels_of(columns);
  if (split == SPLIT_ROWS) return (part){team_share(team, rows), {0, panels}};
  range pairs = team_share(team, pairs_of(columns));
  return (part){{0, rows},
                {size_min(pairs.begin * PAIR_PANELS, panels), size_min(pairs.end * PAIR_PANELS, panels)}};
}

split split_for(int size, size_t columns) {
  if (size == 1) return SPLIT_PANELS;
  size_t members = (size_t)size, pairs = pairs_of(columns);
  bool even = pairs % members == 0 || pairs >= 8 * members;
  return even ? SPLIT_PANELS : SPLIT_ROWS;
}

/* ---- forward and backward through x W + b ---- */

/* The columns of some panels, from `first` on, that count. */
static size_t width_of(size_t columns, size_t first, size_t panels) {
  return size_min(panels * PANEL, columns - first * PANEL);
}

/* One strip of units while it is in cache: the product, then the activation. */
static void forward_strip(const team *team, const layer *layer, const float *parameter, input x, range rows,
                          size_t panel, size_t panels_in_strip, panels z, panels h) {
  const kernels *kernels = kernels_active();
  size_t weight_stride = layer->inputs * PANEL, n = rows.end - rows.begin;
  panels out = z.data != NULL ? z : h;
  float *first = out.data + panel * out.stride + rows.begin * PANEL;
  const float *weight = parameter + layer->effective + panel * weight_stride;
  const float *bias = parameter + layer->bias + panel * PANEL;
  if (x.sparse != NULL) {
    sparse_forward(x.sparse, rows, weight, weight_stride, panels_in_strip, bias, first, out.stride);
  } else {
    kernels->product(x.dense.data + rows.begin * PANEL, x.dense.stride, n, layer->inputs, weight,
                     weight_stride, width_of(layer->units, panel, panels_in_strip), bias, first, out.stride);
  }
  if (layer->activation == ACTIVATION_identity && z.data == NULL) return;
  phase before = team_phase(team, PHASE_ACTIVATIONS);
  for (size_t p = 0; p < panels_in_strip; p++) {
    float *activated = h.data + (panel + p) * h.stride + rows.begin * PANEL;
    kernels->activation_value[layer->activation](first + p * out.stride, activated, n,
                                                 panel_width(layer->units, panel + p));
  }
  team_phase(team, before);
}

void dense_forward(const team *team, split split, const layer *layer, const float *parameter, input x,
                   size_t rows, panels z, panels h) {
  part mine = part_of(team, split, rows, layer->units);
  for (size_t p = mine.panels.begin; p < mine.panels.end; p += STRIP_PANELS) {
    forward_strip(team, layer, parameter, x, mine.rows, p, size_min(STRIP_PANELS, mine.panels.end - p), z, h);
  }
}

void dense_backward_activation(const team *team, activation_id activation, part part, size_t columns,
                               panels kept, panels dh) {
  if (activation == ACTIVATION_identity) return;
  phase before = team_phase(team, PHASE_ACTIVATIONS);
  size_t n = part.rows.end - part.rows.begin, first = part.rows.begin * PANEL;
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    kernels_active()->activation_gradient[activation](kept.data + p * kept.stride + first,
                                                      dh.data + p * dh.stride + first, n,
                                                      panel_width(columns, p));
  }
  team_phase(team, before);
}

void dense_backward_input(const team *team, split split, const layer *layer, const float *transposed,
                          panels dz, size_t rows, activation_id below, panels kept, panels dx) {
  size_t stride = layer->units * PANEL;
  part mine = part_of(team, split, rows, layer->inputs);
  range share = mine.rows;
  for (size_t p = mine.panels.begin; p < mine.panels.end; p += STRIP_PANELS) {
    size_t strip = size_min(STRIP_PANELS, mine.panels.end - p);
    kernels_active()->product(dz.data + share.begin * PANEL, dz.stride, share.end - share.begin, layer->units,
                              transposed + p * stride, stride, width_of(layer->inputs, p, strip), NULL,
                              dx.data + p * dx.stride + share.begin * PANEL, dx.stride);
    dense_backward_activation(team, below, (part){share, {p, p + strip}}, layer->inputs, kept, dx);
  }
}

/* ---- gradient of the parameters, and their update ---- */

/* A strip of W: the rows of one panel of inputs, the columns of up to STRIP_PANELS panels of units. */
typedef struct strip {
  range inputs, panels;
} strip;

/* The one that begins there, in panels of units up to `end`. */
static strip strip_at(const layer *layer, size_t input_panel, size_t unit_panel, size_t end) {
  size_t input = input_panel * PANEL;
  return (strip){{input, size_min(input + PANEL, layer->inputs)},
                 {unit_panel, size_min(unit_panel + STRIP_PANELS, end)}};
}

static void update_span(const gradient_sink *sink, group_id group, size_t offset, float *gradient, size_t n) {
  float *moment[MOMENTS];
  for (int k = 0; k < MOMENTS; k++) moment[k] = sink->moment[k] != NULL ? sink->moment[k] + offset : NULL;
  optimizer_apply(sink->step, group, sink->parameter + offset, gradient, moment, n);
}

static void average_span(const gradient_sink *sink, size_t offset, size_t n) {
  if (sink->average == NULL) return;
  kernels_active()->average(sink->average + offset, sink->parameter + offset, n, sink->fresh);
}

static void transpose_strip(const layer *layer, const float *parameter, float *transposed, strip s) {
  size_t height = s.inputs.end - s.inputs.begin, stride = layer->units * PANEL;
  for (size_t p = s.panels.begin; p < s.panels.end; p++) {
    const float *block = parameter + layer->effective + (p * layer->inputs + s.inputs.begin) * PANEL;
    int columns = (int)size_min(PANEL, layer->units - p * PANEL);
    kernels_active()->transpose_panel(
        block, height, columns, transposed + s.inputs.begin / PANEL * stride + p * PANEL * PANEL, stride);
  }
}

static size_t strip_offset(const layer *layer, strip s, size_t panel) {
  return layer->weight + (panel * layer->inputs + s.inputs.begin) * PANEL;
}

/* A strip of the whole gradient. */
static panels gradient_strip(const layer *layer, const gradient_sink *sink, strip s) {
  return (panels){sink->gradient + strip_offset(layer, s, s.panels.begin), layer->inputs * PANEL};
}

/* Sparse rows whose x' dz is there, for all strips, before the first one. */
static bool is_scattered(input x) { return x.sparse != NULL && x.sparse->turned == NULL; }

/* Where a strip's x' dz lies: there, unless it is not yet what is added up, or apart. */
static panels product_strip(const layer *layer, input x, const gradient_sink *sink, strip s) {
  if (sink->gradient != NULL && !layer->shared) return gradient_strip(layer, sink, s);
  if (!is_scattered(x)) return (panels){sink->scratch, PANEL * PANEL};
  size_t offset = strip_offset(layer, s, s.panels.begin) - layer->weight;
  return (panels){sink->scattered + offset, layer->inputs * PANEL};
}

/* What follows the weights of a strip. */
static void settle_strip(const layer *layer, const gradient_sink *sink, float *transposed, strip s) {
  size_t n = (s.inputs.end - s.inputs.begin) * PANEL;
  for (size_t p = s.panels.begin; p < s.panels.end; p++) average_span(sink, strip_offset(layer, s, p), n);
  if (transposed != NULL) transpose_strip(layer, sink->parameter, transposed, s);
}

/* The update of a strip by its gradient g. */
static void update_strip(const team *team, const layer *layer, const gradient_sink *sink, float *transposed,
                         panels g, strip s) {
  size_t n = (s.inputs.end - s.inputs.begin) * PANEL;
  phase before = team_phase(team, PHASE_OPTIMIZER);
  for (size_t p = s.panels.begin; p < s.panels.end; p++) {
    update_span(sink, GROUP_weight, strip_offset(layer, s, p), g.data + (p - s.panels.begin) * g.stride, n);
  }
  if (sink->settles) settle_strip(layer, sink, transposed, s);
  team_phase(team, before);
}

/* G = x' dz becomes dW of scaled inputs; with W it tells what the strip adds to the gradient of the scale,
   pair by pair: strips are cut as members divide the units, pairs are always the same. */
static void scale_strip(const layer *layer, const gradient_sink *sink, panels g, strip s) {
  size_t row = s.inputs.begin, padded = panels_of(layer->inputs) * PANEL;
  for (size_t p = s.panels.begin; p < s.panels.end; p += PAIR_PANELS) {
    kernels_active()->scale_gradient(sink->parameter + strip_offset(layer, s, p), layer->inputs * PANEL,
                                     g.data + (p - s.panels.begin) * g.stride, g.stride, s.inputs.end - row,
                                     size_min(PAIR_PANELS, s.panels.end - p),
                                     sink->parameter + layer->input_scale + row,
                                     sink->products + p / PAIR_PANELS * padded + row);
  }
}

/* G = x' dz becomes a part of dW of shared weights, and what the strip adds to the gradients of both scales:
   of the inputs' pair by pair, of the units' by panels of inputs. */
static void share_strip(const layer *layer, const gradient_sink *sink, panels g, strip s) {
  const bool accumulate = sink_of_shared(sink).accumulate;
  size_t row = s.inputs.begin, padded = panels_of(layer->inputs) * PANEL, pairs = pairs_of(layer->units);
  float *columns = sink->products + pairs * padded + row * panels_of(layer->units);
  for (size_t p = s.panels.begin; p < s.panels.end; p += PAIR_PANELS) {
    size_t offset = strip_offset(layer, s, p);
    const shared_part part = {.w = sink->parameter + offset,
                              .dw = sink->gradient + offset,
                              .stride = layer->inputs * PANEL,
                              .rows = s.inputs.end - row,
                              .panels = size_min(PAIR_PANELS, s.panels.end - p),
                              .row = sink->parameter + layer->input_scale + row,
                              .column = sink->parameter + layer->unit_scale + p * PANEL};
    kernels_active()->shared_gradient(&part, g.data + (p - s.panels.begin) * g.stride, g.stride, accumulate,
                                      sink->products + p / PAIR_PANELS * padded + row, columns + p * PANEL);
  }
}

/* x' dz of a strip. */
static void strip_product(const layer *layer, input x, panels dz, size_t rows, bool accumulate, panels g,
                          strip s) {
  const float *d = dz.data + s.panels.begin * dz.stride;
  size_t panels = s.panels.end - s.panels.begin;
  if (x.sparse != NULL) {
    sparse_backward(x.sparse, s.inputs, d, dz.stride, panels, accumulate, g.data, g.stride);
  } else {
    kernels_active()->product_transposed(
        x.dense.data + s.inputs.begin / PANEL * x.dense.stride, x.dense.stride, s.inputs.end - s.inputs.begin,
        rows, d, dz.stride, width_of(layer->units, s.panels.begin, panels), accumulate, g.data, g.stride);
  }
}

/* Whether x' dz joins what the sink has of other passes. */
static bool adds_to_sink(const layer *layer, const gradient_sink *sink) {
  return sink->accumulate && !layer->shared;
}

/* x' dz of sparse rows, for all strips of a member. */
static void scatter_strips(const layer *layer, input x, panels dz, size_t rows, const gradient_sink *sink,
                           strip s) {
  panels g = product_strip(layer, x, sink, s);
  sparse_scatter(x.sparse, s.inputs, rows, dz.data + s.panels.begin * dz.stride, dz.stride,
                 s.panels.end - s.panels.begin, adds_to_sink(layer, sink), g.data, g.stride);
}

/* Whether the weights of inputs that are zero in all rows stay what they are: then they are left alone. That
   is so of plain steps and of Adagrad's without decay or penalty; momentum and averages that fade move all.
 */
static bool leaves_alone(const layer *layer, input x, const gradient_sink *sink, const float *transposed) {
  return x.sparse != NULL && !is_scattered(x) && sink->step != NULL && sink->step->still &&
         sink->gradient == NULL && sink->average == NULL && transposed == NULL && !layer->scaled;
}

static bool has_entries(input x, size_t column) {
  return x.sparse->first[column] < x.sparse->first[column + 1];
}

/* The inputs of a strip that are not zero in all rows, neighbours together. */
static void touched_strip(const team *team, const layer *layer, input x, panels dz, size_t rows,
                          const gradient_sink *sink, strip s) {
  const size_t end = s.inputs.end;
  for (size_t i = s.inputs.begin; i < end; i++) {
    if (!has_entries(x, i)) continue;
    strip run = {{i, i + 1}, s.panels};
    while (run.inputs.end < end && has_entries(x, run.inputs.end)) run.inputs.end++;
    panels g = product_strip(layer, x, sink, run);
    strip_product(layer, x, dz, rows, false, g, run);
    update_strip(team, layer, sink, NULL, g, run);
    i = run.inputs.end;
  }
}

ALWAYS_INLINE void prefetch_update(const gradient_sink *sink, size_t offset, size_t n) {
  prefetch(sink->parameter + offset, n * sizeof(float));
  for (int k = 0; k < MOMENTS; k++) {
    if (sink->moment[k] != NULL) prefetch(sink->moment[k] + offset, n * sizeof(float));
  }
}

/* A layer whose weights and moments take at least so many bytes finds few of them in a core's own caches, and
   asks for them early. Of smaller ones a processor finds the next by itself, and asking takes longer than it
   saves. */
enum { FAR_BYTES = 8 << 20 };

static bool lies_far(const layer *layer, const gradient_sink *sink) {
  size_t arrays = 1;
  for (int k = 0; k < MOMENTS; k++) arrays += sink->moment[k] != NULL;
  return arrays * dense_weights_size(layer) * sizeof(float) >= FAR_BYTES;
}

/* Asks for what the update of a strip needs; its product takes long enough for that to come. */
static void prefetch_strip(const team *team, const layer *layer, const gradient_sink *sink, strip s) {
  phase before = team_phase(team, PHASE_OPTIMIZER);
  for (size_t p = s.panels.begin; p < s.panels.end; p++) {
    prefetch_update(sink, strip_offset(layer, s, p), (s.inputs.end - s.inputs.begin) * PANEL);
  }
  team_phase(team, before);
}

static void weight_strip(const team *team, const layer *layer, input x, panels dz, size_t rows,
                         const gradient_sink *sink, float *transposed, strip s) {
  panels g = product_strip(layer, x, sink, s);
  if (leaves_alone(layer, x, sink, transposed)) {
    touched_strip(team, layer, x, dz, rows, sink, s);
    return;
  }
  if (!is_scattered(x)) {
    if (sink->step != NULL && lies_far(layer, sink)) prefetch_strip(team, layer, sink, s);
    strip_product(layer, x, dz, rows, adds_to_sink(layer, sink), g, s);
  }
  if (layer->shared) share_strip(layer, sink, g, s);
  if (layer->scaled && sink->complete) scale_strip(layer, sink, g, s);
  if (sink->step != NULL) update_strip(team, layer, sink, transposed, g, s);
}

static float *bias_gradient(const layer *layer, const gradient_sink *sink, size_t panel) {
  return sink->gradient != NULL ? sink->gradient + layer->bias + panel * PANEL : sink->scratch;
}

/* The update of n parameters that are no weights; their average follows. */
static void update_plain(const gradient_sink *sink, group_id group, size_t offset, float *gradient,
                         size_t n) {
  update_span(sink, group, offset, gradient, n);
  average_span(sink, offset, n);
}

/* What a bias adds, the mean of its batch takes away: what rounding leaves of its gradient is no direction,
   but optimizers that look at the sign alone, or nearly so, would take it for one. */
static bool has_no_gradient(const layer *layer, const gradient_sink *sink) {
  return layer->norm == NORM_BATCH && sink->by_batch;
}

static void bias_panel(const layer *layer, panels dz, size_t rows, const gradient_sink *sink, size_t panel) {
  float *g = bias_gradient(layer, sink, panel);
  if (!has_no_gradient(layer, sink)) {
    kernels_active()->column_sums(dz.data + panel * dz.stride, rows, sink->accumulate, g);
  } else if (!sink->accumulate) {
    memset(g, 0, PANEL * sizeof *g);
  }
  if (sink->step != NULL) update_plain(sink, GROUP_bias, layer->bias + panel * PANEL, g, PANEL);
}

/* The parameters that a member sees to, in panels: W[inputs x units] and b[biases]. */
typedef struct own {
  range inputs, units, biases;
} own;

static own own_of(const team *team, split split, const layer *layer) {
  range units = part_of(team, SPLIT_PANELS, 0, layer->units).panels;
  if (split == SPLIT_PANELS) return (own){{0, panels_of(layer->inputs)}, units, units};
  range inputs = part_of(team, SPLIT_PANELS, 0, layer->inputs).panels;
  return (own){inputs, {0, panels_of(layer->units)}, units};
}

void sink_take(const gradient_sink *sink, group_id group, size_t offset, float *gradient, size_t n) {
  if (sink->gradient != NULL) {
    float *sum = sink->gradient + offset;
    for (size_t i = 0; i < n; i++) sum[i] = sink->accumulate ? sum[i] + gradient[i] : gradient[i];
    gradient = sum;
  }
  if (sink->step != NULL) update_plain(sink, group, offset, gradient, n);
}

void sink_update(const gradient_sink *sink, group_id group, size_t offset, size_t n) {
  update_plain(sink, group, offset, sink->gradient + offset, n);
}

void sink_average(const gradient_sink *sink, size_t offset, size_t n) {
  if (sink->step != NULL) average_span(sink, offset, n);
}

void dense_backward_weights(const team *team, split split, const layer *layer, input x, panels dz,
                            size_t rows, const gradient_sink *sink, float *transposed) {
  own own = own_of(team, split, layer);
  for (size_t p = own.biases.begin; p < own.biases.end; p++) bias_panel(layer, dz, rows, sink, p);
  if (is_scattered(x)) {
    size_t end = size_min(own.inputs.end * PANEL, layer->inputs);
    range inputs = {size_min(own.inputs.begin * PANEL, end), end};
    scatter_strips(layer, x, dz, rows, sink, (strip){inputs, own.units});
  }
  for (size_t u = own.units.begin; u < own.units.end; u += STRIP_PANELS) {
    for (size_t i = own.inputs.begin; i < own.inputs.end; i++) {
      weight_strip(team, layer, x, dz, rows, sink, transposed, strip_at(layer, i, u, own.units.end));
    }
  }
}

void dense_update(const team *team, split split, const layer *layer, const gradient_sink *sink,
                  float *transposed) {
  own own = own_of(team, split, layer);
  for (size_t p = own.biases.begin; p < own.biases.end; p++) {
    update_plain(sink, GROUP_bias, layer->bias + p * PANEL, bias_gradient(layer, sink, p), PANEL);
  }
  if (layer->shared && sink->variant > 0) return;
  for (size_t u = own.units.begin; u < own.units.end; u += STRIP_PANELS) {
    for (size_t i = own.inputs.begin; i < own.inputs.end; i++) {
      strip s = strip_at(layer, i, u, own.units.end);
      update_strip(team, layer, sink, transposed, gradient_strip(layer, sink, s), s);
    }
  }
}

void dense_limit_norms(const team *team, const layer *layer, float most, const gradient_sink *sink,
                       float *transposed) {
  range units = part_of(team, SPLIT_PANELS, 0, layer->units).panels;
  phase before = team_phase(team, PHASE_OPTIMIZER);
  for (size_t p = units.begin; p < units.end; p++) {
    kernels_active()->limit_norms(sink->parameter + layer->weight + p * layer->inputs * PANEL, layer->inputs,
                                  most);
  }
  for (size_t u = units.begin; u < units.end; u += STRIP_PANELS) {
    for (size_t i = 0; i < panels_of(layer->inputs); i++) {
      settle_strip(layer, sink, transposed, strip_at(layer, i, u, units.end));
    }
  }
  team_phase(team, before);
}

void dense_transpose(const team *team, const layer *layer, const float *parameter, float *transposed) {
  range inputs = team_share(team, panels_of(layer->inputs));
  for (size_t u = 0; u < panels_of(layer->units); u += STRIP_PANELS) {
    for (size_t i = inputs.begin; i < inputs.end; i++) {
      transpose_strip(layer, parameter, transposed, strip_at(layer, i, u, panels_of(layer->units)));
    }
  }
}

bool dense_scatters(const layer *layer, size_t rows, double density) {
  return density < 1 && density * (double)rows >= 0.25 && panels_of(layer->units) <= STRIP_PANELS;
}

size_t dense_weights_size(const layer *layer) { return panels_of(layer->units) * PANEL * layer->inputs; }

size_t dense_transposed_size(const layer *layer) { return panels_of(layer->inputs) * layer->units * PANEL; }
