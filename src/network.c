#include "network.h"

#include <string.h>

#include "input_scale.h"

/* Floats of a layer's weights and bias together, or SIZE_MAX. */
static size_t layer_parameters(size_t inputs, size_t units) {
  if (inputs == SIZE_MAX) return SIZE_MAX;
  return size_multiply(size_multiply(panels_of(units), PANEL), inputs + 1);
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

/* Lays a layer out from an offset on; where it ends, or SIZE_MAX. */
static size_t place_layer(const network_plan *plan, int l, layer *layer, size_t total) {
  size_t inputs = plan->sizes[l], units = panels_of(plan->sizes[l + 1]) * PANEL;
  size_t count = layer_parameters(inputs, plan->sizes[l + 1]);
  if (total == SIZE_MAX || count > SIZE_MAX / 4 - total) return SIZE_MAX;
  *layer = (struct layer){.inputs = inputs,
                          .units = plan->sizes[l + 1],
                          .activation = plan->activation[l],
                          .weight = total,
                          .effective = total,
                          .bias = total + units * inputs,
                          .parametric = plan->parametric != NULL && plan->parametric[l]};
  total += count;
  if (units > SIZE_MAX / 16 - total) return SIZE_MAX;
  place_norm(layer, plan->norm != NULL ? plan->norm[l] : NORM_NONE, total);
  layer->slope = total + (size_t)norm_panels[layer->norm] * units;
  return layer->slope + (layer->parametric ? units : 0);
}

/* The scale of the inputs and the weights that it scales, behind the layers; or SIZE_MAX. */
static size_t place_scale(layer *first, size_t total) {
  size_t count = scale_parameters(first->inputs, first->units);
  if (total == SIZE_MAX || count > SIZE_MAX / 4 - total) return SIZE_MAX;
  first->scaled = true;
  first->input_scale = total;
  first->effective = total + panels_of(first->inputs) * PANEL;
  return total + count;
}

/* Lays everything out one behind the other: the layers into layer[], which may be one that is written over
   and over; SIZE_MAX if it does not fit. */
static size_t place_parameters(const network_plan *plan, layer *layer, bool keep, embedding *e) {
  size_t total = 0;
  for (int l = 0; l < plan->layers; l++) total = place_layer(plan, l, &layer[keep ? l : 0], total);
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
  net->layer = arena_take(arena, (size_t)net->layers, sizeof *net->layer);
  net->parameter = arena_take(arena, net->parameters, sizeof *net->parameter);
}

status network_allocate(network *net, const network_plan *plan) {
  layer any;
  memset(net, 0, sizeof *net);
  net->layers = plan->layers;
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

void network_set_scale(const network *net, float *parameters, const double *scale) {
  float *s = parameters + net->layer[0].input_scale;
  for (size_t i = 0; i < net->layer[0].inputs; i++) s[i] = (float)scale[i];
}

void network_get_scale(const network *net, const float *parameters, double *scale) {
  const float *s = parameters + net->layer[0].input_scale;
  for (size_t i = 0; i < net->layer[0].inputs; i++) scale[i] = s[i];
}

void network_apply_scale(const network *net, float *parameters) {
  const team solo = {.size = 1};
  if (net->layer[0].scaled) input_scale_apply(&solo, &net->layer[0], parameters);
}

void network_set_slope(const layer *layer, float *parameters, const double *share) {
  for (size_t j = 0; j < layer->units; j++) parameters[layer->slope + j] = (float)share[j];
}

void network_get_slope(const layer *layer, const float *parameters, double *share) {
  for (size_t j = 0; j < layer->units; j++) share[j] = parameters[layer->slope + j];
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
