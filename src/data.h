/* Rows of predictors and targets in the form that training reads them. */
#ifndef FASTMLP_DATA_H
#define FASTMLP_DATA_H

#include "alloc.h"
#include "loss.h"
#include "sparse_batch.h"
#include "threads.h"

/* A data set; owns its memory, but for the predictors of a choice of rows, which are another's. Exactly rows
   x inputs floats for x: no padding. */
typedef struct dataset {
  arena arena;
  size_t rows, inputs, columns; /* columns: numbers of a row's target */
  float *x;                     /* [rows x inputs] row-major; NULL where they are sparse */
  sparse_rows sparse;           /* the same rows in place of x */
  uint32_t *place;              /* [rows] of each row in x; NULL: they lie in order */
  int32_t *class_index;         /* [rows], or NULL */
  float *value;                 /* [rows x columns] row-major, or NULL */
  float *weight;                /* [rows], or NULL */
  double worth;                 /* how many rows a weight of 1 stands for */
  float *offset;                /* [rows], or NULL */
} dataset;

/* What a data set has room for: its rows, its kind of target, whether weights are kept, and offsets. */
typedef struct dataset_shape {
  size_t rows, inputs, columns;
  bool classes, weighted, shifted;
  bool sparse;    /* rows are sparse, with so many */
  size_t entries; /* values together */
} dataset_shape;

status dataset_allocate(dataset *data, const dataset_shape *shape);

/* Whether sparse rows with so many entries together train faster with their zeros, in a first layer of so
   many units, and need little memory for it. */
bool dataset_fills_zeros(size_t rows, size_t inputs, size_t entries, size_t units);

/* A choice of n listed rows (NULL: all n) of another data set (no choice itself), which must outlive it. */
status dataset_choose(dataset *choice, const dataset *all, const uint32_t *rows, size_t n);

void dataset_free(dataset *data);

/* Room for a block of rows as the passes read them. */
typedef struct batch {
  panels x;             /* [rows x inputs] */
  sparse_batch *sparse; /* in place of it, for sparse rows */
  int32_t *class_index; /* [rows], or NULL: not wanted */
  float *value;         /* [rows x columns] row-major, or NULL */
  float *weight;        /* [rows], or NULL */
  float *offset;        /* [rows], or NULL */
} batch;

/* Whether its rows are sparse, and the share of their values that are kept: 1 otherwise. */
bool dataset_is_sparse(const dataset *data);
double dataset_density(const dataset *data);

/* A batch for up to `rows` of its rows, if those are sparse, which at most so many members turn. */
sparse_batch dataset_plan_batch(const dataset *data, size_t rows, int members);

/* What a layer reads of a batch. */
static inline input batch_input(const batch *batch) { return (input){batch->x, batch->sparse}; }

/* Copies n listed rows (order[0 .. n-1]; NULL for first, first + 1, ...) into the batch: this member's share
   of them. order goes on for the rows that are left from `first` on. Sparse ones still have to be turned. */
void dataset_gather(const team *team, const dataset *data, const uint32_t *order, size_t first, size_t n,
                    const batch *batch);

/* Puts back the values of a column that has them in the batch, but where they have become zero; for this
   member's share of the rows of dataset_gather(). */
void dataset_restore(const team *team, const dataset *data, const uint32_t *order, size_t first, size_t n,
                     size_t column, const batch *batch);

/* Sorts a batch of n gathered rows by columns, if they are sparse: this member's share, once all have
 * gathered.
 */
void dataset_turn(const team *team, const dataset *data, size_t n, const batch *batch);

/* The targets of the data set's rows from `first` on, where they lie. */
targets dataset_targets(const dataset *data, size_t first);

/* The sum of all case weights; the number of rows where there are none. */
double dataset_weight(const dataset *data);

#endif
