#include "matrix.h"

#include <math.h>
#include <string.h>

#include "kernels.h"

/* Rows converted together: few enough for the first-level cache, enough for long runs
   down each column. */
enum { BLOCK = 128 };

/* ---- columns ------------------------------------------------------------------------------ */

static source_column column_of(const source_matrix *x, size_t column) {
  size_t start = column * x->rows;
  if (x->column) return x->column[column];
  return (source_column){.real = x->real ? x->real + start : NULL,
                         .integer = x->real ? NULL : x->integer + start};
}

/* The caller's missing integer is the lowest one. */
static inline double from_integer(int32_t value, int32_t level) {
  if (value == INT32_MIN) return (double)NAN;
  if (level == BOTH_LEVELS) return (double)((value == 2) - (value == 1));
  return level > 0 ? (double)(value == level) : (double)value;
}

/* PANEL integers that are not indicators. A fixed count without aliasing: compilers make vectors of it. The
   missing ones, which are rare, come second. */
static inline void widen(const int32_t *restrict value, double *restrict out) {
  int32_t missing = 0;
  for (int i = 0; i < PANEL; i++) {
    missing |= value[i] == INT32_MIN;
    out[i] = (double)value[i];
  }
  if (!missing) return;
  for (int i = 0; i < PANEL; i++) out[i] = from_integer(value[i], 0);
}

static void from_integers(const int32_t *value, int32_t level, size_t n, double *out) {
  size_t i = 0;
  if (level == 0)
    for (; i + PANEL <= n; i += PANEL) widen(value + i, out + i);
  for (; i < n; i++) out[i] = from_integer(value[i], level);
}

/* The values in the rows listed. */
static void gather_values(source_column from, const uint32_t *rows, size_t n, double *out) {
  if (from.real) {
    for (size_t i = 0; i < n; i++) out[i] = from.real[rows[i]];
  } else {
    for (size_t i = 0; i < n; i++) out[i] = from_integer(from.integer[rows[i]], from.level);
  }
}

const double *matrix_column(const source_matrix *x, size_t column, const uint32_t *rows, size_t first,
                            size_t n, double *buffer) {
  source_column from = column_of(x, column);
  if (rows) {
    gather_values(from, rows, n, buffer);
  } else if (from.real) {
    return from.real + first;
  } else {
    from_integers(from.integer + first, from.level, n, buffer);
  }
  return buffer;
}

/* ---- to floats ---------------------------------------------------------------------------- */

/* PANEL values of a column, clipped, as floats; a fixed count, as above. Returns whether all are finite: zero
   times a value is zero unless it is not. */
static inline bool narrow_clipped(const double *restrict value, size_t column, scaling scaling,
                                  float *restrict out) {
  double center = scaling.center[column], scale = scaling.scale[column], inverse = 1 / scaling.clip;
  double zeros = 0;
  for (int i = 0; i < PANEL; i++) {
    double u = (value[i] - center) / scale, share = u * inverse;
    zeros += 0 * value[i];
    out[i] = (float)(u / sqrt(1 + share * share));
  }
  return zeros == 0;
}

/* Its derivative: gradient[n] times du / dx. */
static void narrow_backward(const double *value, size_t n, size_t column, scaling scaling, double *gradient) {
  double center = scaling.center[column], scale = scaling.scale[column];
  for (size_t i = 0; i < n; i++) {
    double share = scaling.clip > 0 ? (value[i] - center) / (scale * scaling.clip) : 0;
    double root = sqrt(1 + share * share);
    gradient[i] /= scale * root * root * root;
  }
}

/* n values of a column, a multiple of PANEL, as floats: PANEL of them to the front of each PANEL x PANEL tile
   of out. Returns whether all are finite. */
static bool whole_tiles(const double *value, size_t n, size_t column, scaling scaling, float *out) {
  bool scaled = scaling.center && scaling.scale[column] > 0;
  if (!scaled) return kernels_active()->narrow(value, n, 0, 1, out);
  if (!(scaling.clip > 0))
    return kernels_active()->narrow(value, n, scaling.center[column], scaling.scale[column], out);
  bool finite = true;
  for (size_t i = 0; i < n; i += PANEL)
    finite = narrow_clipped(value + i, column, scaling, out + i * PANEL) && finite;
  return finite;
}

/* The same of any number of values: the last tile is filled up. */
static bool column_to_tiles(const double *value, size_t n, size_t column, scaling scaling, float *out) {
  size_t whole = n / PANEL * PANEL;
  bool finite = whole_tiles(value, whole, column, scaling, out);
  if (whole == n) return finite;
  double last[PANEL] = {0};
  memcpy(last, value + whole, (n - whole) * sizeof(double));
  return whole_tiles(last, PANEL, column, scaling, out + whole * PANEL) && finite;
}

/* The stretch of a column that n rows lie in; empty where they are so far apart that most of it would be read
   in vain. */
static range rows_spanned(const uint32_t *rows, size_t first, size_t n) {
  const size_t line = ALIGNMENT / sizeof(double);
  if (!rows) return (range){first, first + n};
  size_t begin = rows[0], end = (size_t)rows[n - 1] + 1;
  return begin < end && end - begin <= n * line ? (range){begin, end} : (range){0, 0};
}

/* Asks for a stretch of a column before it is needed: runs down a column are too short for the hardware to
   foresee the next one. Columns beyond the last are the first ones again, of the next block of rows. Inlined
   like prefetch(), and for its reason. */
ALWAYS_INLINE void prefetch_column(const source_matrix *x, size_t column, range stretch) {
  source_column from = column_of(x, column % x->columns);
  size_t later = column / x->columns * (stretch.end - stretch.begin);
  size_t begin = size_min(stretch.begin + later, x->rows), end = size_min(stretch.end + later, x->rows);
  size_t width = from.real ? sizeof *from.real : sizeof *from.integer;
  const char *values = from.real ? (const char *)from.real : (const char *)from.integer;
  prefetch(values + begin * width, (end - begin) * width);
}

/* Panel p of n <= BLOCK rows: out[n x 16]. Columns are narrowed into tiles in which a column is a row,
   and the tiles then transposed. Returns whether every value is finite. */
static bool convert_panel(const source_matrix *x, const uint32_t *rows, size_t first, size_t n, size_t p,
                          scaling scaling, float *out) {
  bool finite = true;
  _Alignas(ALIGNMENT) float tiles[BLOCK * PANEL];
  double buffer[BLOCK];
  size_t columns = size_min(PANEL, x->columns - p * PANEL);
  range stretch = rows_spanned(rows, first, n);
  for (size_t j = 0; j < columns; j++) {
    size_t column = p * PANEL + j;
    prefetch_column(x, column + PANEL, stretch);
    const double *value = matrix_column(x, column, rows, first, n, buffer);
    finite = column_to_tiles(value, n, column, scaling, tiles + j * PANEL) && finite;
  }
  for (size_t i = 0; i < n; i += PANEL)
    kernels_active()->transpose_panel(tiles + i * PANEL, columns, (int)size_min(PANEL, n - i),
                                      out + i * PANEL, 0);
  return finite;
}

bool matrix_to_panels(const source_matrix *x, size_t first, size_t n, scaling scaling, float *out,
                      size_t stride) {
  bool finite = true;
  for (size_t i = 0; i < n; i += BLOCK) {
    size_t block = size_min(BLOCK, n - i);
    for (size_t p = 0; p < panels_of(x->columns); p++) {
      finite = convert_panel(x, NULL, first + i, block, p, scaling, out + p * stride + i * PANEL) && finite;
    }
  }
  return finite;
}

typedef struct to_rows_job {
  const source_matrix *x;
  const uint32_t *rows;
  size_t first, n;
  scaling scaling;
  float *out;
} to_rows_job;

/* Writes a panel[n x 16] as 16 columns (fewer in the last panel) of row-major out[n x columns]. The next
   panel goes beside it: asked for ahead, as lines a row apart come one by one otherwise. */
static void panel_to_rows(const float *panel, size_t n, size_t p, size_t columns, float *out) {
  size_t width = size_min(PANEL, columns - p * PANEL);
  for (size_t i = 0; i < n; i++) {
    float *to = out + i * columns + p * PANEL;
    __builtin_prefetch(to + width, 1);
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

void matrix_scaling_backward(const source_matrix *x, size_t first, size_t n, scaling scaling,
                             double *gradient) {
  if (!scaling.center) return;
  double buffer[BLOCK];
  for (size_t i = 0; i < n; i += BLOCK) {
    size_t block = size_min(BLOCK, n - i);
    for (size_t column = 0; column < x->columns; column++) {
      const double *value = matrix_column(x, column, NULL, first + i, block, buffer);
      narrow_backward(value, block, column, scaling, gradient + column * x->rows + first + i);
    }
  }
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
