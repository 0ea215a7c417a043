#include "pass.h"

#include <string.h>

/* ---- workspace ---- */

static bool keeps_input(const layer *layer) { return activation_of(layer->activation)->needs_input; }

static size_t reserve_panels(arena_plan *plan, size_t rows, size_t columns) {
  return arena_reserve(plan, size_multiply(panels_of(columns), panel_stride(rows)), sizeof(float));
}

/* One walk over all tensors: with base == NULL it adds up their sizes, otherwise it binds them. The order of
   the walk is the order in memory, so both agree. */
static void lay_out(pass *pass, arena_plan *plan, bool bind, bool input_gradient) {
  const network *net = pass->net;
  size_t layers = (size_t)net->layers, stride = panel_stride(pass->rows);
#define TENSOR(target, offset)                       \
  do {                                               \
    size_t at = (offset);                            \
    if (bind) (target) = arena_at(&pass->arena, at); \
  } while (0)
  TENSOR(pass->h, arena_reserve(plan, layers, sizeof *pass->h));
  TENSOR(pass->z, arena_reserve(plan, layers, sizeof *pass->z));
  TENSOR(pass->dz, arena_reserve(plan, layers, sizeof *pass->dz));
  TENSOR(pass->transposed, arena_reserve(plan, layers, sizeof *pass->transposed));
  TENSOR(pass->scratch, arena_reserve(plan, (size_t)pass->members, SCRATCH_FLOATS * sizeof(float)));
  for (size_t l = 0; l < layers; l++) {
    const layer *layer = &net->layer[l];
    if (bind) pass->h[l].stride = pass->z[l].stride = pass->dz[l].stride = stride;
    TENSOR(pass->h[l].data, reserve_panels(plan, pass->rows, layer->units));
    TENSOR(pass->dz[l].data, reserve_panels(plan, pass->rows, layer->units));
    if (keeps_input(layer)) TENSOR(pass->z[l].data, reserve_panels(plan, pass->rows, layer->units));
    if (l > 0 || input_gradient) {
      TENSOR(pass->transposed[l], arena_reserve(plan, dense_transposed_size(layer), sizeof(float)));
    }
  }
  if (input_gradient) {
    if (bind) pass->dx.stride = stride;
    TENSOR(pass->dx.data, reserve_panels(plan, pass->rows, net->layer[0].inputs));
  }
#undef TENSOR
}

status pass_allocate(pass *pass, const network *net, size_t rows, int members, bool input_gradient) {
  memset(pass, 0, sizeof *pass);
  pass->net = net;
  pass->rows = rows;
  pass->members = members;
  arena_plan plan = {0};
  lay_out(pass, &plan, false, input_gradient);
  status result = arena_allocate(&pass->arena, &plan);
  if (result != STATUS_OK) return result;
  lay_out(pass, &(arena_plan){0}, true, input_gradient);
  return STATUS_OK;
}

void pass_free(pass *pass) { arena_free(&pass->arena); }

/* ---- passes ---- */

/* What the backward pass through layer l's activation reads. */
static panels kept(const pass *pass, int l) { return pass->z[l].data != NULL ? pass->z[l] : pass->h[l]; }

/* Two operations that both divide by rows hand over within a member; any other pair has to meet. */
static void meet_between(const team *team, split before, split after) {
  if (before != SPLIT_ROWS || after != SPLIT_ROWS) team_barrier(team);
}

split pass_forward(const team *team, pass *pass, panels x, size_t n) {
  const network *net = pass->net;
  split before = SPLIT_ROWS;
  for (int l = 0; l < net->layers; l++) {
    const layer *layer = &net->layer[l];
    split split = split_for(team->size, layer->units);
    if (l > 0) meet_between(team, before, split);
    dense_forward(team, split, layer, net->parameter, l == 0 ? x : pass->h[l - 1], n, pass->z[l], pass->h[l]);
    before = split;
  }
  return before;
}

void pass_backward(const team *team, pass *pass, size_t n) {
  const network *net = pass->net;
  int last = net->layers - 1;
  dense_backward_activation(&net->layer[last], team_share(team, n), kept(pass, last), pass->dz[last]);
  split before = SPLIT_ROWS;
  for (int l = last; l >= 0 && pass->transposed[l] != NULL; l--) {
    const layer *layer = &net->layer[l];
    split split = split_for(team->size, layer->inputs);
    meet_between(team, before, split);
    if (l > 0) {
      dense_backward_input(team, split, layer, pass->transposed[l], pass->dz[l], n,
                           net->layer[l - 1].activation, kept(pass, l - 1), pass->dz[l - 1]);
    } else {
      dense_backward_input(team, split, layer, pass->transposed[l], pass->dz[l], n, ACTIVATION_identity,
                           pass->dx, pass->dx);
    }
    before = split;
  }
}

void pass_weights(const team *team, pass *pass, panels x, size_t n, gradient_sink sink) {
  sink.scratch = pass->scratch + (size_t)team->rank * SCRATCH_FLOATS;
  for (int l = 0; l < pass->net->layers; l++) {
    dense_backward_weights(team, &pass->net->layer[l], l == 0 ? x : pass->h[l - 1], pass->dz[l], n, &sink,
                           pass->transposed[l]);
  }
}

void pass_transpose(const team *team, pass *pass) {
  const network *net = pass->net;
  for (int l = 0; l < net->layers; l++) {
    if (pass->transposed[l] != NULL)
      dense_transpose(team, &net->layer[l], net->parameter, pass->transposed[l]);
  }
}
