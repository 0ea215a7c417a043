/* The gradient of a loss over a caller's matrix, without training. */
#ifndef FASTMLP_GRADIENT_H
#define FASTMLP_GRADIENT_H

#include "loss.h"
#include "matrix.h"
#include "network.h"

/* Mean loss over the rows of x, with its gradient for every parameter (flat, like the parameters) and,
   unless input_gradient is NULL, for x (column-major [rows x inputs]). total_weight is the sum of case
   weights. training: normalised by the statistics of x (of every PASS_ROWS rows of it), as in training, not
   by the running ones, which follow; no dropout either way. */
status network_gradient(const network *net, bool training, int threads, const source_matrix *x,
                        const loss *loss, const targets *targets, double total_weight, float *gradient,
                        double *input_gradient, double *mean_loss);

#endif
