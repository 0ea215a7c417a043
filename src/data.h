/* Rows of predictors and targets in the form that training reads them. */
#ifndef FASTMLP_DATA_H
#define FASTMLP_DATA_H

#include "alloc.h"
#include "loss.h"
#include "threads.h"

/* A data set; owns its memory, but for the x of a choice of rows, which is another's. Exactly rows x inputs
   floats for x: no padding. */
typedef struct dataset {
  arena arena;
  size_t rows, inputs, columns; /* columns: numbers of a row's target */
  float *x;                     /* [rows x inputs] row-major */
  uint32_t *place;              /* [rows] of each row in x; NULL: they lie in order */
  int32_t *class_index;         /* [rows], or NULL */
  float *value;                 /* [rows x columns] row-major, or NULL */
  float *weight;                /* [rows], or NULL */
  float *offset;                /* [rows], or NULL */
} dataset;

/* Allocates room for the rows; classes says which kind of target, weighted whether weights are kept, shifted
   whether offsets are. */
status dataset_allocate(dataset *data, size_t rows, size_t inputs, size_t columns, bool classes,
                        bool weighted, bool shifted);

/* A choice of n listed rows (NULL: all n) of another data set (no choice itself), which must outlive it. */
status dataset_choose(dataset *choice, const dataset *all, const uint32_t *rows, size_t n);

void dataset_free(dataset *data);

/* Room for a block of rows as the passes read them. */
typedef struct batch {
  panels x;             /* [rows x inputs] */
  int32_t *class_index; /* [rows], or NULL: not wanted */
  float *value;         /* [rows x columns] row-major, or NULL */
  float *weight;        /* [rows], or NULL */
  float *offset;        /* [rows], or NULL */
} batch;

/* Copies n listed rows (order[0 .. n-1]; NULL for first, first + 1, ...) into the batch: this member's share
   of them. order goes on for the rows that are left from `first` on. */
void dataset_gather(const team *team, const dataset *data, const uint32_t *order, size_t first, size_t n,
                    const batch *batch);

/* Puts back the values of a column that has them in the batch, but where they have become zero; for this
   member's share of the rows of dataset_gather(). */
void dataset_restore(const team *team, const dataset *data, const uint32_t *order, size_t first, size_t n,
                     size_t column, const batch *batch);

/* The targets of the data set's rows from `first` on, where they lie. */
targets dataset_targets(const dataset *data, size_t first);

/* The sum of all case weights; the number of rows where there are none. */
double dataset_weight(const dataset *data);

#endif
