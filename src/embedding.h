/* Numeric embeddings in front of the first layer: some columns x of a row are joined by
     out[k] = the sum over j of w[k][j] cos(2 pi frequency[j] x + phase[j]) + b[k],
   with frequencies, phases, w and b learned for each such column. The rows that the first layer reads have
   the columns as they came, and behind them the outputs of each embedded column. */
#ifndef FASTMLP_EMBEDDING_H
#define FASTMLP_EMBEDDING_H

#include "dense.h"

typedef struct embedding {
  size_t columns;              /* of the rows as they come */
  size_t features;             /* of them embedded; 0: none is, and nothing of this is there */
  size_t frequencies, outputs; /* of each */
  uint32_t *column;            /* [features] */
  size_t parameter; /* [features][embedding_floats()]: frequency, phase, w[outputs][frequencies], b */
} embedding;

/* Floats of one column's parameters, padding included. */
size_t embedding_floats(const embedding *e);

/* Columns of the rows that come out. */
size_t embedding_width(const embedding *e);

/* out[n x width] from x[n x columns], for some of the rows. */
void embedding_forward(const embedding *e, const float *parameter, panels x, range rows, panels out);

/* dx[n x columns] from dout[n x width], for some of the rows. */
void embedding_backward(const embedding *e, const float *parameter, panels x, panels dout, range rows,
                        panels dx);

/* Gradients of the parameters into the sink, by members' shares of the features. sums: this member's
   [embedding_floats()][16]. */
void embedding_weights(const team *team, const embedding *e, const float *parameter, panels x, panels dout,
                       size_t n, const gradient_sink *sink, float *sums);

/* The update alone, from the sink's gradient. */
void embedding_update(const team *team, const embedding *e, const gradient_sink *sink);

#endif
