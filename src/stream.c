#include "stream.h"

#include "dressed.h"

enum { BLOCK_FLOATS = ((STREAM_ROWS | 1) * PANEL) }; /* of one panel */

static size_t input_floats(const network *net) { return panels_of(network_inputs(net)) * BLOCK_FLOATS; }

static size_t embedded_block(const network *net) { return panels_of(net->layer[0].inputs) * BLOCK_FLOATS; }

static size_t hidden_floats(const network *net) { return panels_of(network_widest(net)) * BLOCK_FLOATS; }

static void take_sparse(stream *s, arena *arena) {
  s->sparse = arena_take(arena, (size_t)s->pace.team, sizeof *s->sparse);
  for (int member = 0; member < s->pace.team; member++) {
    sparse_batch batch = s->plan;
    sparse_batch_take(&batch, arena);
    if (arena_binds(arena)) s->sparse[member] = batch;
  }
}

static void lay_out(void *owner, arena *arena) {
  stream *s = owner;
  size_t members = (size_t)s->pace.team;
  if (s->plan.rows > 0) {
    take_sparse(s, arena);
  } else {
    s->input = arena_take(arena, size_multiply(members, input_floats(s->net)), sizeof(float));
  }
  if (s->net->embedding.features > 0)
    s->embedded = arena_take(arena, size_multiply(members, embedded_block(s->net)), sizeof(float));
  s->hidden = arena_take(arena, size_multiply(2 * members, hidden_floats(s->net)), sizeof(float));
}

status stream_allocate(stream *stream, const network *net, const sparse_batch *plan, int members) {
  *stream = (struct stream){.net = net, .pace.team = members, .plan = *plan};
  return arena_build(&stream->arena, lay_out, stream);
}

void stream_free(stream *stream) { arena_free(&stream->arena); }

/* What the first layer reads; into the member's buffer unless it is x itself. */
static input embed_block(const stream *stream, size_t member, const batch *x, size_t n) {
  const network *net = stream->net;
  if (stream->embedded == NULL) return batch_input(x);
  panels embedded = {stream->embedded + member * embedded_block(net), BLOCK_FLOATS};
  embedding_forward(&net->embedding, net->parameter, x->x, (range){0, n}, embedded);
  return (input){embedded, NULL};
}

/* x through all layers, by one member alone; the outputs lie in one of its two buffers. */
static panels forward_block(const network *net, input x, float *hidden, size_t n) {
  const team solo = {.size = 1};
  const panels dropped = {NULL, 0};
  for (int l = 0; l < net->layers; l++) {
    panels h = {hidden + (size_t)(l % 2) * hidden_floats(net), BLOCK_FLOATS};
    if (layer_is_dressed(&net->layer[l])) {
      dressed_predict(&solo, &net->layer[l], net->parameter, x, n, h);
    } else {
      dense_forward(&solo, SPLIT_ROWS, &net->layer[l], net->parameter, x, n, dropped, h);
    }
    x = (input){h, NULL};
  }
  return x.dense;
}

typedef struct stream_work {
  const stream *stream;
  size_t rows;
  const stream_job *job;
} stream_work;

static void run_member(const team *team, void *data) {
  const stream_work *work = data;
  const stream *stream = work->stream;
  const network *net = stream->net;
  const stream_job *job = work->job;
  size_t member = (size_t)team->rank;
  const batch x = {
      .x = {stream->sparse != NULL ? NULL : stream->input + member * input_floats(net), BLOCK_FLOATS},
      .sparse = stream->sparse != NULL ? &stream->sparse[member] : NULL,
  };
  float *hidden = stream->hidden + 2 * member * hidden_floats(net);
  range blocks = team_share(team, (work->rows + STREAM_ROWS - 1) / STREAM_ROWS);
  for (size_t block = blocks.begin; block < blocks.end; block++) {
    size_t first = block * STREAM_ROWS, n = size_min(STREAM_ROWS, work->rows - first);
    job->fill(job->context, team->rank, first, n, &x);
    job->consume(job->context, first, n, forward_block(net, embed_block(stream, member, &x, n), hidden, n));
  }
}

void stream_run(stream *stream, size_t rows, const stream_job *job) {
  stream_work work = {stream, rows, job};
  pace_run(&stream->pace, run_member, &work);
}
