/* Summaries of the columns of a caller's matrix. */
#ifndef FASTMLP_SCAN_H
#define FASTMLP_SCAN_H

#include "sparse.h"

/* What a scan of one column found. */
typedef struct column_summary {
  size_t missing; /* NaN or NA */
  size_t infinite;
  size_t first_bad_row; /* of either kind, counted among the rows scanned; their number if none */
  double minimum, maximum, mean, sd;
} column_summary;

/* Summarises every column over n rows (indices into x; NULL for the first n); missing counts integer NA
   (INT32_MIN) too. Threaded over columns. */
void matrix_scan(int threads, const source_matrix *x, const uint32_t *rows, size_t n,
                 column_summary *summary);

/* The same for a sparse matrix and the n rows of it that have a place (sparse.h). */
void sparse_scan(int threads, const source_matrix *x, const uint32_t *place, size_t n,
                 column_summary *summary);

/* Fingerprints of the `count` columns listed, over all rows: equal columns have equal ones. Threaded over
   columns. */
void matrix_fingerprints(int threads, const source_matrix *x, const size_t *column, size_t count,
                         uint64_t *fingerprint);

#endif
