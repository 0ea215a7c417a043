/* Conversions between the caller's column-major matrices and the engine's floats. */
#ifndef FASTMLP_MATRIX_H
#define FASTMLP_MATRIX_H

#include "common.h"
#include "threads.h"

/* The `level` of a column that tells two levels apart. */
enum { BOTH_LEVELS = -1 };

/* One column as the caller has it: doubles or 32-bit integers (exactly one pointer is set). Unless level is
   0, the integers are codes 1, 2, ...; where level > 0, the column is 1 where the code is `level` and 0
   elsewhere, with BOTH_LEVELS -1 for code 1 and 1 for code 2. Other codes, such as 0 for a level that is not
   known, are 0. */
typedef struct source_column {
  const double *real;
  const int32_t *integer;
  int32_t level;
} source_column;

/* A matrix of which only some values are kept, the others being zero: those of column j, in order of their
   rows, are the elements from start[j] up to start[j + 1] of row and value. */
typedef struct source_sparse {
  const int32_t *start, *row;
  const double *value;
} source_sparse;

/* What the engine reads: a column-major matrix of doubles or of 32-bit integers, or columns that lie
   anywhere, or a sparse matrix (exactly one of them is set). */
typedef struct source_matrix {
  const double *real;
  const int32_t *integer;
  const source_column *column; /* [columns], each with `rows` values */
  source_sparse sparse;
  size_t rows, columns;
} source_matrix;

static inline bool matrix_is_sparse(const source_matrix *x) { return x->sparse.start != NULL; }

/* u = (x - center) / scale for each column; both NULL for none. Where clip > 0, then u / sqrt(1 + (u /
   clip)^2), which lies within +-clip. A column of codes, whose scale is 0, stays as it is. */
typedef struct scaling {
  const double *center, *scale;
  double clip;
} scaling;

/* n values of a column of a matrix that is not sparse, of the rows listed (NULL: first, first + 1, ...), as
   doubles: where they lie if they can be read there, otherwise in buffer[n]. The lowest integer, the caller's
   missing one, becomes NaN. */
const double *matrix_column(const source_matrix *x, size_t column, const uint32_t *rows, size_t first,
                            size_t n, double *buffer);

/* Scales the rows in `rows` (indices into x; NULL for first, first + 1, ...) and writes them as floats,
   row-major: out[n x columns]. Threaded over rows, blocked. */
void matrix_to_rows(int threads, const source_matrix *x, const uint32_t *rows, size_t first, size_t n,
                    scaling scaling, float *out);

/* The same into panels out[n x columns], serially: for prediction in blocks. Lanes beyond columns become
   zero. Returns whether every value read is finite. */
bool matrix_to_panels(const source_matrix *x, size_t first, size_t n, scaling scaling, float *out,
                      size_t stride);

/* From d / d u to d / d x, for u as scaling makes it: multiplies rows first .. first + n - 1 of gradient,
   column-major and shaped like x, by du / dx. */
void matrix_scaling_backward(const source_matrix *x, size_t first, size_t n, scaling scaling,
                             double *gradient);

/* Panels in[n x columns] to rows first .. first + n - 1 of a column-major matrix of doubles with `rows` rows.
 */
void panels_to_matrix(const float *in, size_t stride, size_t n, size_t columns, double *out, size_t rows,
                      size_t first);

#endif
