/* The parts of tools/check_kernels.c: each compares some kernels of one table with plain loops in double. */
#ifndef FASTMLP_CHECK_KERNELS_H
#define FASTMLP_CHECK_KERNELS_H

#include "check_report.h"
#include "kernels.h"

/* product, product_transposed, column_sums, transpose_panel and narrow. */
void check_products(const kernels *k);

/* sparse_product. */
void check_sparse(const kernels *k);

/* Every activation's value and gradient, over every stride-th float. */
void check_activations(const kernels *k, uint64_t stride);

void check_softmax(const kernels *k);

/* "<table>: <what>", until the next call. */
const char *kernel_name(const kernels *k, const char *what);

/* Failure unless n floats are bit for bit the same. */
void expect_same(const kernels *k, const char *what, const float *a, const float *b, size_t n);

/* Every rule of updates, with and without penalty, decay and momentum. */
void check_updates(const kernels *k);

/* adjust_gradient, average, sum_of_squares and limit_norms. */
void check_regularization(const kernels *k);
/* Masks, noise and normalisation. */
void check_random(const kernels *k);

/* Embeddings of numbers and parametric activations. */
void check_embeddings(const kernels *k);

#endif
