#include <math.h>

#include "dressed.h"
#include "input_scale.h"
#include "parametric.h"
#include "shared_weights.h"

/* ---- workspace ---- */

static bool is_embedded(const pass *pass) { return pass->net->embedding.features > 0; }

static pass_layer take_layer(const pass *pass, int l, arena *arena) {
  const layer *layer = &pass->net->layer[l];
  bool keeps_input = activation_of(layer->activation)->needs_input;
  bool hands_down = l > 0 || pass->input_gradient || is_embedded(pass);
  pass_layer taken = {
      .z = keeps_input ? arena_take_panels(arena, pass->rows, layer->units) : (panels){NULL, 0},
      .h = arena_take_panels(arena, pass->rows, layer->units),
      .dz = arena_take_panels(arena, pass->rows, layer->units),
      .transposed = hands_down ? arena_take(arena, dense_transposed_size(layer), sizeof(float)) : NULL,
  };
  taken.dh = taken.dz;
  if (layer->scaled) taken.products = arena_take(arena, input_scale_products(layer), sizeof(float));
  if (layer->shared) taken.products = arena_take(arena, shared_products(layer), sizeof(float));
  if (layer_is_dressed(layer)) dressed_take(layer, pass->rows, arena, &taken);
  return taken;
}

static void take_embedding(pass *pass, arena *arena) {
  const network *net = pass->net;
  size_t scratch = embedding_scratch(&net->embedding, pass->rows);
  pass->embedded = arena_take_panels(arena, pass->rows, net->layer[0].inputs);
  pass->embedding_scratch = arena_take(arena, (size_t)pass->members, scratch * sizeof(float));
  if (pass->input_gradient) pass->dinput = arena_take_panels(arena, pass->rows, network_inputs(net));
}

/* Whether sparse blocks go through without being turned. */
static bool scatters(const pass *pass) {
  return dense_scatters(&pass->net->layer[0], pass->rows, pass->net->density);
}

static void lay_out(void *owner, arena *arena) {
  pass *pass = owner;
  const network *net = pass->net;
  pass->layer = arena_take(arena, (size_t)net->layers, sizeof *pass->layer);
  pass->row_loss = arena_take(arena, (size_t)net->variants, pass->rows * sizeof(double));
  pass->row_score = arena_take(arena, (size_t)net->variants, pass->rows * sizeof(double));
  pass->scratch = arena_take(arena, (size_t)pass->members, SCRATCH_FLOATS * sizeof(float));
  if (scatters(pass)) pass->scattered = arena_take(arena, dense_weights_size(&net->layer[0]), sizeof(float));
  for (int l = 0; l < net->layers; l++) {
    pass_layer layer = take_layer(pass, l, arena);
    if (arena_binds(arena)) pass->layer[l] = layer;
  }
  if (pass->input_gradient || is_embedded(pass))
    pass->dx = arena_take_panels(arena, pass->rows, net->layer[0].inputs);
  pass->dinput = pass->dx;
  if (is_embedded(pass)) take_embedding(pass, arena);
}

/* Three products a layer, some two barriers a layer. However few the rows, all of an embedding is updated,
   and all weights, which may be more work than the products of sparse rows. */
int pass_members(const network *net, size_t rows, int limit) {
  const layer *first = &net->layer[0];
  double update = net->density < 1 ? 16 * (double)first->inputs * (double)first->units : 0;
  double flops = 3 * network_flops(net, rows) + update + 10 * (double)embedding_parameters(&net->embedding);
  return threads_for_work(limit, flops / (2 * net->layers));
}

status pass_allocate(pass *pass, const network *net, size_t rows, int members, bool input_gradient) {
  *pass = (struct pass){.net = net, .rows = rows, .members = members, .input_gradient = input_gradient};
  return arena_build(&pass->arena, lay_out, pass);
}

void pass_free(pass *pass) { arena_free(&pass->arena); }

sparse_batch pass_plan_batch(const pass *pass, const dataset *data) {
  return dataset_plan_batch(data, pass->rows, scatters(pass) ? 0 : pass->members);
}

pass pass_of_variant(const pass *pass, int variant, network *own) {
  struct pass turn = *pass;
  *own = network_variant(pass->net, variant);
  turn.net = own;
  turn.row_loss += (size_t)variant * pass->rows;
  turn.row_score += (size_t)variant * pass->rows;
  return turn;
}

/* ---- passes ---- */

row_count pass_count(const pass *pass, const float *weight, double worth, size_t n) {
  bool counts = false;
  for (int l = 0; l < pass->net->layers; l++) counts = counts || pass->net->layer[l].norm == NORM_BATCH;
  return norm_count(counts ? weight : NULL, worth, n);
}

/* Two operations that both divide by rows hand over within a member; any other pair has to meet. */
static void meet_between(const team *team, split before, split after) {
  if (before != SPLIT_ROWS || after != SPLIT_ROWS) team_barrier(team);
}

/* What the first layer reads: this member's rows of it are there. */
static input embed(const team *team, const pass *pass, input x, size_t n) {
  if (!is_embedded(pass)) return x;
  phase before = team_phase(team, PHASE_ACTIVATIONS);
  embedding_forward(&pass->net->embedding, pass->net->parameter, x.dense, team_share(team, n),
                    pass->embedded);
  team_phase(team, before);
  return (input){pass->embedded, NULL};
}

void pass_forward(const team *team, pass *pass, input x, size_t n, const step_rows *at) {
  const network *net = pass->net;
  split before = SPLIT_ROWS;
  x = embed(team, pass, x, n);
  for (int l = 0; l < net->layers; l++) {
    const pass_layer *own = &pass->layer[l];
    split split = norm_split(&net->layer[l], team->size);
    if (l > 0 || is_embedded(pass)) meet_between(team, before, split);
    if (layer_is_dressed(&net->layer[l])) {
      dressed_forward(team, split, net, l, own, x, n, at);
    } else {
      dense_forward(team, split, &net->layer[l], net->parameter, x, n, own->z, own->h);
    }
    x = (input){own->h, NULL};
    before = split;
  }
  meet_between(team, before, SPLIT_ROWS);
}

/* A loss that calls back is the first member's work, between all outputs and all that is read of it. */
static void loss_by_first(const team *team, const loss *loss, const loss_block *block, size_t n) {
  team_barrier(team);
  if (team->rank == 0) loss_rows(loss, block, (range){0, n});
  team_barrier(team);
}

void pass_loss(const team *team, pass *pass, const loss *loss, const targets *targets, size_t n,
               double scale) {
  const pass_layer *last = &pass->layer[pass->net->layers - 1];
  phase before = team_phase(team, PHASE_LOSS);
  const loss_block block = {
      .output = last->h,
      .outputs = network_outputs(pass->net),
      .targets = *targets,
      .scale = scale,
      .gradient = last->dz,
      .row_loss = pass->row_loss,
      .row_score = pass->row_score,
  };
  if (loss_of(loss->id)->calls_back) {
    loss_by_first(team, loss, &block, n);
  } else {
    loss_rows(loss, &block, team_share(team, n));
  }
  team_phase(team, before);
}

/* d loss / d h of layer l - 1, or d loss / d x, down to d loss / d z of its own. */
static void backward_below(const team *team, split split, pass *pass, int l, size_t n, const step_rows *at) {
  const network *net = pass->net;
  const layer *layer = &net->layer[l], *under = l > 0 ? layer - 1 : NULL;
  const pass_layer *own = &pass->layer[l], *below = l > 0 ? own - 1 : NULL;
  bool plain = under != NULL && !layer_is_dressed(under) && !layer->residual;
  panels dh = below != NULL ? below->dh : pass->dx;
  dense_backward_input(team, split, layer, own->transposed, own->dz, n,
                       plain ? under->activation : ACTIVATION_identity, plain ? pass_kept(below) : dh, dh);
  if (plain) return;
  part part = part_of(team, split, n, layer->inputs);
  if (layer->residual) residual_backward(team, part, own->dh, dh);
  if (under != NULL) dressed_backward(team, part, net, l - 1, below, n, at);
}

void pass_backward(const team *team, pass *pass, size_t n, const step_rows *at) {
  const network *net = pass->net;
  const pass_layer *last = &pass->layer[net->layers - 1];
  const layer *layer = &net->layer[net->layers - 1];
  part rows = {team_share(team, n), {0, panels_of(layer->units)}};
  dense_backward_activation(team, layer->activation, rows, layer->units, pass_kept(last), last->dz);
  split before = SPLIT_ROWS;
  for (int l = net->layers - 1; l >= 0 && pass->layer[l].transposed != NULL; l--) {
    split split =
        l > 0 ? norm_split(&net->layer[l - 1], team->size) : split_for(team->size, net->layer[l].inputs);
    meet_between(team, before, split);
    backward_below(team, split, pass, l, n, at);
    before = split;
  }
}

void pass_backward_inputs(const team *team, pass *pass, input x, size_t n) {
  if (!pass->input_gradient || !is_embedded(pass)) return;
  team_barrier(team);
  embedding_backward(&pass->net->embedding, pass->net->parameter, x.dense, pass->dx, team_share(team, n),
                     pass->dinput);
}

/* Whether all that a member needs for its weights, and no other member still reads, is its own after
   pass_backward(): a wide layer under a narrow one. Then dz of the first is divided like its weights, and W'
   of the second is read and written in the same panels of inputs. */
static bool weights_are_own(const team *team, const pass *pass) {
  const network *net = pass->net;
  return net->layers == 2 && pass->layer[0].transposed == NULL && !layer_is_dressed(&net->layer[0]) &&
         split_for(team->size, net->layer[0].units) == SPLIT_PANELS &&
         split_for(team->size, net->layer[1].units) == SPLIT_ROWS;
}

/* The sink as it serves layer l; `own` has room for its step. */
static gradient_sink sink_of(const team *team, const pass *pass, gradient_sink sink, int l, double max_norm,
                             optimizer_step *own) {
  sink.scratch = pass->scratch + (size_t)team->rank * SCRATCH_FLOATS;
  sink.settles = max_norm == 0 || l == pass->net->layers - 1;
  sink.products = pass->layer[l].products;
  sink.scattered = pass->scattered;
  if (sink.ntk && sink.step != NULL) {
    *own = optimizer_ntk(sink.step, pass->net->layer[l].inputs);
    sink.step = own;
  }
  return sink;
}

static void embed_weights(const team *team, const pass *pass, panels x, size_t n, const gradient_sink *sink) {
  const embedding *e = &pass->net->embedding;
  phase before = team_phase(team, PHASE_ACTIVATIONS);
  float *scratch = pass->embedding_scratch + (size_t)team->rank * embedding_scratch(e, pass->rows);
  embedding_weights(team, e, pass->net->parameter, x, pass->dx, n, sink, scratch);
  team_phase(team, before);
}

/* W' where it follows each strip of W at once: not where the product reads diag(s) W, which comes later, or
   where it is another variant's turn next. */
static float *following(const pass *pass, int l) {
  bool later = pass->net->layer[l].scaled || network_shares(pass->net);
  return later ? NULL : pass->layer[l].transposed;
}

/* diag(s) W of the first layer, and its transpose, after s and W have moved. */
static void apply_scale(const team *team, const pass *pass, float *parameter) {
  const layer *first = &pass->net->layer[0];
  input_scale_apply(team, first, parameter);
  if (pass->layer[0].transposed != NULL) dense_transpose(team, first, parameter, pass->layer[0].transposed);
}

/* The gradients of what stands beside the weights of the products, after these. */
static void scale_weights(const team *team, const pass *pass, gradient_sink sink, double max_norm) {
  const network *net = pass->net;
  bool scaled = net->layer[0].scaled && sink.complete;
  if (!scaled && !network_shares(net)) return;
  team_barrier(team);
  for (int l = 0; l < net->layers; l++) {
    sink.products = pass->layer[l].products;
    if (net->layer[l].shared) shared_gradient(team, &net->layer[l], &sink);
  }
  if (!scaled) return;
  sink.products = pass->layer[0].products;
  input_scale_gradient(team, &net->layer[0], &sink);
  if (sink.step != NULL && max_norm == 0) apply_scale(team, pass, sink.parameter);
}

void pass_weights(const team *team, pass *pass, input x, size_t n, gradient_sink sink, double max_norm) {
  const network *net = pass->net;
  if (!weights_are_own(team, pass)) team_barrier(team);
  const gradient_sink shared = sink_of_shared(&sink);
  if (is_embedded(pass)) embed_weights(team, pass, x.dense, n, &shared);
  if (is_embedded(pass)) x = (input){pass->embedded, NULL};
  for (int l = 0; l < net->layers; l++) {
    const pass_layer *at = &pass->layer[l];
    optimizer_step own;
    const gradient_sink of_layer = sink_of(team, pass, sink, l, max_norm, &own);
    dense_backward_weights(team, split_for(team->size, net->layer[l].units), &net->layer[l], x, at->dz, n,
                           &of_layer, following(pass, l));
    if (net->layer[l].norm != NORM_NONE) norm_weights(team, &net->layer[l], n, &at->norm, &of_layer);
    if (net->layer[l].parametric) parametric_weights(team, &net->layer[l], n, at->phi, &of_layer);
    x = (input){at->h, NULL};
  }
  scale_weights(team, pass, sink, max_norm);
}

/* The weights of the first layer have moved in all members. */
static void scale_inputs(const team *team, const pass *pass, const gradient_sink *sink) {
  if (!pass->net->layer[0].scaled) return;
  team_barrier(team);
  apply_scale(team, pass, sink->parameter);
}

void pass_update(const team *team, pass *pass, gradient_sink sink, double max_norm) {
  const network *net = pass->net;
  for (int l = 0; l < net->layers; l++) {
    optimizer_step own;
    const gradient_sink of_layer = sink_of(team, pass, sink, l, max_norm, &own);
    dense_update(team, split_for(team->size, net->layer[l].units), &net->layer[l], &of_layer,
                 following(pass, l));
    if (net->layer[l].norm != NORM_NONE) norm_update(team, &net->layer[l], &of_layer);
    if (net->layer[l].parametric) parametric_update(team, &net->layer[l], &of_layer);
    if (net->layer[l].shared) shared_update(team, &net->layer[l], &of_layer);
  }
  if (net->layer[0].scaled) input_scale_update(team, &net->layer[0], &sink);
  if (is_embedded(pass) && sink.variant == 0) embedding_update(team, &net->embedding, &sink);
  if (max_norm == 0) scale_inputs(team, pass, &sink);
}

void pass_limit_norms(const team *team, pass *pass, gradient_sink sink, double max_norm) {
  for (int l = 0; l < pass->net->layers - 1; l++) {
    const layer *layer = &pass->net->layer[l];
    double most = sink.ntk ? max_norm / sqrt((double)layer->inputs) : max_norm;
    dense_limit_norms(team, layer, (float)most, &sink, following(pass, l));
  }
  scale_inputs(team, pass, &sink);
}

void pass_transpose(const team *team, pass *pass) {
  const network *net = pass->net;
  for (int l = 0; l < net->layers; l++) {
    float *transposed = pass->layer[l].transposed;
    if (net->layer[l].shared) shared_apply(team, &net->layer[l], net->parameter);
    if (transposed != NULL) dense_transpose(team, &net->layer[l], net->parameter, transposed);
  }
}
