#include "embedding.h"

#include <string.h>

#include "alloc.h"

static const embedding_kind *kind_of(const embedding *e, size_t feature) {
  return embedding_kind_of(e->of[feature].kind);
}

/* ---- where everything lies ---- */

static size_t columns_replaced(const embedding *e) {
  size_t count = 0;
  for (size_t i = 0; i < e->features; i++) count += kind_of(e, i)->replaces;
  return count;
}

size_t embedding_place(embedding *e, size_t total) {
  size_t first = e->kept = e->columns - columns_replaced(e);
  e->constants = 0;
  for (size_t i = 0; i < e->features && total != SIZE_MAX; i++) {
    embedded *f = &e->of[i];
    size_t each = size_multiply(f->size + 4, f->outputs + 4); /* no kind has more */
    f->first = first;
    f->parameter = total;
    f->constant = e->constants;
    first += f->outputs;
    e->constants += kind_of(e, i)->constants(f);
    total = each > SIZE_MAX / 4 - total ? SIZE_MAX : total + embedded_parameters(f);
  }
  return total;
}

static bool is_replaced(const embedding *e, size_t column) {
  for (size_t i = 0; i < e->features; i++) {
    if (e->of[i].column == column && kind_of(e, i)->replaces) return true;
  }
  return false;
}

void embedding_list_kept(embedding *e) {
  size_t kept = 0;
  for (size_t column = 0; column < e->columns; column++) {
    if (!is_replaced(e, column)) e->keep[kept++] = (uint32_t)column;
  }
}

size_t embedding_width(const embedding *e) {
  size_t width = e->columns - columns_replaced(e);
  for (size_t i = 0; i < e->features; i++) width += e->of[i].outputs;
  return width;
}

size_t embedding_parameters(const embedding *e) {
  size_t sum = 0;
  for (size_t i = 0; i < e->features; i++) sum += embedded_parameters(&e->of[i]);
  return sum;
}

/* A wave takes some 20 operations, a bin 6. */
double embedding_flops(const embedding *e) {
  double sum = 0;
  for (size_t i = 0; i < e->features; i++) {
    const embedded *f = &e->of[i];
    double steps = f->kind == EMBEDDING_TABLE ? 1 : (double)f->size;
    sum += steps * (f->kind == EMBEDDING_PERIODIC ? 20 : 6) + 2 * steps * (double)f->outputs;
  }
  return sum;
}

/* ---- columns that go on ---- */

/* Columns before the first that does not: they stay where they are. */
static size_t columns_in_place(const embedding *e) {
  size_t count = 0;
  while (count < e->kept && e->keep[count] == count) count++;
  return count;
}

static void copy_panels(size_t count, panels from, range rows, panels to) {
  for (size_t p = 0; p < count; p++) {
    memcpy(to.data + p * to.stride + rows.begin * PANEL, from.data + p * from.stride + rows.begin * PANEL,
           (rows.end - rows.begin) * PANEL * sizeof(float));
  }
}

static void copy_column(panels from, size_t source, range rows, panels to, size_t target) {
  const float *in = panels_cell(from, rows.begin, source);
  float *out = panels_cell(to, rows.begin, target);
  for (size_t i = 0; i < rows.end - rows.begin; i++) out[i * PANEL] = in[i * PANEL];
}

static void zero_column(panels m, range rows, size_t column) {
  float *cell = panels_cell(m, rows.begin, column);
  for (size_t i = 0; i < rows.end - rows.begin; i++) cell[i * PANEL] = 0;
}

/* ---- forward and backward ---- */

void embedding_forward(const embedding *e, const float *parameter, panels x, range rows, panels out) {
  size_t in_place = columns_in_place(e);
  copy_panels(panels_of(in_place), x, rows, out);
  for (size_t j = in_place; j < e->kept; j++) copy_column(x, e->keep[j], rows, out, j);
  for (size_t row = rows.begin; row < rows.end; row += PANEL) {
    size_t n = size_min(PANEL, rows.end - row);
    for (size_t i = 0; i < e->features; i++)
      kind_of(e, i)->forward(e, &e->of[i], parameter, x, row, n, out);
  }
}

void embedding_backward(const embedding *e, const float *parameter, panels x, panels dout, range rows,
                        panels dx) {
  size_t in_place = columns_in_place(e);
  copy_panels(panels_of(in_place), dout, rows, dx);
  for (size_t j = in_place; j < e->kept; j++) copy_column(dout, j, rows, dx, e->keep[j]);
  for (size_t i = 0; i < e->features; i++) {
    if (kind_of(e, i)->replaces) zero_column(dx, rows, e->of[i].column);
  }
  for (size_t row = rows.begin; row < rows.end; row += PANEL) {
    size_t n = size_min(PANEL, rows.end - row);
    for (size_t i = 0; i < e->features; i++) {
      const embedding_kind *kind = kind_of(e, i);
      if (kind->backward != NULL) kind->backward(e, &e->of[i], parameter, x, dout, row, n, dx);
    }
  }
}

size_t embedding_scratch(const embedding *e, size_t rows) {
  size_t most = 0;
  for (size_t i = 0; i < e->features; i++) {
    size_t floats = kind_of(e, i)->scratch(&e->of[i], rows);
    if (floats > most) most = floats;
  }
  return panels_of(most) * PANEL;
}

void embedding_weights(const team *team, const embedding *e, const float *parameter, panels x, panels dout,
                       size_t n, const gradient_sink *sink, float *scratch) {
  for (size_t i = 0; i < e->features; i++)
    kind_of(e, i)->weights(team, e, i, parameter, x, dout, n, sink, scratch);
}

void embedding_update(const team *team, const embedding *e, const gradient_sink *sink) {
  for (size_t i = 0; i < e->features; i++) {
    range mine = team_share(team, embedded_parameters(&e->of[i]) / PANEL);
    sink_update(sink, kind_of(e, i)->group, e->of[i].parameter + mine.begin * PANEL,
                (mine.end - mine.begin) * PANEL);
  }
}
