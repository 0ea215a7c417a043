/* Normalisation of x W + b: by units over a batch (Ioffe and Szegedy 2015) or by rows over a layer (Ba, Kiros
   and Hinton 2016). With mean and variance of either, and a scale and a shift that are learned,
     normal = (x W + b - mean) / sqrt(variance + 1e-5),  z = scale normal + shift. */
#ifndef FASTMLP_NORMALIZE_H
#define FASTMLP_NORMALIZE_H

#include "dropout.h"

/* What the forward pass of a normalised layer leaves for the backward pass, which adds the gradients. */
typedef struct norm_state {
  panels normal;  /* [rows x units] */
  float *inverse; /* 1 / sqrt(variance + 1e-5): of the units [panels][16], or of the rows [rows] */
  panels dz;      /* [rows x units] d loss / d z, where it has to outlive that of x W + b; or data == NULL */
  float *dscale;  /* [panels][16] */
  float *dshift;  /* [panels][16] */
} norm_state;

/* How n rows count in the statistics of a batch: by their case weights, of which 1 stands for `worth` rows;
   each once where there are none (NULL), or nothing but zeros. */
row_count norm_count(const float *weight, double worth, size_t n);

/* How the members have to divide the layer's output, so that nobody needs another one's sums: batches by
   panels, layers by rows; others as suits. */
split norm_split(const layer *layer, int size);

/* Turns x W + b in `normal` into the normalised values, and gives z (which may be `normal`, to keep z alone),
   for the part of a block of `rows` rows. In training, statistics of a batch are those of the block, its rows
   counted as `at` says, and the running ones follow them by a tenth; otherwise (at is NULL) the running ones
   are used. inverse, laid out as in norm_state, may be NULL. */
void norm_forward(const layer *layer, float *parameter, const step_rows *at, part part, size_t rows,
                  panels normal, panels z, float *inverse);

/* From dz = d loss / d z to da = d loss / d (x W + b), which may be dz for a batch. */
void norm_backward(const layer *layer, const float *parameter, const step_rows *at, part part, size_t rows,
                   const norm_state *state, panels dz, panels da);

/* Gradients of scale and shift into the sink, after the members have met. */
void norm_weights(const team *team, const layer *layer, size_t rows, const norm_state *state,
                  const gradient_sink *sink);

/* The update of scale and shift alone, from the sink's gradient. */
void norm_update(const team *team, const layer *layer, const gradient_sink *sink);

#endif
