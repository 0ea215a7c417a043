/* Predictions for a caller's matrix. */
#ifndef FASTMLP_PREDICT_H
#define FASTMLP_PREDICT_H

#include "data.h"
#include "loss.h"
#include "matrix.h"
#include "network.h"

/* Outputs for every row of x after the link, column-major out[rows x outputs]; uses up to `threads` threads.
 *finite gets whether all of x is finite: activations may hide that it is not. */
status network_predict(const network *net, int threads, const source_matrix *x, scaling scaling, link_id link,
                       double *out, bool *finite);

/* The same for the rows of a data set. */
status network_outputs_of(const network *net, int threads, const dataset *data, link_id link, double *out);

#endif
