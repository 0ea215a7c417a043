/* Dense layers on panels: h = phi(x W + b) and its backward passes, as a team's work. */
#ifndef FASTMLP_DENSE_H
#define FASTMLP_DENSE_H

#include "activation.h"
#include "optimizer.h"
#include "sparse_batch.h"
#include "threads.h"

/* What stands between x W + b and the activation. */
typedef enum norm_id { NORM_NONE, NORM_BATCH, NORM_LAYER, NORM_COUNT } norm_id;

/* One dense layer. Offsets count floats into the network's flat parameters. */
typedef struct layer {
  size_t inputs, units;
  activation_id activation;
  size_t weight;      /* [panels of units][inputs][16] */
  size_t effective;   /* the weights of the product: W itself, or what follows from W and scales */
  size_t bias;        /* [panels of units][16] */
  bool scaled;        /* its inputs are multiplied by s first (input_scale.h) */
  bool shared;        /* variants share W, and scale inputs and units of their own (shared_weights.h) */
  size_t input_scale; /* [panels of inputs][16] */
  size_t unit_scale;  /* [panels of units][16] */
  norm_id norm;
  size_t scale, shift;   /* [panels of units][16], of a normalised layer */
  size_t mean, variance; /* the same: running statistics of batches, which no gradient moves */
  bool parametric;       /* its activation is blended with z (parametric.h) */
  size_t slope;          /* the shares a [panels of units][16] */
  double dropout;        /* the share of units dropped in training */
  bool residual;         /* its input joins its output, which has the same width */
} layer;

/* Whether it is more than phi(x W + b). */
static inline bool layer_is_dressed(const layer *layer) {
  return layer->norm != NORM_NONE || layer->parametric || layer->dropout > 0 || layer->residual;
}

/* How the members divide an output [rows x columns]: by its rows, or by its panels of columns. A layer whose
   units are divided by panels is wide, another narrow. Members that own panels keep the weights of those
   panels in their core's cache; members that own rows need not wait for each other between layers. */
typedef enum split { SPLIT_ROWS, SPLIT_PANELS } split;

/* A member's part of an output [rows x columns]. */
typedef struct part {
  range rows, panels;
} part;

/* Where each layer's gradient goes: into `gradient` (flat, like the parameters; added if accumulate), and,
   where step is not NULL, straight on into the parameters, strip by strip while it is in cache. Then
   gradient may be NULL and `scratch` holds this member's strip. */
typedef struct gradient_sink {
  float *gradient;
  bool accumulate;
  bool by_batch;   /* batches are normalised by their own statistics, not by the running ones */
  bool complete;   /* this pass is the last of those whose gradients are added */
  int variant;     /* whose pass it is: what variants share is added to by all but the first, and updated by
                      the first alone */
  float *products; /* of scaled inputs: [pairs of panels of units][panels of inputs][16] sums of W G; behind
                      them, of shared weights, [panels of inputs][panels of units][16] */
  const optimizer_step *step;
  float *parameter;
  float *moment[MOMENTS];
  float *average;   /* the parameters' running average, to be kept up too; or NULL */
  float fresh;      /* the share of the new parameters in it */
  bool ntk;         /* weights are updated as in NTK parametrisation */
  bool settles;     /* averages and W' follow at once, not only after dense_limit_norms() */
  float *scratch;   /* [SCRATCH_FLOATS] */
  float *scattered; /* [panels of units][inputs][16] room for x' dz of sparse rows that are not turned */
} gradient_sink;

/* Panels of units in a strip, the pair of panels by which members divide them, and the scratch that a strip
   of PANEL rows of W needs. */
enum { STRIP_PANELS = 4, PAIR_PANELS = 2, SCRATCH_FLOATS = STRIP_PANELS * PANEL * PANEL };

/* Pairs of panels that so many columns make. */
size_t pairs_of(size_t columns);

/* The split that serves `size` members best for `columns` columns. */
split split_for(int size, size_t columns);

/* This member's part of an output [rows x columns]. */
part part_of(const team *team, split split, size_t rows, size_t columns);

/* z = x W + b and h = phi(z), for z[rows x units]; z.data == NULL where z need not be kept. */
void dense_forward(const team *team, split split, const layer *layer, const float *parameter, input x,
                   size_t rows, panels z, panels h);

/* dx[rows x inputs] = dz[rows x units] W', times phi' of the activation `below` that made x, read from
   kept (its z or phi(z)); identity for none. W' comes transposed, in panels [panels of inputs][units][16]. */
void dense_backward_input(const team *team, split split, const layer *layer, const float *transposed,
                          panels dz, size_t rows, activation_id below, panels kept, panels dx);

/* dW = x' dz (of scaled inputs diag(s) x' dz, once that is complete, and then the sink's products; of shared
   weights diag(r) x' dz diag(s), and the products of each pass) and db = column sums of dz, strip by strip
   into the sink. If transposed is not NULL and the
   sink updates, W' there follows W. split is that of the layer's units: where they are divided by panels, a
   member sees to the weights of its own, otherwise to those of its panels of inputs, as
   dense_backward_input() divides them by SPLIT_PANELS. */
void dense_backward_weights(const team *team, split split, const layer *layer, input x, panels dz,
                            size_t rows, const gradient_sink *sink, float *transposed);

/* The update alone, of what dense_backward_weights() would update, from the sink's gradient. */
void dense_update(const team *team, split split, const layer *layer, const gradient_sink *sink,
                  float *transposed);

/* Scales the weights of each unit whose norm exceeds `most` down to it, by the members' shares of the units;
   then averages and W' follow. */
void dense_limit_norms(const team *team, const layer *layer, float most, const gradient_sink *sink,
                       float *transposed);

/* transposed = W', as dense_backward_input() reads it. */
void dense_transpose(const team *team, const layer *layer, const float *parameter, float *transposed);

/* A gradient of n parameters of a group other than the weights, at an offset that counts as the parameters
   do, into the sink. */
void sink_take(const gradient_sink *sink, group_id group, size_t offset, float *gradient, size_t n);

/* Their update alone, from the sink's gradient. */
void sink_update(const gradient_sink *sink, group_id group, size_t offset, size_t n);

/* The sink as it takes the gradient of what variants share. */
static inline gradient_sink sink_of_shared(const gradient_sink *sink) {
  gradient_sink shared = *sink;
  shared.accumulate = sink->accumulate || sink->variant > 0;
  return shared;
}

/* n values that have moved by themselves: their average follows, if the sink updates. */
void sink_average(const gradient_sink *sink, size_t offset, size_t n);

/* dh[rows x columns] *= phi'(z) for the part. */
void dense_backward_activation(const team *team, activation_id activation, part part, size_t columns,
                               panels kept, panels dh);

/* Whether x' dz of blocks of so many rows, of which a share `density` of the values is not zero, is added up
   row by row, so that no batch has to be turned: that pays where few panels of units leave little to do with
   an entry, and most columns have one. */
bool dense_scatters(const layer *layer, size_t rows, double density);

/* Floats that W takes. */
size_t dense_weights_size(const layer *layer);

/* Floats that W' takes. */
size_t dense_transposed_size(const layer *layer);

#endif
