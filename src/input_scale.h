/* A learned scale of a network's inputs: z = x diag(s) W + b in its first layer. The product reads diag(s) W,
   which follows each update of s and W; with G = x' dz the gradients are
     dW = diag(s) G,  ds_i = the sum over j of W_ij G_ij. */
#ifndef FASTMLP_INPUT_SCALE_H
#define FASTMLP_INPUT_SCALE_H

#include "dense.h"

/* Floats of the sink's products. */
size_t input_scale_products(const layer *layer);

/* sum = the sum of `count` sixteens, `stride` floats apart, in their order. */
static inline void sum_sixteens(const float *from, size_t count, size_t stride, float sum[PANEL]) {
  for (int i = 0; i < PANEL; i++) sum[i] = 0;
  for (; count > 0; count--, from += stride) {
    for (int i = 0; i < PANEL; i++) sum[i] += from[i];
  }
}

/* ds into the sink, from its products; after the members have met. */
void input_scale_gradient(const team *team, const layer *layer, const gradient_sink *sink);

/* The update of s alone, from the sink's gradient. */
void input_scale_update(const team *team, const layer *layer, const gradient_sink *sink);

/* diag(s) W of these parameters, after the members have met; a member sees to the same inputs as above. */
void input_scale_apply(const team *team, const layer *layer, float *parameter);

#endif
