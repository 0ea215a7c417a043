#include "dropout.h"

#include <math.h>

/* Shares are rounded to multiples of 1 / LEVELS; less than all is dropped. */
enum { LEVELS = 1 << 16 };

static uint32_t threshold_of(double share) { return (uint32_t)fmin(round(share * LEVELS), LEVELS - 1); }

/* A mask that keeps the mean of what it is laid on. */
static mask_rule plain_rule(double share) {
  uint32_t threshold = threshold_of(share);
  return (mask_rule){.threshold = threshold, .scale = (float)(LEVELS / (double)(LEVELS - threshold))};
}

/* A mask for values of mean 0 and variance 1, which keeps both. With q kept of them, and the others at the
   limit L, variance and mean are q + q (1 - q) L^2 and (1 - q) L before they are scaled and shifted. */
static mask_rule alpha_rule(double share) {
  const double limit = -1.7580993408473766;
  uint32_t threshold = threshold_of(share);
  double kept = 1 - threshold / (double)LEVELS;
  double scale = 1 / sqrt(kept + kept * (1 - kept) * limit * limit), shift = -scale * (1 - kept) * limit;
  return (mask_rule){threshold, (float)scale, (float)shift, (float)(scale * limit + shift)};
}

static mask_rule layer_rule(const layer *layer, const step_rows *at) {
  double share = layer->dropout * at->dropout;
  return layer->activation == ACTIVATION_selu ? alpha_rule(share) : plain_rule(share);
}

/* Draws for rows from `row` of the block on; purposes and layers share the first word of a stream. */
static draw draw_at(const step_rows *at, rng_stream purpose, int index, size_t panel, size_t row) {
  rng stream = rng_make(at->key, purpose, at->step);
  return (draw){.key = {stream.key[0], stream.key[1]},
                .stream = {stream.stream[0] + ((uint32_t)index << 8), stream.stream[1]},
                .column = (uint32_t)(panel * PANEL),
                .row = at->first + (uint32_t)row};
}

static void mask_part(const mask_rule *rule, int index, const step_rows *at, part part, panels in,
                      panels out) {
  size_t row = part.rows.begin, n = part.rows.end - row;
  for (size_t p = part.panels.begin; p < part.panels.end; p++) {
    const draw draw = draw_at(at, RNG_STREAM_DROPOUT, index, p, row);
    kernels_active()->mask_panel(in.data + p * in.stride + row * PANEL,
                                 out.data + p * out.stride + row * PANEL, n, &draw, rule);
  }
}

void dropout_forward(const layer *layer, int index, const step_rows *at, part part, panels phi, panels h) {
  const mask_rule rule = layer_rule(layer, at);
  mask_part(&rule, index, at, part, phi, h);
}

void dropout_backward(const layer *layer, int index, const step_rows *at, part part, panels dh, panels dphi) {
  mask_rule rule = layer_rule(layer, at);
  rule.shift = rule.dropped = 0;
  mask_part(&rule, index, at, part, dh, dphi);
}

/* The inputs' masks are those of a layer before the first. */
void dropout_inputs(const input_noise *noise, const step_rows *at, range rows, size_t inputs, panels x) {
  const part part = {rows, {0, panels_of(inputs)}};
  const mask_rule rule = plain_rule(noise->dropout);
  for (size_t p = 0; p < part.panels.end && noise->sd > 0; p++) {
    const draw draw = draw_at(at, RNG_STREAM_NOISE, 0, p, rows.begin);
    kernels_active()->noise_panel(x.data + p * x.stride + rows.begin * PANEL, rows.end - rows.begin, &draw,
                                  (float)noise->sd);
  }
  if (noise->dropout > 0) mask_part(&rule, 0, at, part, x, x);
}

/* The bits are those that a panel's element gets. */
static bool is_dropped(const rng *stream, uint32_t row, uint32_t column, uint32_t threshold) {
  uint32_t word[4];
  rng_block(stream, (uint64_t)(row / 8) << 32 | column, word);
  return (word[row % 8 / 2] >> (row % 2 * 16) & UINT32_C(0xffff)) < threshold;
}

void dropout_entries(const input_noise *noise, const step_rows *at, range rows, sparse_batch *batch) {
  const mask_rule rule = plain_rule(noise->dropout);
  const rng stream = rng_make(at->key, RNG_STREAM_DROPOUT, at->step);
  for (size_t r = rows.begin; r < rows.end; r++) {
    const uint32_t *bound = batch->bound + r * (batch->runs + 1);
    for (uint32_t i = bound[0]; i < bound[batch->runs]; i++) {
      sparse_entry *entry = &batch->entry[i];
      bool dropped = is_dropped(&stream, at->first + (uint32_t)r, entry->index, rule.threshold);
      entry->value = dropped ? 0 : entry->value * rule.scale;
    }
  }
}
