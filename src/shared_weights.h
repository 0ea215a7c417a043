/* Weights that variants of a network share, the members of an ensemble (Wen, Tran and Ba 2020; Gorishniy and
   others 2025). Each has scales r of a layer's inputs and s of its units, and a bias, of its own:
     z = x diag(r) W diag(s) + b.
   The product reads diag(r) W diag(s), which is computed before each pass. With G = x' dz
     dW = diag(r) G diag(s), added up over the variants,  dr_i = the sum over j of W_ij s_j G_ij,
     ds_j = the sum over i of r_i W_ij G_ij. */
#ifndef FASTMLP_SHARED_WEIGHTS_H
#define FASTMLP_SHARED_WEIGHTS_H

#include "dense.h"

/* Floats of the sink's products. */
size_t shared_products(const layer *layer);

/* dr and ds into the sink, from its products; after the members of the team have met. */
void shared_gradient(const team *team, const layer *layer, const gradient_sink *sink);

/* The update of r and s alone, from the sink's gradient. */
void shared_update(const team *team, const layer *layer, const gradient_sink *sink);

/* diag(r) W diag(s) of these parameters; a member sees to the same inputs as in dense_transpose(). */
void shared_apply(const team *team, const layer *layer, float *parameter);

#endif
