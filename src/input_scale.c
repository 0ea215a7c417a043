#include "input_scale.h"

size_t input_scale_products(const layer *layer) {
  return pairs_of(layer->units) * panels_of(layer->inputs) * PANEL;
}

/* Variants' scales are a group of their own. */
static group_id group_of(const layer *layer) {
  return layer->shared ? GROUP_member_scale : GROUP_input_scale;
}

void input_scale_gradient(const team *team, const layer *layer, const gradient_sink *sink) {
  gradient_sink whole = *sink;
  size_t panels = panels_of(layer->inputs);
  range inputs = team_share(team, panels);
  if (!layer->shared) whole.accumulate = false; /* the products are those of all passes */
  for (size_t p = inputs.begin; p < inputs.end; p++) {
    float ds[PANEL] __attribute__((aligned(64)));
    sum_sixteens(sink->products + p * PANEL, pairs_of(layer->units), panels * PANEL, ds);
    sink_take(&whole, group_of(layer), layer->input_scale + p * PANEL, ds, PANEL);
  }
}

void input_scale_update(const team *team, const layer *layer, const gradient_sink *sink) {
  range inputs = team_share(team, panels_of(layer->inputs));
  for (size_t p = inputs.begin; p < inputs.end; p++) {
    sink_update(sink, group_of(layer), layer->input_scale + p * PANEL, PANEL);
  }
}

void input_scale_apply(const team *team, const layer *layer, float *parameter) {
  range inputs = team_share(team, panels_of(layer->inputs));
  size_t first = inputs.begin * PANEL, end = size_min(inputs.end * PANEL, layer->inputs);
  for (size_t u = 0; u < panels_of(layer->units) && first < end; u++) {
    size_t at = (u * layer->inputs + first) * PANEL;
    kernels_active()->scale_rows(parameter + layer->weight + at, parameter + layer->input_scale + first,
                                 end - first, parameter + layer->effective + at);
  }
}
