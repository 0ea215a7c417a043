/* Dropout and input noise: what training does to values at random, as a function of where they stand. */
#ifndef FASTMLP_DROPOUT_H
#define FASTMLP_DROPOUT_H

#include "dense.h"
#include "rng.h"

/* How the rows of a block count where a batch is normalised. */
typedef struct row_count {
  const float *weight; /* [rows], of which not all are 0; or NULL: each counts once */
  float sum;           /* of the weights, or their number */
  float unbiased;      /* n / (n - 1), with the number n of rows that they stand for */
} row_count;

/* The rows of a training step that a block holds. With the layer and the unit it decides every random draw,
   so that neither threads nor the passes of a step make a difference. */
typedef struct step_rows {
  uint32_t key[2];
  uint32_t step;
  uint32_t first; /* of the block's rows within the step */
  double dropout; /* factor of the layers' shares of units dropped, in this step */
  row_count count;
} step_rows;

/* What is done to the predictors in training. */
typedef struct input_noise {
  double dropout; /* the share of values set to zero */
  double sd;      /* of normal noise, added before */
} input_noise;

/* The same for sparse rows, which have dropout alone: a zero that is dropped stays zero. */
void dropout_entries(const input_noise *noise, const step_rows *at, range rows, sparse_batch *batch);

/* h = the layer's mask of phi for the part of both, [rows x units]: a unit is dropped with probability
   layer->dropout. Those that stay are scaled so that the mean stays (inverted dropout); those of a layer of
   selu become its limit at -Inf where they are dropped, and all are scaled and shifted so that a mean of 0
   and a variance of 1 stay (alpha dropout, Klambauer and others 2017). */
void dropout_forward(const layer *layer, int index, const step_rows *at, part part, panels phi, panels h);

/* dphi = dh times the derivative of the mask. */
void dropout_backward(const layer *layer, int index, const step_rows *at, part part, panels dh, panels dphi);

/* Noise and dropout for the rows in `rows` of x[rows x inputs], in place. */
void dropout_inputs(const input_noise *noise, const step_rows *at, range rows, size_t inputs, panels x);

#endif
