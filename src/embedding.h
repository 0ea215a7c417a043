/* Embeddings in front of the first layer: some columns of a row, numbers or codes of factors, become several
   learned values each. The rows that the first layer reads have the columns that go on as they came, and
   behind them the values of each embedded column. */
#ifndef FASTMLP_EMBEDDING_H
#define FASTMLP_EMBEDDING_H

#include "dense.h"

/* Numbers x go on, joined by functions of x (kernels.h has the formulas); codes 1, 2, ... give way to their
   row of a table, any other code to zeros. */
typedef enum embedding_id {
  EMBEDDING_PERIODIC,
  EMBEDDING_PIECEWISE,
  EMBEDDING_TABLE,
  EMBEDDING_COUNT
} embedding_id;

/* One embedded column. */
typedef struct embedded {
  embedding_id kind;
  size_t column;    /* of the rows as they come */
  size_t size;      /* frequencies, bins or levels */
  size_t outputs;   /* values that it becomes */
  size_t first;     /* of them among the columns that come out */
  size_t parameter; /* offset of its parameters among the network's */
  size_t constant;  /* offset of what does not move among the stage's constants */
} embedded;

/* The stage. What is given of `of` is kind, column, size and outputs; embedding_place() completes it. */
typedef struct embedding {
  size_t columns;   /* of the rows as they come */
  size_t features;  /* of them embedded; 0: none is, and nothing of this is there */
  embedded *of;     /* [features] */
  size_t kept;      /* columns that go on */
  uint32_t *keep;   /* [kept], in order */
  size_t constants; /* floats */
  float *constant;  /* [constants] */
} embedding;

/* ---- kinds: embedding_kinds.c ---- */

/* A part of a column's parameters as the caller has it: `rows` numbers, or where columns > 0 a matrix, which
   lies here column by column or row by row. Parts follow one another. */
typedef struct embedding_part {
  const char *name;
  size_t rows, columns;
  bool by_rows;
} embedding_part;

enum { EMBEDDING_PARTS = 4 };

typedef struct embedding_kind {
  const char *name;
  group_id group;
  bool replaces; /* the column does not go on */
  int (*parts)(const embedded *f, embedding_part part[EMBEDDING_PARTS]);
  size_t (*constants)(const embedded *f); /* floats */
  /* Up to PANEL rows from `row` on. backward: NULL where there is no slope. */
  void (*forward)(const embedding *e, const embedded *f, const float *parameter, panels x, size_t row,
                  size_t n, panels out);
  void (*backward)(const embedding *e, const embedded *f, const float *parameter, panels x, panels dout,
                   size_t row, size_t n, panels dx);
  /* The gradient of the parameters into the sink, by the members' shares of the feature-th column. */
  void (*weights)(const team *team, const embedding *e, size_t feature, const float *parameter, panels x,
                  panels dout, size_t n, const gradient_sink *sink, float *scratch);
  size_t (*scratch)(const embedded *f, size_t rows); /* floats that this takes of each member */
} embedding_kind;

const embedding_kind *embedding_kind_of(embedding_id id);

/* The id of a name, or EMBEDDING_COUNT if there is none. */
embedding_id embedding_find(const char *name);

/* Floats of one column's parameters, padding included. */
size_t embedded_parameters(const embedded *f);

/* Sets the constants of a piecewise column from the edges[bins + 1] of its bins, and gives the edges back. */
void embedding_set_edges(const embedding *e, const embedded *f, const double *edges);
void embedding_get_edges(const embedding *e, const embedded *f, double *edges);

/* ---- the stage ---- */

/* Completes the columns, with parameters from `total` on, and counts kept and constants; where the parameters
   end, or SIZE_MAX. */
size_t embedding_place(embedding *e, size_t total);

/* Lists the kept columns in keep. */
void embedding_list_kept(embedding *e);

/* Columns of the rows that come out. */
size_t embedding_width(const embedding *e);

/* Floats of all parameters, padding included. */
size_t embedding_parameters(const embedding *e);

/* Floating-point operations for one row. */
double embedding_flops(const embedding *e);

/* out[n x width] from x[n x columns], for some of the rows. */
void embedding_forward(const embedding *e, const float *parameter, panels x, range rows, panels out);

/* dx[n x columns] from dout[n x width], for some of the rows. */
void embedding_backward(const embedding *e, const float *parameter, panels x, panels dout, range rows,
                        panels dx);

/* Floats that a member's scratch takes for blocks of so many rows. */
size_t embedding_scratch(const embedding *e, size_t rows);

/* Gradients of the parameters into the sink. scratch: this member's. */
void embedding_weights(const team *team, const embedding *e, const float *parameter, panels x, panels dout,
                       size_t n, const gradient_sink *sink, float *scratch);

/* The update alone, from the sink's gradient. */
void embedding_update(const team *team, const embedding *e, const gradient_sink *sink);

/* Where element (row, column) of a matrix lies. */
static inline float *panels_cell(panels m, size_t row, size_t column) {
  return m.data + column / PANEL * m.stride + row * PANEL + column % PANEL;
}

#endif
