/* A network: its shape, and its parameters in panels. */
#ifndef FASTMLP_NETWORK_H
#define FASTMLP_NETWORK_H

#include "alloc.h"
#include "embedding.h"

typedef struct network {
  arena arena;
  int layers;
  int variants;        /* networks that share hidden layers' weights and the embedding; as a rule 1 */
  layer *layer;        /* [variants][layers] */
  embedding embedding; /* in front of the first of them */
  size_t parameters;   /* floats, lanes of padding included */
  float *parameter;    /* [parameters] */
  double density;      /* the share of its inputs' values that are not zero, as far as work depends on it */
} network;

/* The shape of a network: its first layer reads sizes[0] values, and for l = 1 .. layers it has sizes[l]
   units with activation[l - 1]. What is left out is not there. */
typedef struct network_plan {
  int layers;
  const size_t *sizes;
  const activation_id *activation;
  const norm_id *norm;    /* [layers] */
  const bool *parametric; /* [layers] */
  bool input_scale;
  int variants;               /* that share weights; 0 where none are shared */
  const embedding *embedding; /* as embedding_place() takes it */
} network_plan;

/* Allocates a network; the plan is not needed after. */
status network_allocate(network *net, const network_plan *plan);

void network_free(network *net);

/* Whether weights are shared. */
static inline bool network_shares(const network *net) { return net->layer[0].shared; }

/* A variant as a network of its own, with the same parameters. */
network network_variant(const network *net, int variant);

/* The i-th of all layers whose weights are told apart, in the order in which these lie among the parameters;
   NULL past the last. */
const layer *network_weights(const network *net, int i);

/* Sets the weights and bias of a layer from weight[inputs x units] column-major and bias[units]; NULL for 0.
   `parameters` may be the network's own or a buffer laid out alike. */
void network_set_layer(const network *net, float *parameters, int l, const double *weight,
                       const double *bias);

/* The inverse. */
void network_get_layer(const network *net, const float *parameters, int l, double *weight, double *bias);

/* Sets n parameters that lie side by side from an offset on; and the inverse. */
void network_set_values(float *parameters, size_t offset, size_t n, const double *value);
void network_get_values(const float *parameters, size_t offset, size_t n, double *value);

/* Brings what follows from weights and scales up to date, of variants for the first; nothing without scales.
 */
void network_apply_scale(const network *net, float *parameters);

/* Sets a part of an embedded column's parameters, which begins so many floats behind the first of them, from
   the caller's column-major values; and the inverse. They return where the next part begins. */
size_t network_set_embedded(const embedded *f, float *parameters, size_t offset, const embedding_part *part,
                            const double *value);
size_t network_get_embedded(const embedded *f, const float *parameters, size_t offset,
                            const embedding_part *part, double *value);

/* Where the values of a normalised layer lie, one a unit, and how many there are: scale and shift, and, for
   batches, running mean and variance. */
int network_norm_values(const layer *layer, size_t offset[4]);

/* Columns of the rows that it takes. */
size_t network_inputs(const network *net);

size_t network_outputs(const network *net);

/* Units of the widest layer. */
size_t network_widest(const network *net);

/* Floating-point operations of one forward pass over `rows` rows. */
double network_flops(const network *net, size_t rows);

#endif
