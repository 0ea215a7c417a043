#include "sparse_batch.h"

#include <string.h>

/* Bytes of weights that a run of columns may have in the panels that a product takes at once, and entries of
   a row below which a run is not worth beginning: leaving a loop over few entries costs as much as they do.
 */
enum { RUN_BYTES = 32768, RUN_PANELS = 4, RUN_ENTRIES = 24 };

sparse_batch sparse_batch_plan(size_t rows, size_t columns, size_t entries, double each, int members) {
  size_t most = (columns * RUN_PANELS * PANEL * sizeof(float) + RUN_BYTES - 1) / RUN_BYTES;
  size_t worth = (size_t)(each / RUN_ENTRIES), runs = size_min(most, worth);
  if (runs < 1) runs = 1;
  return (sparse_batch){.rows = rows,
                        .columns = columns,
                        .entries = entries,
                        .members = members,
                        .runs = runs,
                        .width = (columns + runs - 1) / runs};
}

void sparse_batch_take(sparse_batch *batch, arena *arena) {
  batch->bound = arena_take(arena, size_multiply(batch->rows, batch->runs + 1), sizeof(uint32_t));
  batch->entry = arena_take(arena, batch->entries, sizeof(sparse_entry));
  if (batch->members == 0) return;
  size_t splits = (size_t)batch->members + 1;
  batch->split = arena_take(arena, (size_t)batch->members * splits, sizeof(uint32_t));
  batch->cut = arena_take(arena, size_multiply(batch->rows, splits), sizeof(uint32_t));
  batch->first = arena_take(arena, batch->columns + 1, sizeof(uint32_t));
  batch->turned = arena_take(arena, batch->entries, sizeof(sparse_entry));
}

/* ---- rows ---- */

/* The first of the entries from `begin` up to `end` whose index is at least `index`. */
static uint32_t lower_bound(const sparse_entry *entry, uint32_t begin, uint32_t end, size_t index) {
  while (begin < end) {
    uint32_t middle = begin + (end - begin) / 2;
    if (entry[middle].index < index) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

/* Where the runs of a row begin, which has the entries from `begin` up to `end`. */
static void bound_row(sparse_batch *batch, size_t row, uint32_t begin, uint32_t end) {
  uint32_t *bound = batch->bound + row * (batch->runs + 1);
  bound[0] = begin;
  for (size_t run = 1; run < batch->runs; run++)
    bound[run] = lower_bound(batch->entry, bound[run - 1], end, run * batch->width);
  bound[batch->runs] = end;
}

void sparse_batch_bound(sparse_batch *batch, const uint32_t *start, size_t n) {
  for (size_t r = 0; r < n; r++) bound_row(batch, r, start[r], start[r + 1]);
}

/* The first columns of the members, so that all have about as many entries, by what the columns have in all
   rows; this member's copy of them. */
static void split_columns(const team *team, const sparse_rows *rows, sparse_batch *batch) {
  uint32_t *split = batch->split + (size_t)team->rank * (size_t)(batch->members + 1);
  for (int member = 0; member < team->size; member++) {
    uint64_t wanted = (uint64_t)rows->before[batch->columns] * (uint64_t)member / (uint64_t)team->size;
    size_t low = 0, high = batch->columns;
    while (low < high) {
      size_t middle = low + (high - low) / 2;
      if (rows->before[middle] < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    split[member] = (uint32_t)low;
  }
  split[team->size] = (uint32_t)batch->columns;
}

static void cut_row(const team *team, sparse_batch *batch, size_t row, uint32_t begin, uint32_t end) {
  size_t splits = (size_t)batch->members + 1;
  const uint32_t *split = batch->split + (size_t)team->rank * splits;
  uint32_t *cut = batch->cut + row * splits;
  cut[0] = begin;
  for (int member = 1; member < team->size; member++)
    cut[member] = lower_bound(batch->entry, cut[member - 1], end, split[member]);
  cut[team->size] = end;
}

/* A row of the choice among all rows. */
static size_t row_of(const sparse_choice *choice, size_t i) {
  size_t row = choice->order != NULL ? choice->order[i] : choice->first + i;
  return choice->place != NULL ? choice->place[row] : row;
}

static uint32_t length_of(const sparse_choice *choice, size_t i) {
  const uint32_t *start = choice->rows->start + row_of(choice, i);
  return start[1] - start[0];
}

/* Rows ahead of the one being copied whose entries are asked for. */
enum { AHEAD = 4, AHEAD_ENTRIES = 32 };

ALWAYS_INLINE void prefetch_row(const sparse_choice *choice, size_t i) {
  const uint32_t *start = choice->rows->start + row_of(choice, i);
  prefetch(choice->rows->entry + start[0],
           size_min(start[1] - start[0], AHEAD_ENTRIES) * sizeof(sparse_entry));
}

void sparse_batch_gather(const team *team, const sparse_choice *choice, sparse_batch *batch) {
  range share = team_share(team, choice->n);
  uint32_t at = 0;
  if (batch->members > 0) split_columns(team, choice->rows, batch);
  for (size_t i = 0; i < share.begin; i++) at += length_of(choice, i);
  for (size_t i = share.begin; i < share.end; i++) {
    const uint32_t *start = choice->rows->start + row_of(choice, i);
    uint32_t length = start[1] - start[0];
    if (i + AHEAD < share.end) prefetch_row(choice, i + AHEAD);
    memcpy(batch->entry + at, choice->rows->entry + start[0], length * sizeof *batch->entry);
    bound_row(batch, i, at, at + length);
    if (batch->members > 0) cut_row(team, batch, i, at, at + length);
    at += length;
  }
}

/* ---- columns ---- */

/* A row's entries in this member's columns. */
static range own_entries(const team *team, const sparse_batch *batch, size_t row) {
  const uint32_t *cut = batch->cut + row * (size_t)(batch->members + 1) + team->rank;
  return (range){cut[0], cut[1]};
}

/* end[j] becomes the number of entries of column j, for this member's columns; returns how many entries the
   columns before have. */
static uint32_t count_columns(const team *team, const sparse_batch *batch, size_t n, uint32_t *end) {
  uint32_t before = 0;
  for (size_t r = 0; r < n; r++) {
    range own = own_entries(team, batch, r);
    before += (uint32_t)own.begin - batch->bound[r * (batch->runs + 1)];
    for (size_t i = own.begin; i < own.end; i++) end[batch->entry[i].index]++;
  }
  return before;
}

void sparse_batch_turn(const team *team, sparse_batch *batch, size_t n) {
  const uint32_t *split = batch->split + (size_t)team->rank * (size_t)(batch->members + 1) + team->rank;
  uint32_t *end = batch->first + 1; /* of each column, where the next one begins */
  memset(end + split[0], 0, (split[1] - split[0]) * sizeof *end);
  uint32_t at = count_columns(team, batch, n, end);
  for (size_t j = split[0]; j < split[1]; j++) {
    uint32_t count = end[j];
    end[j] = at;
    at += count;
  }
  for (size_t r = 0; r < n; r++) {
    range own = own_entries(team, batch, r);
    for (size_t i = own.begin; i < own.end; i++) {
      const sparse_entry *entry = &batch->entry[i];
      batch->turned[end[entry->index]++] = (sparse_entry){(uint32_t)r, entry->value};
    }
  }
}

/* ---- products ---- */

void sparse_forward(const sparse_batch *batch, range rows, const float *b, size_t b_stride, size_t panels,
                    const float *bias, float *c, size_t c_stride) {
  size_t step = batch->runs + 1;
  for (size_t run = 0; run < batch->runs; run++) {
    const sparse_part part = {batch->entry, batch->bound + rows.begin * step + run, step,
                              rows.end - rows.begin};
    kernels_active()->sparse_product(&part, b, b_stride, panels, run == 0 ? bias : NULL, run > 0, c,
                                     c_stride);
  }
}

void sparse_backward(const sparse_batch *batch, range columns, const float *d, size_t d_stride, size_t panels,
                     bool accumulate, float *g, size_t g_stride) {
  const sparse_part part = {batch->turned, batch->first + columns.begin, 1, columns.end - columns.begin};
  kernels_active()->sparse_product(&part, d, d_stride, panels, NULL, accumulate, g, g_stride);
}

/* A row's entries in some of the columns. */
static range entries_between(const sparse_batch *batch, size_t row, range columns) {
  const uint32_t *bound = batch->bound + row * (batch->runs + 1);
  uint32_t begin = bound[0], end = bound[batch->runs];
  if (columns.begin > 0) begin = lower_bound(batch->entry, begin, end, columns.begin);
  if (columns.end < batch->columns) end = lower_bound(batch->entry, begin, end, columns.end);
  return (range){begin, end};
}

void sparse_scatter(const sparse_batch *batch, range columns, size_t n, const float *d, size_t d_stride,
                    size_t panels, bool accumulate, float *g, size_t g_stride) {
  size_t height = columns.end - columns.begin;
  for (size_t p = 0; p < panels && !accumulate; p++) memset(g + p * g_stride, 0, height * PANEL * sizeof *g);
  float *first = g - columns.begin * PANEL; /* where the row of column 0 would be */
  for (size_t r = 0; r < n; r++) {
    range own = entries_between(batch, r, columns);
    kernels_active()->sparse_scatter(batch->entry + own.begin, own.end - own.begin, d + r * PANEL, d_stride,
                                     panels, first, g_stride);
  }
}
