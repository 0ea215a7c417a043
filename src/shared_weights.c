#include "shared_weights.h"

#include "input_scale.h"

size_t shared_products(const layer *layer) {
  return input_scale_products(layer) + panels_of(layer->inputs) * panels_of(layer->units) * PANEL;
}

void shared_gradient(const team *team, const layer *layer, const gradient_sink *sink) {
  size_t panels = panels_of(layer->units);
  const float *products = sink->products + input_scale_products(layer);
  range units = team_share(team, panels);
  input_scale_gradient(team, layer, sink);
  for (size_t p = units.begin; p < units.end; p++) {
    float ds[PANEL] __attribute__((aligned(64)));
    sum_sixteens(products + p * PANEL, panels_of(layer->inputs), panels * PANEL, ds);
    sink_take(sink, GROUP_member_scale, layer->unit_scale + p * PANEL, ds, PANEL);
  }
}

void shared_update(const team *team, const layer *layer, const gradient_sink *sink) {
  range units = team_share(team, panels_of(layer->units));
  input_scale_update(team, layer, sink);
  for (size_t p = units.begin; p < units.end; p++) {
    sink_update(sink, GROUP_member_scale, layer->unit_scale + p * PANEL, PANEL);
  }
}

void shared_apply(const team *team, const layer *layer, float *parameter) {
  range inputs = team_share(team, panels_of(layer->inputs));
  size_t first = inputs.begin * PANEL, end = size_min(inputs.end * PANEL, layer->inputs);
  for (size_t u = 0; u < panels_of(layer->units) && first < end; u++) {
    size_t at = (u * layer->inputs + first) * PANEL;
    kernels_active()->scale_both(parameter + layer->weight + at, parameter + layer->input_scale + first,
                                 parameter + layer->unit_scale + u * PANEL, end - first,
                                 parameter + layer->effective + at);
  }
}
