#include "matrix.h"

#include <math.h>
#include <string.h>

#include "kernels.h"

/* Rows converted together: few enough for the first-level cache, enough for long runs
   down each column. */
enum { BLOCK = 256 };

/* The caller's missing integer is the lowest one. */
static double from_integer(int32_t value) { return value == INT32_MIN ? (double)NAN : (double)value; }

const double *matrix_column(const source_matrix *x, size_t column, const uint32_t *rows, size_t first,
                            size_t n, double *buffer) {
  size_t start = column * x->rows;
  if (x->real) {
    if (!rows) return x->real + start + first;
    for (size_t i = 0; i < n; i++) buffer[i] = x->real[start + rows[i]];
  } else {
    const int32_t *integer = x->integer + start;
    for (size_t i = 0; i < n; i++) buffer[i] = from_integer(integer[rows ? rows[i] : first + i]);
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

/* Asks for n rows of a column before they are needed: runs down a column are too short for the hardware to
   foresee the next one. */
static void prefetch_column(const source_matrix *x, size_t column, size_t first, size_t n) {
  if (column >= x->columns) return;
  size_t at = column * x->rows + first, width = x->real ? sizeof *x->real : sizeof *x->integer;
  const char *from = x->real ? (const char *)(x->real + at) : (const char *)(x->integer + at);
  for (size_t byte = 0; byte < n * width; byte += ALIGNMENT) __builtin_prefetch(from + byte);
}

/* Panel p of n <= BLOCK rows: out[n x 16]. Columns are narrowed into tiles in which a column is a row,
   and the tiles then transposed. */
static void convert_panel(const source_matrix *x, const uint32_t *rows, size_t first, size_t n, size_t p,
                          scaling scaling, float *out) {
  _Alignas(ALIGNMENT) float tiles[BLOCK * PANEL];
  double buffer[BLOCK];
  size_t columns = size_min(PANEL, x->columns - p * PANEL);
  for (size_t j = 0; j < columns; j++) {
    size_t column = p * PANEL + j;
    if (!rows) prefetch_column(x, column + PANEL, first, n);
    const double *value = matrix_column(x, column, rows, first, n, buffer);
    column_to_tiles(value, n, column, scaling, tiles + j * PANEL);
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
