#include "matrix.h"

#include <math.h>
#include <string.h>

#include "kernels.h"

/* Rows converted or summarised together: few enough for the first-level cache, enough for long runs
   down each column. */
enum { BLOCK = 128 };

/* The caller's missing integer is the lowest one. */
static double from_integer(int32_t value) { return value == INT32_MIN ? (double)NAN : (double)value; }

/* n <= BLOCK values of a column as doubles: where they lie if they can be read there, else in buffer. */
static const double *column_values(const source_matrix *x, size_t column, const uint32_t *rows, size_t first,
                                   size_t n, double *buffer) {
  size_t start = column * x->rows;
  if (x->real && !rows) return x->real + start + first;
  for (size_t i = 0; i < n; i++) {
    size_t at = start + (rows ? rows[i] : first + i);
    buffer[i] = x->real ? x->real[at] : from_integer(x->integer[at]);
  }
  return buffer;
}

/* ---- to floats ---------------------------------------------------------------------------- */

/* PANEL values of a column as floats. A fixed count without aliasing: compilers make vectors of it. */
static inline void narrow(const double *restrict value, size_t column, scaling scaling, float *restrict out) {
  if (scaling.center) {
    double center = scaling.center[column], scale = scaling.scale[column];
    for (int i = 0; i < PANEL; i++) out[i] = (float)((value[i] - center) / scale);
  } else {
    for (int i = 0; i < PANEL; i++) out[i] = (float)value[i];
  }
}

/* n values of a column as floats: PANEL of them to the front of each PANEL x PANEL tile of out. */
static void column_to_tiles(const double *value, size_t n, size_t column, scaling scaling, float *out) {
  size_t i = 0;
  for (; i + PANEL <= n; i += PANEL) narrow(value + i, column, scaling, out + i * PANEL);
  if (i == n) return;
  double last[PANEL] = {0};
  memcpy(last, value + i, (n - i) * sizeof(double));
  narrow(last, column, scaling, out + i * PANEL);
}

/* Panel p of n <= BLOCK rows: out[n x 16]. Columns are narrowed into tiles in which a column is a row,
   and the tiles then transposed. */
static void convert_panel(const source_matrix *x, const uint32_t *rows, size_t first, size_t n, size_t p,
                          scaling scaling, float *out) {
  _Alignas(ALIGNMENT) float tiles[BLOCK * PANEL];
  double buffer[BLOCK];
  size_t columns = size_min(PANEL, x->columns - p * PANEL);
  for (size_t j = 0; j < columns; j++) {
    const double *value = column_values(x, p * PANEL + j, rows, first, n, buffer);
    column_to_tiles(value, n, p * PANEL + j, scaling, tiles + j * PANEL);
  }
  for (size_t i = 0; i < n; i += PANEL)
    kernels_active()->transpose_panel(tiles + i * PANEL, columns, (int)size_min(PANEL, n - i),
                                      out + i * PANEL, 0);
}

void matrix_to_panels(const source_matrix *x, size_t first, size_t n, scaling scaling, float *out,
                      size_t stride) {
  for (size_t i = 0; i < n; i += BLOCK)
    for (size_t p = 0; p < panels_of(x->columns); p++)
      convert_panel(x, NULL, first + i, size_min(BLOCK, n - i), p, scaling, out + p * stride + i * PANEL);
}

typedef struct to_rows_job {
  const source_matrix *x;
  const uint32_t *rows;
  size_t first, n;
  scaling scaling;
  float *out;
} to_rows_job;

/* Writes a panel[n x 16] as 16 columns (fewer in the last panel) of row-major out[n x columns]. */
static void panel_to_rows(const float *panel, size_t n, size_t p, size_t columns, float *out) {
  size_t width = size_min(PANEL, columns - p * PANEL);
  for (size_t i = 0; i < n; i++) {
    float *to = out + i * columns + p * PANEL;
    if (width == PANEL)
      memcpy(to, panel + i * PANEL, PANEL * sizeof(float));
    else
      memcpy(to, panel + i * PANEL, width * sizeof(float));
  }
}

static void to_rows_body(const team *team, void *data) {
  const to_rows_job *job = data;
  _Alignas(ALIGNMENT) float panel[BLOCK * PANEL];
  size_t columns = job->x->columns;
  range share = team_share(team, job->n);
  for (size_t i = share.begin; i < share.end; i += BLOCK) {
    size_t n = size_min(BLOCK, share.end - i);
    const uint32_t *rows = job->rows ? job->rows + i : NULL;
    for (size_t p = 0; p < panels_of(columns); p++) {
      convert_panel(job->x, rows, job->first + i, n, p, job->scaling, panel);
      panel_to_rows(panel, n, p, columns, job->out + i * columns);
    }
  }
}

void matrix_to_rows(int threads, const source_matrix *x, const uint32_t *rows, size_t first, size_t n,
                    scaling scaling, float *out) {
  to_rows_job job = {x, rows, first, n, scaling, out};
  team_run(threads_for_work(threads, (double)n * (double)x->columns), to_rows_body, &job);
}

/* ---- to doubles --------------------------------------------------------------------------- */

void panels_to_matrix(const float *in, size_t stride, size_t n, size_t columns, double *out, size_t rows,
                      size_t first) {
  _Alignas(ALIGNMENT) float tile[PANEL * PANEL]; /* [16 columns][16 rows] */
  for (size_t column = 0; column < columns; column += PANEL) {
    size_t width = size_min(PANEL, columns - column);
    const float *panel = in + column / PANEL * stride;
    for (size_t i = 0; i < n; i += PANEL) {
      size_t height = size_min(PANEL, n - i);
      kernels_active()->transpose_panel(panel + i * PANEL, height, (int)width, tile, 0);
      for (size_t j = 0; j < width; j++) {
        double *to = out + (column + j) * rows + first + i;
        for (size_t lane = 0; lane < height; lane++) to[lane] = tile[j * PANEL + lane];
      }
    }
  }
}

/* ---- summaries ---------------------------------------------------------------------------- */

enum { WAYS = 8 }; /* independent partial sums, so that additions need not wait for one another */

/* One column's summary as it grows. Deviations are taken from the first finite value (`shift`), which keeps
   sums small and makes a constant column's spread exactly zero. */
typedef struct column_scan {
  column_summary *summary;
  size_t count;                /* finite values */
  double shift, mean, squares; /* mean of value - shift; sum of squared deviations from it */
  uint64_t hash[WAYS];
} column_scan;

static double sum_ways(const double way[WAYS]) { double sum = 0;
  for (int w = 0; w < WAYS; w++) sum += way[w];
  return sum; }

/* Sum of value - shift. */
static double sum_shifted(const double *value, size_t n, double shift) {
  double way[WAYS] = {0};
  size_t i = 0;
  for (; i + WAYS <= n; i += WAYS)
    for (int w = 0; w < WAYS; w++) way[w] += value[i + (size_t)w] - shift;
  for (; i < n; i++) way[0] += value[i] - shift;
  return sum_ways(way);
}

static double sum_squares(const double *value, size_t n, double center) {
  double way[WAYS] = {0};
  size_t i = 0;
  for (; i + WAYS <= n; i += WAYS)
    for (int w = 0; w < WAYS; w++)
      way[w] += (value[i + (size_t)w] - center) * (value[i + (size_t)w] - center);
  for (; i < n; i++) way[0] += (value[i] - center) * (value[i] - center);
  return sum_ways(way);
}

/* Two passes over finite values in cache, then a merge of means and squares (Chan, Golub and LeVeque 1983).
 */
static void scan_moments(column_scan *scan, const double *value, size_t n) {
  if (n == 0) return;
  if (scan->count == 0) scan->shift = value[0];
  double mean = sum_shifted(value, n, scan->shift) / (double)n;
  double squares = sum_squares(value, n, scan->shift + mean);
  double before = (double)scan->count, total = before + (double)n, step = mean - scan->mean;
  scan->squares += squares + step * step * before * (double)n / total;
  scan->mean += step * (double)n / total;
  scan->count += n;
}

static void scan_range(column_summary *summary, const double *value, size_t n) {
  double low[WAYS], high[WAYS];
  for (int w = 0; w < WAYS; w++) low[w] = summary->minimum, high[w] = summary->maximum;
  size_t i = 0;
  for (; i + WAYS <= n; i += WAYS)
    for (int w = 0; w < WAYS; w++) {
      low[w] = value[i + (size_t)w] < low[w] ? value[i + (size_t)w] : low[w];
      high[w] = value[i + (size_t)w] > high[w] ? value[i + (size_t)w] : high[w];
    }
  for (; i < n; i++) {
    low[0] = value[i] < low[0] ? value[i] : low[0];
    high[0] = value[i] > high[0] ? value[i] : high[0];
  }
  for (int w = 0; w < WAYS; w++) {
    summary->minimum = low[w] < summary->minimum ? low[w] : summary->minimum;
    summary->maximum = high[w] > summary->maximum ? high[w] : summary->maximum;
  }
}

/* Can be undone: different values stay different. */
static inline uint64_t hash_mix(uint64_t hash) {
  hash *= UINT64_C(0x9E3779B97F4A7C15);
  return hash ^ hash >> 32;
}

/* Columns that differ in one value never agree; + 0 makes -0 the same as 0. */
static inline uint64_t hash_step(uint64_t hash, double value) {
  uint64_t bits;
  value += 0.0;
  memcpy(&bits, &value, sizeof bits);
  return hash_mix(hash ^ bits);
}

static void scan_hash(column_scan *scan, const double *value, size_t n) {
  size_t i = 0;
  for (; i + WAYS <= n; i += WAYS)
    for (int w = 0; w < WAYS; w++) scan->hash[w] = hash_step(scan->hash[w], value[i + (size_t)w]);
  for (; i < n; i++) scan->hash[0] = hash_step(scan->hash[0], value[i]);
}

/* Whether all n values are finite: only then is every value minus itself zero. */
static bool all_finite(const double *value, size_t n) {
  double way[WAYS] = {0};
  size_t i = 0;
  for (; i + WAYS <= n; i += WAYS)
    for (int w = 0; w < WAYS; w++) way[w] += value[i + (size_t)w] - value[i + (size_t)w];
  for (; i < n; i++) way[0] += value[i] - value[i];
  return sum_ways(way) == 0;
}

/* Copies the finite ones of n values that start at row `first` and counts the others; returns how many were
 * copied. */
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

static void scan_block(column_scan *scan, const double *value, size_t first, size_t n) {
  double finite[BLOCK];
  scan_hash(scan, value, n);
  if (!all_finite(value, n)) {
    n = keep_finite(scan->summary, value, first, n, finite);
    value = finite;
  }
  scan_moments(scan, value, n);
  scan_range(scan->summary, value, n);
}

/* Statistics are those of the finite values: NaN where there are too few of them. */
static void scan_finish(column_scan *scan) {
  column_summary *summary = scan->summary;
  if (scan->count == 0) summary->minimum = summary->maximum = NAN;
  summary->mean = scan->count > 0 ? scan->shift + scan->mean : NAN;
  summary->sd = scan->count > 1 ? sqrt(scan->squares / (double)(scan->count - 1)) : NAN;
  summary->fingerprint = 0;
  for (int w = 0; w < WAYS; w++)
    summary->fingerprint = hash_mix(hash_mix(summary->fingerprint ^ scan->hash[w]));
}

static void scan_column(const source_matrix *x, size_t column, column_summary *summary) {
  double buffer[BLOCK];
  *summary = (column_summary){.first_bad_row = x->rows, .minimum = INFINITY, .maximum = -INFINITY};
  column_scan scan = {.summary = summary};
  for (size_t i = 0; i < x->rows; i += BLOCK) {
    size_t n = size_min(BLOCK, x->rows - i);
    scan_block(&scan, column_values(x, column, NULL, i, n, buffer), i, n);
  }
  scan_finish(&scan);
}

typedef struct scan_job {
  const source_matrix *x;
  column_summary *summary;
} scan_job;

static void scan_body(const team *team, void *data) {
  const scan_job *job = data;
  range share = team_share(team, job->x->columns);
  for (size_t j = share.begin; j < share.end; j++) scan_column(job->x, j, &job->summary[j]);
}

void matrix_scan(int threads, const source_matrix *x, column_summary *summary) {
  scan_job job = {x, summary};
  team_run(threads_for_work(threads, (double)x->rows * (double)x->columns), scan_body, &job);
}
