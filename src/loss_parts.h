/* What the files of losses share: the rows of a block, and the loops that most losses run in. */
#ifndef FASTMLP_LOSS_PARTS_H
#define FASTMLP_LOSS_PARTS_H

#include "loss.h"

/* A loss of rows, as loss_rows() has it. */
typedef void loss_function(const loss *loss, const loss_block *block, range rows);

/* ---- rows ---- */

static inline float *row_of(panels m, size_t r) { return m.data + r * PANEL; }

/* Where column j of a row lies, from the row's start in the first panel. */
static inline size_t lane(size_t j, size_t stride) { return j / PANEL * stride + j % PANEL; }

static inline float row_weight(const loss_block *block, size_t r) {
  return block->targets.weight != NULL ? block->targets.weight[r] : 1;
}

/* The first output that no other exceeds. */
size_t row_argmax(const float *o, size_t stride, size_t outputs);

/* ---- losses of numbers ---- */

/* Loss and score of one number. */
typedef struct number_loss {
  double value, score;
} number_loss;

/* Those of target t from its n outputs o[n], and the gradient with respect to them, d[n]. */
typedef number_loss number_function(const loss *loss, const double *o, size_t n, double t, double *d);

/* Rows of a loss that treats each number of a target by itself: the means over them. */
void number_rows(number_function *of_number, const loss *loss, const loss_block *block, range rows);

/* ---- losses of classes ---- */

/* Loss and score of a row of class `class_index` whose outputs are o[outputs], and, unless d is NULL, the
   gradient scale * d loss / d output; both in lanes of these strides. */
typedef number_loss class_function(const loss *loss, const float *o, size_t stride, size_t outputs,
                                   size_t class_index, double scale, float *d, size_t d_stride);

/* Rows of a loss of classes. */
void class_rows(class_function *of_class, const loss *loss, const loss_block *block, range rows);

/* ---- functions ---- */

double softplus(double x); /* log(1 + exp(x)), without overflow and to the last digits of either tail */
double sigmoid(double x);  /* 1 / (1 + exp(-x)), likewise */

/* ---- the losses, by file ---- */

/* loss_number.c */
loss_function log_cosh_rows, quantile_rows, poisson_rows, gamma_rows, tweedie_rows, negative_binomial_rows,
    gaussian_rows, binary_focal_rows, binary_hinge_rows;

/* loss_class.c */
loss_function focal_rows, hinge_rows, ordinal_rows;

#endif
