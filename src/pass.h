/* Passes of a block of rows through a whole network, forward and backward, by a team. */
#ifndef FASTMLP_PASS_H
#define FASTMLP_PASS_H

#include "data.h"
#include "dropout.h"
#include "loss.h"
#include "network.h"
#include "normalize.h"

/* Rows that one pass takes at most; larger batches go through in several, their gradients added. */
enum { PASS_ROWS = 1024 };

/* What one layer keeps of a block, each [rows x units]. */
typedef struct pass_layer {
  panels z;          /* where phi' reads it; otherwise data == NULL */
  panels h;          /* phi(z) */
  panels dz;         /* d loss / d (x W + b); the last layer's starts as d loss / d output */
  float *transposed; /* W' if the layer hands a gradient down, otherwise NULL */
  panels phi;        /* phi(z) where that is not h and phi' reads it; otherwise data == NULL */
  panels dh;         /* d loss / d h: dz, unless it has to outlive that */
  norm_state norm;   /* of a normalised layer */
  float *products;   /* of scaled inputs and shared weights, as gradient_sink has them; or NULL */
} pass_layer;

/* The workspace of one network for blocks of up to `rows` rows. */
typedef struct pass {
  arena arena;
  const network *net;
  size_t rows;
  int members; /* the largest team */
  bool input_gradient;
  struct pass_layer *layer; /* [layers] */
  panels embedded;          /* what the first layer reads, if that is not x itself */
  panels dx;                /* d loss / d what the first layer reads, if asked for or embedded */
  panels dinput;            /* d loss / d x, if asked for */
  float *embedding_scratch; /* [members][embedding_scratch()] */
  double *row_loss;         /* [variants][rows] */
  double *row_score;        /* [variants][rows] */
  float *scratch;           /* [members][SCRATCH_FLOATS] */
  float *scattered;         /* of the first layer, as gradient_sink has it; or NULL */
} pass;

/* Members worth having, of `limit`, for forward and backward passes of `rows` rows: by the work between
 * barriers. */
int pass_members(const network *net, size_t rows, int limit);

/* Plans and allocates; input_gradient: the backward pass goes down to the inputs. */
status pass_allocate(pass *pass, const network *net, size_t rows, int members, bool input_gradient);

void pass_free(pass *pass);

/* A batch for blocks of a data set, which its members turn if the first layer needs that. */
sparse_batch pass_plan_batch(const pass *pass, const dataset *data);

/* The same workspace for one of the network's variants, which is put into `own`; variants take turns. */
pass pass_of_variant(const pass *pass, int variant, network *own);

/* Brings every W' up to date with the network's parameters, and the weights of the products of a variant. */
void pass_transpose(const team *team, pass *pass);

/* norm_count(), where any layer asks for it. */
row_count pass_count(const pass *pass, const float *weight, double worth, size_t n);

/* From x[n x inputs] to the outputs in the last layer's h, of which each member may then read its own rows
   (team_share). `at` tells which rows of a training step these are; NULL: the network as it predicts, by
   running statistics and without dropout. */
void pass_forward(const team *team, pass *pass, input x, size_t n, const step_rows *at);

/* For this member's rows: the loss of the outputs into row_loss and row_score, and d loss / d output times
   scale into the last layer's dz. */
void pass_loss(const team *team, pass *pass, const loss *loss, const targets *targets, size_t n,
               double scale);

/* From d loss / d output in the last layer's dz, each member having written its own rows, down to the first
 * (and dx, if that is there); `at` as in the forward pass.
 */
void pass_backward(const team *team, pass *pass, size_t n, const step_rows *at);

/* From dx on to dinput, where that is another. */
void pass_backward_inputs(const team *team, pass *pass, input x, size_t n);

/* Gradients of all parameters into the sink, after pass_backward(). The members meet where they have to
   before it, not after it. Hidden layers settle only where their weights' norms have no limit (max_norm is
   0). Here and below, the sink's scratch and settles are set for it. */
void pass_weights(const team *team, pass *pass, input x, size_t n, gradient_sink sink, double max_norm);

/* The update alone, from the sink's gradient of all parameters, complete in all members; for a variant of
   what is its own, for the first one of what they share, too. */
void pass_update(const team *team, pass *pass, gradient_sink sink, double max_norm);

/* Limits the norms of the hidden units' weights, after all members' updates. */
void pass_limit_norms(const team *team, pass *pass, gradient_sink sink, double max_norm);

#endif
