#include "network.h"

#include <string.h>

#include "input_scale.h"
#include "shared_weights.h"

/* Floats of a layer's weights, or SIZE_MAX. */
static size_t weight_parameters(size_t inputs, size_t units) {
  return size_multiply(size_multiply(panels_of(units), PANEL), inputs);
}

/* Where so many floats from an offset on end, or SIZE_MAX. */
static size_t behind(size_t offset, size_t count) {
  return offset == SIZE_MAX || count > SIZE_MAX / 4 - offset ? SIZE_MAX : offset + count;
}

/* Panels of values, one a unit, that a normalisation keeps. */
static const int norm_panels[NORM_COUNT] = {[NORM_BATCH] = 4, [NORM_LAYER] = 2};

/* Lays a layer's values of normalisation out from an offset on. */
static void place_norm(layer *layer, norm_id norm, size_t offset) {
  size_t each = panels_of(layer->units) * PANEL;
  layer->norm = norm;
  layer->scale = offset;
  layer->shift = offset + each;
  layer->mean = offset + 2 * each;
  layer->variance = offset + 3 * each;
}

/* Floats of the scale of a layer's inputs and of the weights that it scales, or SIZE_MAX. */
static size_t scale_parameters(size_t inputs, size_t units) {
  return size_multiply(panels_of(inputs) * PANEL, panels_of(units) * PANEL + 1);
}

/* Lays a layer's weights out from an offset on; where they end, or SIZE_MAX. */
static size_t place_weights(const network_plan *plan, int l, layer *layer, size_t total) {
  size_t inputs = plan->sizes[l], units = plan->sizes[l + 1];
  *layer = (struct layer){.inputs = inputs,
                          .units = units,
                          .activation = plan->activation[l],
                          .weight = total,
                          .effective = total,
                          .parametric = plan->parametric != NULL && plan->parametric[l]};
  return behind(total, weight_parameters(inputs, units));
}

/* The same for what a layer has beside its weights. */
static size_t place_rest(const network_plan *plan, int l, layer *layer, size_t total) {
  size_t units = panels_of(layer->units) * PANEL;
  if (total == SIZE_MAX || units > SIZE_MAX / 16 - total) return SIZE_MAX;
  layer->bias = total;
  total += units;
  place_norm(layer, plan->norm != NULL ? plan->norm[l] : NORM_NONE, total);
  layer->slope = total + (size_t)norm_panels[layer->norm] * units;
  return layer->slope + (layer->parametric ? units : 0);
}

/* The same for the scales of a layer whose weights are shared. */
static size_t place_scales(layer *layer, size_t total) {
  size_t inputs = panels_of(layer->inputs) * PANEL, units = panels_of(layer->units) * PANEL;
  if (total == SIZE_MAX || inputs > SIZE_MAX / 16 - total) return SIZE_MAX;
  layer->input_scale = total;
  layer->unit_scale = total + inputs;
  return behind(layer->unit_scale, units);
}

/* The scale of the inputs and the weights that it scales, behind the layers; or SIZE_MAX. */
static size_t place_scale(layer *first, size_t total) {
  first->scaled = true;
  first->input_scale = total;
  first->effective = total + panels_of(first->inputs) * PANEL;
  return behind(total, scale_parameters(first->inputs, first->units));
}

/* The same for the weights of a hidden layer that variants share, and behind them those of its product. */
static size_t place_shared(const network_plan *plan, int l, layer *layer, size_t total) {
  total = place_weights(plan, l, layer, total);
  layer->shared = true;
  layer->effective = total;
  return behind(total, weight_parameters(layer->inputs, layer->units));
}

/* The same for what a variant has of its own; what it shares begins with the parameters. */
static size_t place_variant(const network_plan *plan, layer *layer, bool keep, size_t total) {
  size_t shared = 0;
  for (int l = 0; l < plan->layers; l++) {
    struct layer *at = &layer[keep ? l : 0];
    bool shares = l < plan->layers - 1;
    if (shares) shared = place_shared(plan, l, at, shared);
    if (!shares) total = place_weights(plan, l, at, total);
    total = place_rest(plan, l, at, total);
    if (shares) total = place_scales(at, total);
  }
  return total;
}

/* Lays everything out one behind the other: the layers into layer[], which may be one that is written over
   and over; SIZE_MAX if it does not fit. */
static size_t place_parameters(const network_plan *plan, layer *layer, bool keep, embedding *e) {
  size_t total = 0;
  for (int l = 0; l < plan->layers; l++) {
    struct layer *at = &layer[keep ? l : 0];
    if (plan->variants == 0) total = place_rest(plan, l, at, place_weights(plan, l, at, total));
    if (plan->variants > 0 && l < plan->layers - 1) total = place_shared(plan, l, at, total);
  }
  for (int v = 0; v < plan->variants; v++) {
    total = place_variant(plan, &layer[keep ? v * plan->layers : 0], keep, total);
  }
  struct layer first = {.inputs = plan->sizes[0], .units = plan->sizes[1]};
  if (plan->input_scale) total = place_scale(keep ? layer : &first, total);
  return plan->embedding != NULL ? embedding_place(e, total) : total;
}

static void lay_out(void *owner, arena *arena) {
  network *net = owner;
  if (net->embedding.features > 0) {
    embedding *e = &net->embedding;
    e->of = arena_take(arena, e->features, sizeof *e->of);
    e->keep = arena_take(arena, e->kept, sizeof *e->keep);
    e->constant = arena_take(arena, e->constants, sizeof *e->constant);
  }
  net->layer = arena_take(arena, (size_t)net->variants, (size_t)net->layers * sizeof *net->layer);
  net->parameter = arena_take(arena, net->parameters, sizeof *net->parameter);
}

status network_allocate(network *net, const network_plan *plan) {
  layer any;
  memset(net, 0, sizeof *net);
  net->layers = plan->layers;
  net->variants = plan->variants > 0 ? plan->variants : 1;
  net->density = 1;
  if (plan->embedding != NULL) net->embedding = *plan->embedding;
  net->parameters = place_parameters(plan, &any, false, &net->embedding);
  status result = arena_build(&net->arena, lay_out, net);
  if (result != STATUS_OK) return result;
  if (plan->embedding != NULL) {
    memcpy(net->embedding.of, plan->embedding->of, net->embedding.features * sizeof *net->embedding.of);
    embedding_list_kept(&net->embedding);
  }
  place_parameters(plan, net->layer, true, &net->embedding);
  return STATUS_OK;
}

void network_free(network *net) { arena_free(&net->arena); }

network network_variant(const network *net, int variant) {
  network own = *net;
  own.layer += variant * net->layers;
  return own;
}

const layer *network_weights(const network *net, int i) {
  int hidden = net->layers - 1, variant = i < hidden ? 0 : i - hidden;
  if (variant == net->variants) return NULL;
  return &net->layer[variant * net->layers + (i < hidden ? i : hidden)];
}

/* Where weight (i, j) of a layer lies among its weights. */
static size_t weight_index(const layer *layer, size_t i, size_t j) {
  return (j / PANEL * layer->inputs + i) * PANEL + j % PANEL;
}

void network_set_layer(const network *net, float *parameters, int l, const double *weight,
                       const double *bias) {
  const layer *layer = &net->layer[l];
  float *w = parameters + layer->weight, *b = parameters + layer->bias;
  for (size_t j = 0; j < layer->units; j++) {
    for (size_t i = 0; i < layer->inputs; i++)
      w[weight_index(layer, i, j)] = (float)weight[j * layer->inputs + i];
    b[j] = bias != NULL ? (float)bias[j] : 0;
  }
}

void network_get_layer(const network *net, const float *parameters, int l, double *weight, double *bias) {
  const layer *layer = &net->layer[l];
  const float *w = parameters + layer->weight, *b = parameters + layer->bias;
  for (size_t j = 0; j < layer->units; j++) {
    for (size_t i = 0; i < layer->inputs; i++) weight[j * layer->inputs + i] = w[weight_index(layer, i, j)];
    bias[j] = b[j];
  }
}

void network_set_values(float *parameters, size_t offset, size_t n, const double *value) {
  for (size_t i = 0; i < n; i++) parameters[offset + i] = (float)value[i];
}

void network_get_values(const float *parameters, size_t offset, size_t n, double *value) {
  for (size_t i = 0; i < n; i++) value[i] = parameters[offset + i];
}

void network_apply_scale(const network *net, float *parameters) {
  const team solo = {.size = 1};
  if (net->layer[0].scaled) input_scale_apply(&solo, &net->layer[0], parameters);
  for (int l = 0; l < net->layers; l++) {
    if (net->layer[l].shared) shared_apply(&solo, &net->layer[l], parameters);
  }
}

/* Where element i of a part of an embedding lies behind the part's first float. */
static size_t part_index(const embedding_part *part, size_t i) {
  if (!part->by_rows) return i;
  return i % part->rows * part->columns + i / part->rows;
}

size_t network_set_embedded(const embedded *f, float *parameters, size_t offset, const embedding_part *part,
                            const double *value) {
  size_t count = part->rows * (part->columns > 0 ? part->columns : 1);
  float *to = parameters + f->parameter + offset;
  for (size_t i = 0; i < count; i++) to[part_index(part, i)] = (float)value[i];
  return offset + count;
}

size_t network_get_embedded(const embedded *f, const float *parameters, size_t offset,
                            const embedding_part *part, double *value) {
  size_t count = part->rows * (part->columns > 0 ? part->columns : 1);
  const float *from = parameters + f->parameter + offset;
  for (size_t i = 0; i < count; i++) value[i] = from[part_index(part, i)];
  return offset + count;
}

int network_norm_values(const layer *layer, size_t offset[4]) {
  offset[0] = layer->scale, offset[1] = layer->shift, offset[2] = layer->mean, offset[3] = layer->variance;
  return norm_panels[layer->norm];
}

size_t network_inputs(const network *net) {
  return net->embedding.features > 0 ? net->embedding.columns : net->layer[0].inputs;
}

size_t network_outputs(const network *net) { return net->layer[net->layers - 1].units; }

size_t network_widest(const network *net) {
  size_t widest = 0;
  for (int l = 0; l < net->layers; l++) {
    if (net->layer[l].units > widest) widest = net->layer[l].units;
  }
  return widest;
}

double network_flops(const network *net, size_t rows) {
  double weights = 0;
  for (int l = 0; l < net->layers; l++) {
    double inputs = (double)net->layer[l].inputs * (l == 0 ? net->density : 1);
    weights += inputs * (double)net->layer[l].units;
  }
  return (2 * weights + embedding_flops(&net->embedding)) * (double)rows;
}
