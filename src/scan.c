#include "scan.h"

#include <math.h>
#include <string.h>

/* Rows summarised together: few enough for the first-level cache. */
enum { BLOCK = 256 };

/* Values that loops below take at once, each to its own partial result: none waits for the one before. */
enum { WAYS = 4 };

/* Two doubles: a vector of every instruction set that the package is compiled for as a whole. Where they lie
   they need not be aligned. */
typedef double pair __attribute__((vector_size(16)));
typedef double pair_in_memory __attribute__((vector_size(16), aligned(8), may_alias));

static inline pair load_pair(const double *value) { return *(const pair_in_memory *)value; }

/* One column's summary as it grows. Deviations are taken from the first finite value (`shift`), which keeps
   sums small and makes a constant column's spread exactly zero. */
typedef struct column_scan {
  column_summary *summary;
  size_t count;                /* finite values */
  double shift, mean, squares; /* mean of value - shift; sum of squared deviations from it */
} column_scan;

static double sum_shifted(const double *value, size_t n, double shift) {
  pair a = {0}, b = {0};
  size_t i = 0;
  for (; i + WAYS <= n; i += WAYS) {
    a += load_pair(value + i) - shift;
    b += load_pair(value + i + 2) - shift;
  }
  for (; i < n; i++) a[0] += value[i] - shift;
  return (a[0] + a[1]) + (b[0] + b[1]);
}

static double square(double x) { return x * x; }

static double sum_squares(const double *value, size_t n, double center) {
  pair a = {0}, b = {0};
  size_t i = 0;
  for (; i + WAYS <= n; i += WAYS) {
    pair first = load_pair(value + i) - center, second = load_pair(value + i + 2) - center;
    a += first * first;
    b += second * second;
  }
  for (; i < n; i++) a[0] += square(value[i] - center);
  return (a[0] + a[1]) + (b[0] + b[1]);
}

static double lesser(double a, double b) { return a < b ? a : b; }

static double greater(double a, double b) { return a > b ? a : b; }

static void scan_range(column_summary *summary, const double *value, size_t n) {
  double low_a = summary->minimum, high_a = summary->maximum, low_b = low_a, high_b = high_a;
  size_t i = 0;
  for (; i + 2 <= n; i += 2) {
    low_a = lesser(value[i], low_a);
    low_b = lesser(value[i + 1], low_b);
    high_a = greater(value[i], high_a);
    high_b = greater(value[i + 1], high_b);
  }
  if (i < n) low_a = lesser(value[i], low_a), high_a = greater(value[i], high_a);
  summary->minimum = lesser(low_a, low_b);
  summary->maximum = greater(high_a, high_b);
}

/* Copies the finite ones of n values that start at row `first` and counts the others; returns how many
   were copied. */
static size_t keep_finite(column_summary *summary, const double *value, size_t first, size_t n,
                          double *finite) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (isfinite(value[i])) {
      finite[kept++] = value[i];
    } else {
      summary->first_bad_row = size_min(summary->first_bad_row, first + i);
      summary->missing += isnan(value[i]) != 0;
      summary->infinite += isinf(value[i]) != 0;
    }
  }
  return kept;
}

/* Merges the moments of n values, of which `sum` is the sum of value - shift (Chan, Golub and LeVeque 1983).
 */
static void scan_moments(column_scan *scan, const double *value, size_t n, double sum) {
  double before = (double)scan->count, added = (double)n, total = before + added;
  double mean = sum / added, step = mean - scan->mean;
  scan->squares += sum_squares(value, n, scan->shift + mean) + square(step) * before * added / total;
  scan->mean += step * added / total;
  scan->count += n;
}

/* n <= BLOCK values from row `first` on. A sum that is not finite tells of a value that is not. */
static void scan_block(column_scan *scan, const double *value, size_t first, size_t n) {
  double finite[BLOCK];
  if (scan->count == 0) scan->shift = value[0];
  double sum = sum_shifted(value, n, scan->shift);
  if (!isfinite(sum)) {
    n = keep_finite(scan->summary, value, first, n, finite);
    if (n == 0) return;
    value = finite;
    if (scan->count == 0) scan->shift = value[0];
    sum = sum_shifted(value, n, scan->shift);
  }
  scan_moments(scan, value, n, sum);
  scan_range(scan->summary, value, n);
}

/* Statistics are those of the finite values: NaN where there are too few of them. */
static void scan_finish(column_scan *scan) {
  column_summary *summary = scan->summary;
  if (scan->count == 0) summary->minimum = summary->maximum = NAN;
  summary->mean = scan->count > 0 ? scan->shift + scan->mean : NAN;
  summary->sd = scan->count > 1 ? sqrt(scan->squares / (double)(scan->count - 1)) : NAN;
}

typedef struct scan_job {
  const source_matrix *x;
  const uint32_t *rows, *place; /* the latter of sparse rows */
  size_t n;
  column_summary *summary;
} scan_job;

static void scan_column(const scan_job *job, size_t column) {
  double buffer[BLOCK];
  column_summary *summary = &job->summary[column];
  *summary = (column_summary){.first_bad_row = job->n, .minimum = INFINITY, .maximum = -INFINITY};
  column_scan scan = {.summary = summary};
  for (size_t i = 0; i < job->n; i += BLOCK) {
    size_t n = size_min(BLOCK, job->n - i);
    const uint32_t *rows = job->rows ? job->rows + i : NULL;
    scan_block(&scan, matrix_column(job->x, column, rows, i, n, buffer), i, n);
  }
  scan_finish(&scan);
}

static void scan_body(const team *team, void *data) {
  const scan_job *job = data;
  range share = team_share(team, job->x->columns);
  for (size_t j = share.begin; j < share.end; j++) scan_column(job, j);
}

void matrix_scan(int threads, const source_matrix *x, const uint32_t *rows, size_t n,
                 column_summary *summary) {
  scan_job job = {.x = x, .rows = rows, .n = n, .summary = summary};
  team_run(threads_for_work(threads, (double)n * (double)x->columns), scan_body, &job);
}

/* ---- sparse columns ---- */

/* Joins so many zeros to what was scanned. */
static void scan_zeros(column_scan *scan, size_t zeros) {
  double before = (double)scan->count, added = (double)zeros, total = before + added;
  if (zeros == 0) return;
  double step = -scan->shift - scan->mean;
  scan->squares += square(step) * before * added / total;
  scan->mean += step * added / total;
  scan->count += zeros;
  scan->summary->minimum = lesser(0, scan->summary->minimum);
  scan->summary->maximum = greater(0, scan->summary->maximum);
}

/* The values kept first, BLOCK of them at a time. Those that are not finite are looked up once more, for the
   first of their rows. */
static void scan_sparse_column(const scan_job *job, size_t column) {
  double value[BLOCK];
  const source_sparse *s = &job->x->sparse;
  column_summary *summary = &job->summary[column];
  *summary = (column_summary){.first_bad_row = job->n, .minimum = INFINITY, .maximum = -INFINITY};
  column_scan scan = {.summary = summary};
  size_t kept = 0, in_block = 0, first_bad = job->n;
  for (int32_t i = s->start[column]; i < s->start[column + 1]; i++) {
    size_t row = job->place != NULL ? job->place[s->row[i]] : (size_t)s->row[i];
    if (row == SPARSE_NOWHERE) continue;
    if (!isfinite(s->value[i])) first_bad = size_min(first_bad, row);
    value[in_block++] = s->value[i];
    kept++;
    if (in_block < BLOCK) continue;
    scan_block(&scan, value, 0, in_block);
    in_block = 0;
  }
  if (in_block > 0) scan_block(&scan, value, 0, in_block);
  scan_zeros(&scan, job->n - kept);
  summary->first_bad_row = first_bad;
  scan_finish(&scan);
}

static void sparse_scan_body(const team *team, void *data) {
  const scan_job *job = data;
  range share = team_share(team, job->x->columns);
  for (size_t j = share.begin; j < share.end; j++) scan_sparse_column(job, j);
}

void sparse_scan(int threads, const source_matrix *x, const uint32_t *place, size_t n,
                 column_summary *summary) {
  scan_job job = {.x = x, .place = place, .n = n, .summary = summary};
  team_run(threads_for_work(threads, 4 * (double)x->sparse.start[x->columns]), sparse_scan_body, &job);
}

/* ---- fingerprints ---- */

/* Can be undone: different values stay different. */
static uint64_t hash_mix(uint64_t hash) {
  hash *= UINT64_C(0x9E3779B97F4A7C15);
  return hash ^ hash >> 32;
}

/* Columns that differ in one value never agree; + 0 makes -0 the same as 0. */
static uint64_t hash_step(uint64_t hash, double value) {
  uint64_t bits;
  value += 0.0;
  memcpy(&bits, &value, sizeof bits);
  return hash_mix(hash ^ bits);
}

static void hash_block(uint64_t hash[WAYS], const double *value, size_t n) {
  uint64_t a = hash[0], b = hash[1], c = hash[2], d = hash[3];
  size_t i = 0;
  for (; i + WAYS <= n; i += WAYS) {
    a = hash_step(a, value[i]);
    b = hash_step(b, value[i + 1]);
    c = hash_step(c, value[i + 2]);
    d = hash_step(d, value[i + 3]);
  }
  for (; i < n; i++) a = hash_step(a, value[i]);
  hash[0] = a, hash[1] = b, hash[2] = c, hash[3] = d;
}

/* A zero that is kept counts as one that is not. */
static uint64_t sparse_fingerprint(const source_sparse *s, size_t column) {
  uint64_t hash = 0;
  for (int32_t i = s->start[column]; i < s->start[column + 1]; i++) {
    if (s->value[i] != 0) hash = hash_step(hash_mix(hash ^ (uint64_t)s->row[i]), s->value[i]);
  }
  return hash;
}

static uint64_t column_fingerprint(const source_matrix *x, size_t column) {
  if (matrix_is_sparse(x)) return sparse_fingerprint(&x->sparse, column);
  double buffer[BLOCK];
  uint64_t hash[WAYS] = {0}, fingerprint = 0;
  for (size_t i = 0; i < x->rows; i += BLOCK) {
    size_t n = size_min(BLOCK, x->rows - i);
    hash_block(hash, matrix_column(x, column, NULL, i, n, buffer), n);
  }
  for (int w = 0; w < WAYS; w++) fingerprint = hash_mix(hash_mix(fingerprint ^ hash[w]));
  return fingerprint;
}

typedef struct fingerprint_job {
  const source_matrix *x;
  const size_t *column;
  size_t count;
  uint64_t *fingerprint;
} fingerprint_job;

static void fingerprint_body(const team *team, void *data) {
  const fingerprint_job *job = data;
  range share = team_share(team, job->count);
  for (size_t j = share.begin; j < share.end; j++)
    job->fingerprint[j] = column_fingerprint(job->x, job->column[j]);
}

void matrix_fingerprints(int threads, const source_matrix *x, const size_t *column, size_t count,
                         uint64_t *fingerprint) {
  fingerprint_job job = {x, column, count, fingerprint};
  team_run(threads_for_work(threads, (double)x->rows * (double)count), fingerprint_body, &job);
}
