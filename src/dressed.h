/* Layers with more than phi(x W + b). With whatever of it is there,
     z = norm(x W + b),  phi(z),  its blend with z (parametric),  dropout,  and then the layer's input added
   (residual). */
#ifndef FASTMLP_DRESSED_H
#define FASTMLP_DRESSED_H

#include "pass.h"

/* What the backward pass through a layer's activation reads. */
static inline panels pass_kept(const pass_layer *layer) {
  if (layer->z.data != NULL) return layer->z;
  return layer->phi.data != NULL ? layer->phi : layer->h;
}

/* Takes what such a layer keeps beside the tensors of every layer. */
void dressed_take(const layer *layer, size_t rows, arena *arena, pass_layer *taken);

/* h from x; this member's part, as split says. */
void dressed_forward(const team *team, split split, const network *net, int l, const pass_layer *own,
                     input x, size_t n, const step_rows *at);

/* From dh to dz, for the part. Also for layers that are not dressed. */
void dressed_backward(const team *team, part part, const network *net, int l, const pass_layer *own, size_t n,
                      const step_rows *at);

/* dx += dh, for the part. */
void residual_backward(const team *team, part part, panels dh, panels dx);

/* h from x as the network predicts, by one member alone and in place. */
void dressed_predict(const team *solo, const layer *layer, float *parameter, input x, size_t n, panels h);

#endif
