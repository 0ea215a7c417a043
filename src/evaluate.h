/* Mean loss and score of a network on a data set. */
#ifndef FASTMLP_EVALUATE_H
#define FASTMLP_EVALUATE_H

#include "data.h"
#include "stream.h"

typedef struct evaluator {
  stream stream;
  arena arena;
  const dataset *data;
  const loss *loss;
  double *row_loss;  /* [rows] */
  double *row_score; /* [rows] */
} evaluator;

/* All arguments must outlive the evaluator. */
status evaluator_allocate(evaluator *evaluator, const network *net, const dataset *data, const loss *loss,
                          int members);

void evaluator_free(evaluator *evaluator);

/* The means over the rows, weighted by their case weights. */
void evaluator_run(evaluator *evaluator, double *mean_loss, double *mean_score);

#endif
