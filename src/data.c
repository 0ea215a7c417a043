#include "data.h"

#include <string.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* What there is to lay out; chosen: a choice of another's rows. */
typedef struct dataset_request {
  dataset *data;
  const dataset_shape *shape;
  bool chosen;
} dataset_request;

static void lay_out_rows(const dataset_request *request, arena *arena) {
  dataset *data = request->data;
  if (request->chosen) {
    data->place = arena_take(arena, data->rows, sizeof(uint32_t));
  } else if (request->shape->sparse) {
    data->sparse.start = arena_take(arena, data->rows + 1, sizeof(uint32_t));
    data->sparse.entry = arena_take(arena, request->shape->entries, sizeof(sparse_entry));
    data->sparse.before = arena_take(arena, data->inputs + 1, sizeof(uint32_t));
  } else {
    data->x = arena_take(arena, size_multiply(data->rows, data->inputs), sizeof(float));
  }
}

static void lay_out(void *owner, arena *arena) {
  const dataset_request *request = owner;
  dataset *data = request->data;
  size_t rows = data->rows;
  lay_out_rows(request, arena);
  if (request->shape->classes) {
    data->class_index = arena_take(arena, rows, sizeof(int32_t));
  } else {
    data->value = arena_take(arena, size_multiply(rows, data->columns), sizeof(float));
  }
  if (request->shape->weighted) data->weight = arena_take(arena, rows, sizeof(float));
  if (request->shape->shifted) data->offset = arena_take(arena, rows, sizeof(float));
}

status dataset_allocate(dataset *data, const dataset_shape *shape) {
  *data = (dataset){.rows = shape->rows, .inputs = shape->inputs, .columns = shape->columns};
  return arena_build(&data->arena, lay_out, &(dataset_request){data, shape, false});
}

status dataset_choose(dataset *choice, const dataset *all, const uint32_t *rows, size_t n) {
  size_t columns = all->columns;
  *choice =
      (dataset){.rows = n, .inputs = all->inputs, .columns = columns, .x = all->x, .sparse = all->sparse};
  choice->worth = all->worth;
  const dataset_shape shape = {
      .classes = all->class_index != NULL, .weighted = all->weight != NULL, .shifted = all->offset != NULL};
  status result = arena_build(&choice->arena, lay_out, &(dataset_request){choice, &shape, true});
  if (result != STATUS_OK) return result;
  for (size_t i = 0; i < n; i++) {
    size_t row = rows != NULL ? rows[i] : i;
    choice->place[i] = (uint32_t)row;
    if (all->class_index) choice->class_index[i] = all->class_index[row];
    if (all->value) memcpy(choice->value + i * columns, all->value + row * columns, columns * sizeof(float));
    if (all->weight) choice->weight[i] = all->weight[row];
    if (all->offset) choice->offset[i] = all->offset[row];
  }
  return STATUS_OK;
}

void dataset_free(dataset *data) {
  arena_free(&data->arena);
  *data = (dataset){0};
}

/* ---- sparse rows ---- */

/* What a row costs in both forms, where 1 is a value of a dense row times a panel of units, forward and
   backward (.6 ns with AVX-512): a sparse row takes ROW_COST more than a dense one beside its entries, and an
   entry ENTRY_COST for itself and as much again for each panel. Fitted to training steps of 4,096 rows of 16
   to 512 columns with 2 to 40 % of entries and 8 to 64 units, each way at its fastest of nine turns: what the
   rule chose took .2 % longer on average than the better of both, and 8 % at most. With 16 units it fills
   rows of 32 columns at any density, of 64 from 4 % on, of 128 from 15 % and of 512 from 23 %; with 64 units
   rows of 16 columns from 6 % on. */
static const double ROW_COST = 56, ENTRY_COST = 2;

/* Bytes that rows may take in any case, and how many times those of their entries otherwise. */
static const double FILLED_BYTES = 64e6, FILLED_TIMES = 4;

bool dataset_fills_zeros(size_t rows, size_t inputs, size_t entries, size_t units) {
  double panels = (double)panels_of(units), each = (double)entries / (double)rows;
  double whole = (double)(panels_of(inputs) * PANEL);
  double bytes = (double)rows * (double)inputs * sizeof(float), kept = (double)entries * sizeof(sparse_entry);
  return whole * panels < ROW_COST + ENTRY_COST * each * (1 + panels) &&
         (bytes <= FILLED_BYTES || bytes <= FILLED_TIMES * kept);
}

bool dataset_is_sparse(const dataset *data) { return data->sparse.entry != NULL; }

static size_t entries_of(const dataset *data, size_t row) {
  size_t at = data->place ? data->place[row] : row;
  return data->sparse.start[at + 1] - data->sparse.start[at];
}

static size_t all_entries(const dataset *data) {
  size_t sum = 0;
  for (size_t i = 0; i < data->rows; i++) sum += entries_of(data, i);
  return sum;
}

double dataset_density(const dataset *data) {
  if (!dataset_is_sparse(data)) return 1;
  return (double)all_entries(data) / ((double)data->rows * (double)data->inputs);
}

/* How many rows have more than so many entries, and what these have together. */
static size_t longer_rows(const dataset *data, size_t length, size_t *entries) {
  size_t count = 0;
  *entries = 0;
  for (size_t i = 0; i < data->rows; i++) {
    size_t own = entries_of(data, i);
    if (own <= length) continue;
    count++;
    *entries += own;
  }
  return count;
}

/* The most entries that n rows have together: those of the longest, found by halving. */
static size_t most_entries(const dataset *data, size_t n) {
  size_t low = 0, high = data->inputs, entries;
  if (n >= data->rows) return all_entries(data);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (longer_rows(data, middle, &entries) > n) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  size_t longer = longer_rows(data, low, &entries);
  return entries + (n - longer) * low;
}

sparse_batch dataset_plan_batch(const dataset *data, size_t rows, int members) {
  if (!dataset_is_sparse(data)) return (sparse_batch){0};
  double each = dataset_density(data) * (double)data->inputs;
  return sparse_batch_plan(rows, data->inputs, most_entries(data, rows), each, members);
}

/* ---- gathering ---- */

/* How far ahead of the row being copied cache lines are asked for, those to read and those to write: shuffled
   rows defeat the hardware's own prefetching. Memory takes as long to answer as some hundred floats to copy.
 */
enum { AHEAD_ROWS = 2, AHEAD_FLOATS = 512 };

static size_t rows_ahead(size_t inputs) { return AHEAD_ROWS + AHEAD_FLOATS / (inputs + 16); }

/* Fills a cache line of a batch. Where it is `shared`, other members have read it and will read it again: it
   goes past the caches then, as waiting until the others let go of it takes several times as long where their
   cores are far away. */
ALWAYS_INLINE void put_line(float *line, const float *from, size_t ahead, bool shared) {
#if defined(__x86_64__)
  if (shared) {
    for (int i = 0; i < PANEL; i += 4) _mm_stream_ps(line + i, _mm_loadu_ps(from + i));
    return;
  }
#endif
  (void)shared;
  prefetch_to_write(line + ahead * PANEL);
  memcpy(line, from, ALIGNMENT);
}

/* Barriers order what goes past the caches only behind this. */
static void end_lines(bool shared) {
#if defined(__x86_64__)
  if (shared) _mm_sfence();
#endif
  (void)shared;
}

/* Spreads a row[inputs] over panels, 16 floats to each; the last panel's spare lanes become zero. */
ALWAYS_INLINE void scatter_row(const float *row, const float *later_row, size_t inputs, float *panels,
                               size_t stride, size_t ahead, bool shared) {
  size_t whole = inputs / PANEL, rest = inputs % PANEL;
  for (size_t p = 0; p < whole; p++) {
    prefetch(later_row + p * PANEL, ALIGNMENT);
    put_line(panels + p * stride, row + p * PANEL, ahead, shared);
  }
  if (rest == 0) return;
  prefetch(later_row + inputs - 1, sizeof(float));
  float last[PANEL] = {0};
  memcpy(last, row + whole * PANEL, rest * sizeof(float));
  put_line(panels + whole * stride, last, ahead, shared);
}

/* A row of predictors. */
ALWAYS_INLINE const float *row_of(const dataset *data, size_t row) {
  return data->x + (data->place ? data->place[row] : row) * data->inputs;
}

ALWAYS_INLINE void prefetch_target(const dataset *data, size_t row) {
  if (data->class_index) __builtin_prefetch(data->class_index + row);
  if (data->value) __builtin_prefetch(data->value + row * data->columns);
  if (data->weight) __builtin_prefetch(data->weight + row);
  if (data->offset) __builtin_prefetch(data->offset + row);
}

void dataset_gather(const team *team, const dataset *data, const uint32_t *order, size_t first, size_t n,
                    const batch *batch) {
  size_t inputs = data->inputs, columns = data->columns, ahead = rows_ahead(inputs);
  range share = team_share(team, n);
  phase before = team_phase(team, PHASE_GATHER);
  bool sparse = dataset_is_sparse(data), shared = team->size > 1;
  if (sparse) {
    sparse_batch_gather(team, &(sparse_choice){&data->sparse, data->place, order, first, n}, batch->sparse);
  }
  for (size_t i = share.begin; i < share.end; i++) {
    size_t later = size_min(i + ahead, data->rows - first - 1); /* which may be of the next block */
    size_t row = order ? order[i] : first + i;
    size_t later_row = order ? order[later] : first + later;
    if (!sparse)
      scatter_row(row_of(data, row), row_of(data, later_row), inputs, batch->x.data + i * PANEL,
                  batch->x.stride, ahead, shared);
    prefetch_target(data, later_row);
    if (batch->class_index) batch->class_index[i] = data->class_index[row];
    if (batch->value)
      memcpy(batch->value + i * columns, data->value + row * columns, columns * sizeof(float));
    if (batch->weight) batch->weight[i] = data->weight[row];
    if (batch->offset) batch->offset[i] = data->offset[row];
  }
  end_lines(shared);
  team_phase(team, before);
}

void dataset_restore(const team *team, const dataset *data, const uint32_t *order, size_t first, size_t n,
                     size_t column, const batch *batch) {
  range share = team_share(team, n);
  float *value = batch->x.data + column / PANEL * batch->x.stride + column % PANEL;
  for (size_t i = share.begin; i < share.end; i++) {
    if (value[i * PANEL] != 0) value[i * PANEL] = row_of(data, order ? order[i] : first + i)[column];
  }
}

void dataset_turn(const team *team, const dataset *data, size_t n, const batch *batch) {
  if (!dataset_is_sparse(data) || batch->sparse->members == 0) return;
  phase before = team_phase(team, PHASE_GATHER);
  team_barrier(team);
  sparse_batch_turn(team, batch->sparse, n);
  team_phase(team, before);
}

targets dataset_targets(const dataset *data, size_t first) {
  const targets all = {data->class_index, data->value, data->weight, data->offset};
  return targets_from(&all, first, data->columns);
}

double dataset_weight(const dataset *data) {
  if (data->weight == NULL) return (double)data->rows;
  double sum = 0;
  for (size_t i = 0; i < data->rows; i++) sum += data->weight[i];
  return sum;
}
