#include "sparse.h"

#include <stdlib.h>
#include <string.h>

#include "threads.h"

static float scaled(double value, size_t column, scaling scaling) {
  return (float)(scaling.scale != NULL ? value / scaling.scale[column] : value);
}

size_t sparse_count(const source_matrix *x, const uint32_t *place) {
  size_t all = (size_t)x->sparse.start[x->columns], count = 0;
  if (place == NULL) return all;
  for (size_t i = 0; i < all; i++) count += place[x->sparse.row[i]] != SPARSE_NOWHERE;
  return count;
}

/* ---- to rows ---- */

typedef struct to_rows_job {
  const source_matrix *x;
  const uint32_t *place;
  size_t n;
  scaling scaling;
  sparse_rows *out;
  float *dense; /* [n x columns], in place of out */
} to_rows_job;

static size_t place_of(const to_rows_job *job, size_t i) {
  uint32_t row = (uint32_t)job->x->sparse.row[i];
  return job->place != NULL ? job->place[row] : row;
}

/* start[r] becomes the number of entries of row r - 1, for some of the rows. */
static void count_rows(const to_rows_job *job, range rows) {
  size_t all = (size_t)job->x->sparse.start[job->x->columns];
  for (size_t i = 0; i < all; i++) {
    size_t r = place_of(job, i);
    if (r >= rows.begin && r < rows.end) job->out->start[r + 1]++;
  }
}

/* A value goes to its row; start[r + 1] is where the next one of row r goes. */
ALWAYS_INLINE void put(const to_rows_job *job, size_t r, size_t j, double value) {
  float u = scaled(value, j, job->scaling);
  if (job->dense != NULL) {
    job->dense[r * job->x->columns + j] = u;
  } else {
    job->out->entry[job->out->start[r + 1]++] = (sparse_entry){(uint32_t)j, u};
  }
}

/* All values of some of the rows; start[r + 1], where row r begins, becomes where it ends. */
static void fill_rows(const to_rows_job *job, range rows) {
  const source_matrix *x = job->x;
  for (size_t j = 0; j < x->columns; j++) {
    for (size_t i = (size_t)x->sparse.start[j]; i < (size_t)x->sparse.start[j + 1]; i++) {
      size_t r = place_of(job, i);
      if (r >= rows.begin && r < rows.end) put(job, r, j, x->sparse.value[i]);
    }
  }
}

/* Each member writes rows of its own; looking at the others' entries costs it little. */
static void to_rows_body(const team *team, void *data) {
  const to_rows_job *job = data;
  uint32_t *start = job->out->start;
  range mine = team_share(team, job->n);
  count_rows(job, mine);
  team_barrier(team);
  if (team->rank == 0) {
    uint32_t sum = 0;
    for (size_t r = 1; r <= job->n; r++) {
      uint32_t count = start[r];
      start[r] = sum;
      sum += count;
    }
  }
  team_barrier(team);
  fill_rows(job, mine);
}

void sparse_to_rows(int threads, const source_matrix *x, const uint32_t *place, size_t n, scaling scaling,
                    sparse_rows *out) {
  to_rows_job job = {x, place, n, scaling, out, NULL};
  memset(out->start, 0, (n + 1) * sizeof *out->start);
  for (size_t j = 0; j <= x->columns; j++) out->before[j] = (uint32_t)x->sparse.start[j];
  team_run(threads_for_work(threads, (double)x->sparse.start[x->columns]), to_rows_body, &job);
}

static void to_dense_body(const team *team, void *data) {
  const to_rows_job *job = data;
  range mine = team_share(team, job->n);
  size_t columns = job->x->columns;
  memset(job->dense + mine.begin * columns, 0, (mine.end - mine.begin) * columns * sizeof *job->dense);
  fill_rows(job, mine);
}

void sparse_to_dense(int threads, const source_matrix *x, const uint32_t *place, size_t n, scaling scaling,
                     float *out) {
  to_rows_job job = {x, place, n, scaling, NULL, out};
  team_run(threads_for_work(threads, (double)n * (double)x->columns), to_dense_body, &job);
}

/* ---- some rows at a time ---- */

/* The row of column j's next entry. */
static int32_t row_at(const source_matrix *x, size_t j, uint32_t at) {
  return at < (uint32_t)x->sparse.start[j + 1] ? x->sparse.row[at] : INT32_MAX;
}

void sparse_seek(sparse_cursor *cursor, size_t row) {
  const source_matrix *x = cursor->x;
  for (size_t j = 0; j < x->columns; j++) {
    uint32_t low = (uint32_t)x->sparse.start[j], high = (uint32_t)x->sparse.start[j + 1];
    while (low < high) {
      uint32_t middle = low + (high - low) / 2;
      if ((size_t)x->sparse.row[middle] < row) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    cursor->at[j] = low;
    cursor->row[j] = row_at(x, j, low);
  }
  cursor->next = row;
}

/* Where column j's entries before row `end` end. */
static uint32_t end_of(const sparse_cursor *cursor, size_t j, size_t end) {
  uint32_t at = cursor->at[j], stop = (uint32_t)cursor->x->sparse.start[j + 1];
  while (at < stop && (size_t)cursor->x->sparse.row[at] < end) at++;
  return at;
}

bool sparse_take(sparse_cursor *cursor, size_t n, uint32_t *start, sparse_entry *entry) {
  const source_matrix *x = cursor->x;
  size_t first = cursor->next, end = first + n, touched = 0;
  double check = 0;
  memset(start, 0, (n + 1) * sizeof *start);
  for (size_t j = 0; j < x->columns; j++) {
    if ((size_t)cursor->row[j] >= end) continue;
    uint32_t stop = end_of(cursor, j, end);
    for (uint32_t i = cursor->at[j]; i < stop; i++) start[(size_t)x->sparse.row[i] - first + 1]++;
    cursor->touched[touched++] = (uint32_t)j;
  }
  uint32_t sum = 0;
  for (size_t r = 1; r <= n; r++) {
    uint32_t count = start[r];
    start[r] = sum;
    sum += count;
  }
  for (size_t t = 0; t < touched; t++) {
    uint32_t j = cursor->touched[t], stop = end_of(cursor, j, end);
    for (uint32_t i = cursor->at[j]; i < stop; i++) {
      size_t r = (size_t)x->sparse.row[i] - first;
      check += 0 * x->sparse.value[i];
      entry[start[r + 1]++] = (sparse_entry){j, scaled(x->sparse.value[i], j, cursor->scaling)};
    }
    cursor->at[j] = stop;
    cursor->row[j] = row_at(x, j, stop);
  }
  cursor->next = end;
  return check == 0;
}

status sparse_most(const source_matrix *x, size_t block, size_t *most) {
  size_t blocks = x->rows / block + 1;
  uint32_t *count = calloc(blocks, sizeof *count);
  *most = 0;
  if (count == NULL) return STATUS_MEMORY;
  for (int32_t i = 0; i < x->sparse.start[x->columns]; i++) count[(size_t)x->sparse.row[i] / block]++;
  for (size_t b = 0; b < blocks; b++) *most = count[b] > *most ? count[b] : *most;
  free(count);
  return STATUS_OK;
}
