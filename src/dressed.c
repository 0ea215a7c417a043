#include "dressed.h"

#include <string.h>

#include "parametric.h"

static const panels none = {NULL, 0};

void dressed_take(const layer *layer, size_t rows, arena *arena, pass_layer *taken) {
  size_t units = panels_of(layer->units) * PANEL;
  /* Behind phi come dropout and the input, behind dh its way down through phi. */
  bool keeps_input = activation_of(layer->activation)->needs_input;
  if (layer->parametric && !keeps_input) taken->z = arena_take_panels(arena, rows, layer->units);
  if (layer->parametric || !keeps_input) taken->phi = arena_take_panels(arena, rows, layer->units);
  if (layer->residual) taken->dh = arena_take_panels(arena, rows, layer->units);
  if (layer->norm == NORM_NONE) return;
  taken->norm = (norm_state){
      .normal = arena_take_panels(arena, rows, layer->units),
      .inverse = arena_take(arena, layer->norm == NORM_BATCH ? units : rows, sizeof(float)),
      .dz = layer->norm == NORM_LAYER ? arena_take_panels(arena, rows, layer->units) : none,
      .dscale = arena_take(arena, units, sizeof(float)),
      .dshift = arena_take(arena, units, sizeof(float)),
  };
  if (layer->norm == NORM_LAYER && !layer->residual) taken->dh = taken->norm.dz;
}

/* ---- pieces on a part ---- */

/* The rows of panel p that belong to the part. */
static float *span(panels m, part part, size_t p) { return m.data + p * m.stride + part.rows.begin * PANEL; }

static size_t span_size(part part) { return (part.rows.end - part.rows.begin) * PANEL; }

static void add(part part, panels a, panels b, panels sum) {
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    kernels_active()->add(span(a, part, p), span(b, part, p), span(sum, part, p), span_size(part));
  }
}

static void copy(part part, panels from, panels to) {
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    memcpy(span(to, part, p), span(from, part, p), span_size(part) * sizeof(float));
  }
}

static void activate(activation_id activation, part part, panels z, panels phi) {
  if (activation == ACTIVATION_identity && z.data == phi.data) return;
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    kernels_active()->activation_value[activation](span(z, part, p), span(phi, part, p),
                                                   part.rows.end - part.rows.begin, PANEL);
  }
}

/* out = x W + b. */
static void linear(const team *team, split split, const layer *layer, const float *parameter, input x,
                   size_t n, panels out) {
  struct layer bare = *layer;
  bare.activation = ACTIVATION_identity;
  dense_forward(team, split, &bare, parameter, x, n, none, out);
}

/* ---- forward and backward ---- */

void dressed_forward(const team *team, split split, const network *net, int l, const pass_layer *own,
                     input x, size_t n, const step_rows *at) {
  const layer *layer = &net->layer[l];
  part part = part_of(team, split, n, layer->units);
  bool normal = layer->norm != NORM_NONE;
  panels phi = own->phi.data != NULL ? own->phi : own->h, z = own->z.data != NULL ? own->z : phi;
  linear(team, split, layer, net->parameter, x, n, normal ? own->norm.normal : z);
  phase before = team_phase(team, PHASE_ACTIVATIONS);
  if (normal) norm_forward(layer, net->parameter, at, part, n, own->norm.normal, z, own->norm.inverse);
  activate(layer->activation, part, z, phi);
  if (layer->parametric) {
    parametric_forward(layer, net->parameter, part, z, phi, own->h);
    phi = own->h;
  }
  if (at != NULL && layer->dropout > 0) {
    dropout_forward(layer, l + 1, at, part, phi, own->h);
    phi = own->h;
  }
  if (layer->residual) {
    add(part, phi, x.dense, own->h);
  } else if (phi.data != own->h.data) {
    copy(part, phi, own->h);
  }
  team_phase(team, before);
}

void dressed_backward(const team *team, part part, const network *net, int l, const pass_layer *own, size_t n,
                      const step_rows *at) {
  const layer *layer = &net->layer[l];
  panels dz = own->norm.dz.data != NULL ? own->norm.dz : own->dz;
  phase before = team_phase(team, PHASE_ACTIVATIONS);
  if (at != NULL && layer->dropout > 0) {
    dropout_backward(layer, l + 1, at, part, own->dh, dz);
  } else if (own->dh.data != dz.data) {
    copy(part, own->dh, dz);
  }
  if (layer->parametric) {
    parametric_backward(layer, net->parameter, part, own->z, own->phi, dz);
  } else {
    dense_backward_activation(team, layer->activation, part, layer->units, pass_kept(own), dz);
  }
  if (layer->norm != NORM_NONE) norm_backward(layer, net->parameter, at, part, n, &own->norm, dz, own->dz);
  team_phase(team, before);
}

void residual_backward(const team *team, part part, panels dh, panels dx) {
  phase before = team_phase(team, PHASE_ACTIVATIONS);
  add(part, dx, dh, dx);
  team_phase(team, before);
}

void dressed_predict(const team *solo, const layer *layer, float *parameter, input x, size_t n, panels h) {
  part part = part_of(solo, SPLIT_ROWS, n, layer->units);
  linear(solo, SPLIT_ROWS, layer, parameter, x, n, h);
  if (layer->norm != NORM_NONE) norm_forward(layer, parameter, NULL, part, n, h, h, NULL);
  if (layer->parametric) {
    parametric_predict(layer, parameter, part, h);
  } else {
    activate(layer->activation, part, h, h);
  }
  if (layer->residual) add(part, h, x.dense, h);
}
