/* The gradient of a loss over rows, without an update. */
#ifndef FASTMLP_GRADIENT_H
#define FASTMLP_GRADIENT_H

#include "data.h"
#include "loss.h"
#include "matrix.h"
#include "network.h"
#include "pace.h"
#include "pass.h"

/* The rows: the caller's, where they lie, or those of a data set. */
typedef struct gradient_rows {
  const source_matrix *source; /* NULL: data */
  const dataset *data;
  size_t rows;
  targets targets;
  double total_weight; /* the sum of case weights */
  bool training;       /* normalised by the statistics of every PASS_ROWS of them, as in training, not by the
                          running ones, which follow; no dropout either way */
} gradient_rows;

/* The means over the rows. */
typedef struct gradient_means {
  double loss, score;
} gradient_means;

/* What passes over some rows need; serves any number of them. */
typedef struct gradient_workspace {
  pass pass;
  pace pace;
  arena arena;
  batch x; /* the rows of a pass */
  sparse_batch sparse;
  bool profiled;
  profile *profile; /* [members], or NULL: not profiled */
} gradient_workspace;

/* For blocks of a set of `rows` rows (of `data`, unless it is NULL); input_gradient: down to the inputs;
   profiled: the phases of the passes are measured. */
status gradient_allocate(gradient_workspace *workspace, const network *net, const dataset *data, size_t rows,
                         int threads, bool input_gradient, bool profiled);

void gradient_free(gradient_workspace *workspace);

/* The mean loss and score, with the gradient of the loss for every parameter (flat, like the parameters) and,
   unless input_gradient is NULL, for the inputs (column-major [rows x inputs]). */
gradient_means gradient_run(gradient_workspace *workspace, const loss *loss, const gradient_rows *rows,
                            float *gradient, double *input_gradient);

/* Seconds that all members together spent in a phase so far; 0 unless profiled. */
double gradient_phase_seconds(const gradient_workspace *workspace, phase phase);

/* As gradient_run(), with a workspace of its own. */
status network_gradient(const network *net, int threads, const loss *loss, const gradient_rows *rows,
                        float *gradient, double *input_gradient, double *mean_loss);

/* For each row of x, as it comes to the scaling, the gradient of its outputs weighted by its row of seed[rows
   x outputs]: out[rows x inputs]; both column-major. The network works as it predicts. */
status network_input_gradient(const network *net, int threads, const source_matrix *x, scaling scaling,
                              const double *seed, double *out);

#endif
