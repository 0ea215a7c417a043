/* A block of sparse rows as the passes read it, by rows and by columns. */
#ifndef FASTMLP_SPARSE_BATCH_H
#define FASTMLP_SPARSE_BATCH_H

#include "alloc.h"
#include "sparse.h"
#include "threads.h"

typedef struct sparse_batch {
  /* Set before memory is taken for it: */
  size_t rows, columns, entries; /* at most */
  int members;                   /* the largest team that turns it; 0: it is never turned */
  size_t runs;  /* the forward product takes the columns in so many runs, one after the other, */
  size_t width; /* each so wide that its rows of weights stay in the first-level cache */

  uint32_t *bound;      /* [rows][runs + 1] where each run of a row's entries begins */
  sparse_entry *entry;  /* [entries] row after row; index: the column */
  uint32_t *split;      /* [members][members + 1] the first column of each member, for each member to read */
  uint32_t *cut;        /* [rows][members + 1] where each member's columns begin in a row */
  uint32_t *first;      /* [columns + 1] where the entries of each column begin in */
  sparse_entry *turned; /* [entries] column after column, in order of the rows; index: the row */
} sparse_batch;

/* What a layer reads: rows in panels or, where sparse is not NULL, sparse ones. */
typedef struct input {
  panels dense;
  const sparse_batch *sparse;
} input;

/* A batch for up to `rows` rows that have at most so many entries together, and about `each` a row. */
sparse_batch sparse_batch_plan(size_t rows, size_t columns, size_t entries, double each, int members);

/* Takes its memory. */
void sparse_batch_take(sparse_batch *batch, arena *arena);

/* Which rows of all a batch gets. */
typedef struct sparse_choice {
  const sparse_rows *rows;
  const uint32_t *place; /* of the listed rows among them; NULL: their own number */
  const uint32_t *order; /* the rows of the batch; NULL: first, first + 1, ... */
  size_t first, n;
} sparse_choice;

/* Copies rows into the batch, this member's share of them. */
void sparse_batch_gather(const team *team, const sparse_choice *choice, sparse_batch *batch);

/* Sees to the runs of a batch of n rows that were written into it otherwise, row r from bound[r * (runs + 1)]
   on, the last up to `end`. */
void sparse_batch_bound(sparse_batch *batch, const uint32_t *start, size_t n);

/* Sorts n gathered rows by columns, once all members have gathered: this member's share. */
void sparse_batch_turn(const team *team, sparse_batch *batch, size_t n);

/* c[n x 16 panels] = bias + the batch's rows times b, for some of the rows. */
void sparse_forward(const sparse_batch *batch, range rows, const float *b, size_t b_stride, size_t panels,
                    const float *bias, float *c, size_t c_stride);

/* g[columns x 16 panels] (+)= the transposed batch times d, for some of the columns. The first is for a batch
   that is turned; the other adds row by row, in the same order, and n is the number of rows. */
void sparse_backward(const sparse_batch *batch, range columns, const float *d, size_t d_stride, size_t panels,
                     bool accumulate, float *g, size_t g_stride);
void sparse_scatter(const sparse_batch *batch, range columns, size_t n, const float *d, size_t d_stride,
                    size_t panels, bool accumulate, float *g, size_t g_stride);

#endif
