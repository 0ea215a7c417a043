/* Conversions between the caller's column-major matrices and the engine's floats. */
#ifndef FASTMLP_MATRIX_H
#define FASTMLP_MATRIX_H

#include "common.h"
#include "threads.h"

/* A caller's column-major matrix of doubles or of 32-bit integers (exactly one pointer is set). */
typedef struct source_matrix {
  const double *real;
  const int32_t *integer;
  size_t rows, columns;
} source_matrix;

/* What a scan of one column found. */
typedef struct column_summary {
  size_t missing; /* NaN or NA */
  size_t infinite;
  size_t first_bad_row; /* of either kind, counted among the rows scanned; their number if none */
  double minimum, maximum, mean, sd;
  uint64_t fingerprint; /* equal columns have equal fingerprints */
} column_summary;

/* (x - center) / scale for each column; both NULL for none. */
typedef struct scaling {
  const double *center, *scale;
} scaling;

/* Summarises every column over n rows (indices into x; NULL for the first n); missing counts integer NA
   (INT32_MIN) too. Threaded over columns. */
void matrix_scan(int threads, const source_matrix *x, const uint32_t *rows, size_t n,
                 column_summary *summary);

/* Scales the rows in `rows` (indices into x; NULL for first, first + 1, ...) and writes them as floats,
   row-major: out[n x columns]. Threaded over rows, blocked. */
void matrix_to_rows(int threads, const source_matrix *x, const uint32_t *rows, size_t first, size_t n,
                    scaling scaling, float *out);

/* The same into panels out[n x columns], serially: for prediction in blocks. Lanes beyond columns become
 * zero. */
void matrix_to_panels(const source_matrix *x, size_t first, size_t n, scaling scaling, float *out,
                      size_t stride);

/* Panels in[n x columns] to rows first .. first + n - 1 of a column-major matrix of doubles with `rows` rows.
 */
void panels_to_matrix(const float *in, size_t stride, size_t n, size_t columns, double *out, size_t rows,
                      size_t first);

#endif
