/* Sparse matrices: the caller's, by columns, and the engine's, by rows. */
#ifndef FASTMLP_SPARSE_H
#define FASTMLP_SPARSE_H

#include "kernels.h"
#include "matrix.h"

/* Rows of which only the values other than zero are kept, in order of their columns. */
typedef struct sparse_rows {
  uint32_t *start;     /* [rows + 1] where the entries of each row begin */
  sparse_entry *entry; /* [start[rows]] index: the column; NULL: there are no such rows */
  uint32_t *before; /* [columns + 1] entries that the columns before each have, of all rows of the caller's */
} sparse_rows;

/* Entries of the rows that have a place; place[rows of x], NULL where all have their own. */
size_t sparse_count(const source_matrix *x, const uint32_t *place);

/* What place[] says of a row that is left out. */
#define SPARSE_NOWHERE UINT32_MAX

/* Scales and writes n rows, each to its place, where out has room for all. Threaded over places. */
void sparse_to_rows(int threads, const source_matrix *x, const uint32_t *place, size_t n, scaling scaling,
                    sparse_rows *out);

/* The same with their zeros: out[n x columns], row-major. */
void sparse_to_dense(int threads, const source_matrix *x, const uint32_t *place, size_t n, scaling scaling,
                     float *out);

/* Reads the caller's matrix from the first row to the last, some rows at a time. */
typedef struct sparse_cursor {
  const source_matrix *x;
  scaling scaling;
  uint32_t *at;      /* [columns] the next entry of each, */
  int32_t *row;      /* [columns] and its row; INT32_MAX past the last */
  size_t next;       /* the row that comes next */
  uint32_t *touched; /* [columns] those that have entries in the rows at work */
} sparse_cursor;

/* Goes to a row. */
void sparse_seek(sparse_cursor *cursor, size_t row);

/* The next n rows: row r gets the entries from start[r] up to start[r + 1]. Returns whether all values are
 * finite.
 */
bool sparse_take(sparse_cursor *cursor, size_t n, uint32_t *start, sparse_entry *entry);

/* The most entries of `block` rows that follow a multiple of as many. */
status sparse_most(const source_matrix *x, size_t block, size_t *most);

#endif
