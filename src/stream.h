/* Forward passes over any number of rows, block after block: constant memory, members independent. */
#ifndef FASTMLP_STREAM_H
#define FASTMLP_STREAM_H

#include "data.h"
#include "matrix.h"
#include "network.h"
#include "pace.h"

/* Rows of one block. */
enum { STREAM_ROWS = 256 };

/* Buffers of one network for a number of members. */
typedef struct stream {
  arena arena;
  const network *net;
  pace pace;            /* its team has as many members */
  float *input;         /* [members][panels of inputs][STREAM_ROWS][16] */
  float *embedded;      /* the same of what the first layer reads, if that is not the input; or NULL */
  sparse_batch plan;    /* of the rows, if those are sparse: then */
  sparse_batch *sparse; /* [members] in place of input */
  float *hidden;        /* [members][2][panels of the widest layer][STREAM_ROWS][16] */
} stream;

/* Where the rows come from and where outputs go. Both run inside a member, for rows first .. first + n - 1,
   n <= STREAM_ROWS; first is a multiple of STREAM_ROWS. */
typedef struct stream_job {
  void (*fill)(void *context, int member, size_t first, size_t n, const batch *x);
  void (*consume)(void *context, size_t first, size_t n, panels output);
  void *context;
} stream_job;

/* plan: of sparse rows, as dataset_plan_batch() makes it; without any rows for others. */
status stream_allocate(stream *stream, const network *net, const sparse_batch *plan, int members);

void stream_free(stream *stream);

/* Sends `rows` rows through the network. */
void stream_run(stream *stream, size_t rows, const stream_job *job);

#endif
