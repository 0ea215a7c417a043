/* A network: its shape, its parameters in panels, and passes over blocks of rows. */
#ifndef FASTMLP_NETWORK_H
#define FASTMLP_NETWORK_H

#include "activation.h"
#include "alloc.h"
#include "loss.h"
#include "matrix.h"
#include "optimizer.h"
#include "threads.h"

/* One dense layer: h = phi(x W + b). Offsets count floats into the flat parameters. */
typedef struct layer {
  size_t inputs, units;
  activation_id activation;
  size_t weight; /* [panels of units][inputs][16] */
  size_t bias;   /* [panels of units][16] */
} layer;

typedef struct network {
  arena arena;
  int layers;
  layer *layer;      /* [layers] */
  size_t parameters; /* floats, lanes of padding included */
  float *parameter;  /* [parameters] */
} network;

/* Allocates a network of sizes[0] inputs, then sizes[l] units with activation[l - 1] for l = 1 .. layers. */
status network_allocate(network *net, int layers, const size_t *sizes, const activation_id *activation);

void network_free(network *net);

/* Sets the weights and bias of a layer from weight[inputs x units] column-major and bias[units]. */
void network_set_layer(network *net, int l, const double *weight, const double *bias);

/* The inverse; reads from `parameters`, which may be the network's own or a gradient laid out alike. */
void network_get_layer(const network *net, const float *parameters, int l, double *weight,
                       double *bias);

/* Outputs for every row of x, column-major out[rows x outputs], after the link; streams in blocks. */
status network_predict(const network *net, int threads, const source_matrix *x, scaling scaling,
                       link_id link, double *out);

/* Mean loss over the rows of x, with its gradient for every parameter (flat, like the parameters) and,
   unless input_gradient is NULL, for x (column-major [rows x inputs]). total_weight is the sum of case weights. */
status network_gradient(const network *net, int threads, const source_matrix *x, const loss *loss,
                        const targets *targets, double total_weight, float *gradient,
                        double *input_gradient, double *mean_loss);

#endif
