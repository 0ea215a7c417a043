#include <math.h>
#include <string.h>

#include "clock.h"
#include "cpu.h"
#include "trainer.h"

/* With shares of (1 - decay) / (1 - decay^steps) the average weighs the parameters after step s by decay^-s.
 */
void train_set_step(trainer *t) {
  optimizer optimizer = t->optimizer;
  double decay = t->options.ema_decay;
  optimizer.learn_rate *= rates_at(&t->rates[RATE_LEARN], t->steps);
  optimizer.weight_decay *= rates_at(&t->rates[RATE_DECAY], t->steps);
  t->dropout = rates_at(&t->rates[RATE_DROPOUT], t->steps);
  t->step = optimizer_step_at(&optimizer, t->steps);
  if (t->average != NULL) t->fresh = (float)((1 - decay) / (1 - pow(decay, t->steps)));
}

void train_begin_step(trainer *t) {
  t->steps++;
  train_set_step(t);
}

block train_block_at(const trainer *t, size_t first, int buffer, uint32_t step) {
  size_t batch_size = t->options.batch_size;
  size_t begin = first - first % batch_size;
  size_t size = size_min(batch_size, t->epoch_rows - begin), end = begin + size;
  size_t n = size_min(PASS_ROWS, end - first);
  double scale = 1 / ((double)size * t->mean_weight);
  const step_rows at = {.key = {t->options.key[0], t->options.key[1]},
                        .step = step,
                        .first = (uint32_t)(first - begin),
                        .dropout = 1};
  return (block){first, n, buffer, scale, first == begin, first + n == end, at};
}

/* The block behind this one; no rows at the end of the epoch. */
static block next_block(const trainer *t, const block *block) {
  size_t first = block->first + block->n;
  if (first == t->epoch_rows) return (struct block){.n = 0};
  return train_block_at(t, first, 1 - block->buffer, block->at.step + block->closes);
}

/* The first's is that of the training. */
static void variant_key(const uint32_t of[2], int variant, uint32_t key[2]) {
  uint32_t drawn[4] = {of[0], of[1]};
  const rng stream = rng_make(of, RNG_STREAM_VARIANT, (uint32_t)variant);
  if (variant > 0) rng_block(&stream, 0, drawn);
  memcpy(key, drawn, 2 * sizeof *key);
}

static const uint32_t *order_from(const trainer *t, size_t first) {
  return t->order != NULL ? t->order + first : NULL;
}

/* Codes of factors are no numbers: they may be dropped, but are neither scaled nor noisy. */
static void restore_codes(const team *team, const trainer *t, const block *block) {
  const embedding *e = &t->net->embedding;
  for (size_t i = 0; i < e->features; i++) {
    if (!embedding_kind_of(e->of[i].kind)->replaces) continue;
    dataset_restore(team, t->data, order_from(t, block->first), block->first, block->n, e->of[i].column,
                    &t->batch[block->buffer]);
  }
}

static void gather(const team *team, const trainer *t, const block *block) {
  dataset_gather(team, t->data, order_from(t, block->first), block->first, block->n,
                 &t->batch[block->buffer]);
  const input_noise *noise = &t->options.input;
  const batch *batch = &t->batch[block->buffer];
  range share = team_share(team, block->n);
  if (batch->sparse != NULL) {
    if (noise->dropout > 0) dropout_entries(noise, &block->at, share, batch->sparse);
  } else if (noise->sd > 0 || noise->dropout > 0) {
    dropout_inputs(noise, &block->at, share, t->data->inputs, batch->x);
    restore_codes(team, t, block);
  }
  dataset_turn(team, t->data, block->n, batch);
}

/* Where gradients go: straight into the update; or, over several passes, into the sum that the last one
   applies; or, where their norm must be known first, into that sum alone. */
static gradient_sink sink_for(const trainer *t, const block *block, const optimizer_step *step) {
  bool updates = t->gradient == NULL || (block->closes && !train_updates_last(t));
  return (gradient_sink){
      .gradient = t->gradient,
      .accumulate = !block->opens,
      .by_batch = true,
      .complete = block->closes,
      .step = updates ? step : NULL,
      .parameter = t->net->parameter,
      .moment = {t->moment[0], t->moment[1], t->moment[2]},
      .average = t->average,
      .fresh = t->fresh,
      .ntk = t->options.ntk,
  };
}

/* The sum of squares of the part of a chunk of the gradient that lies in [begin, end). */
static double squares_between(const trainer *t, size_t chunk, size_t begin, size_t end) {
  size_t first = begin > chunk * CHUNK ? begin : chunk * CHUNK, behind = size_min(end, (chunk + 1) * CHUNK);
  return first < behind ? kernels_active()->sum_of_squares(t->gradient + first, behind - first) : 0;
}

/* That of a whole chunk. In NTK parametrisation it is the gradient of V = sqrt(inputs) W that counts. */
static double chunk_squares(const trainer *t, size_t chunk) {
  const network *net = t->net;
  const layer *layer;
  double sum = 0;
  size_t done = 0;
  for (int i = 0; t->options.ntk && (layer = network_weights(net, i)) != NULL; i++) {
    size_t behind = layer->weight + dense_weights_size(layer);
    sum += squares_between(t, chunk, done, layer->weight);
    sum += squares_between(t, chunk, layer->weight, behind) / (double)layer->inputs;
    done = behind;
  }
  return sum + squares_between(t, chunk, done, net->parameters);
}

/* The factor that limits the norm of the gradient, of which every member has written its own. */
static double gradient_factor(const team *team, trainer *t) {
  range mine = team_share(team, train_chunks(t));
  team_barrier(team);
  for (size_t c = mine.begin; c < mine.end; c++) t->square[c] = chunk_squares(t, c);
  team_barrier(team);
  double sum = 0;
  for (size_t c = 0; c < train_chunks(t); c++) sum += t->square[c];
  double norm = sqrt(sum);
  return norm > t->options.clip_norm ? t->options.clip_norm / norm : 1;
}

/* The update by the whole gradient. */
static void update_last(const team *team, trainer *t, gradient_sink sink, optimizer_step step) {
  if (train_limits_gradient(t)) {
    step = optimizer_scaled(step, gradient_factor(team, t));
  } else {
    team_barrier(team);
  }
  sink.step = &step;
  for (int v = 0; v < t->net->variants; v++) {
    network own;
    pass turn = pass_of_variant(&t->pass, v, &own);
    sink.variant = v;
    pass_update(team, &turn, sink, t->options.max_norm);
  }
}

/* What a step still has to do where the update waits, or norms of the weights are limited. */
static void end_step(const team *team, trainer *t, gradient_sink sink, const optimizer_step *step) {
  if (train_updates_last(t)) update_last(team, t, sink, *step);
  if (t->options.max_norm > 0) {
    team_barrier(team);
    pass_limit_norms(team, &t->pass, sink, t->options.max_norm);
  }
}

/* Adds up a block's losses, in row order (the means over variants), and decides whether the next one follows
   at once. */
static void account(trainer *t, const block *block, const struct block *next) {
  double loss = 0, score = 0;
  for (int v = 0; v < t->net->variants; v++) {
    for (size_t r = 0; r < block->n; r++) {
      loss += t->pass.row_loss[(size_t)v * t->pass.rows + r];
      score += t->pass.row_score[(size_t)v * t->pass.rows + r];
    }
  }
  t->sums.train_loss += loss / t->net->variants;
  t->sums.train_score += score / t->net->variants;
  t->rows_done += (double)block->n;
  t->sums.rate = rates_at(&t->rates[RATE_LEARN], t->steps);
  if (block->closes) train_begin_step(t);
  if (!train_is_finite(loss)) t->state = TRAIN_DIVERGED;
  t->epoch_ended = next->n == 0;
  t->gathered = !t->epoch_ended;
  if (t->gathered) t->block = *next;
  t->running = t->state == TRAIN_RUNNING && t->gathered && !t->broken_off && !trainer_wants_rate(t) &&
               clock_seconds() < t->slice_end;
}

/* Forward, backward and gradients of a variant's weights; the loss is the mean of theirs. */
static void variant_pass(const team *team, trainer *t, int variant, const block *block, gradient_sink sink) {
  network own;
  pass pass = pass_of_variant(&t->pass, variant, &own);
  const batch *batch = &t->batch[block->buffer];
  const targets targets = {batch->class_index, batch->value, batch->weight, batch->offset};
  const input x = batch_input(batch);
  step_rows at = block->at;
  if (network_shares(&own)) {
    pass_transpose(team, &pass);
    team_barrier(team);
  }
  variant_key(t->options.key, variant, at.key);
  sink.variant = variant;
  pass_forward(team, &pass, x, block->n, &at);
  pass_loss(team, &pass, &t->loss, &targets, block->n, block->scale / own.variants);
  pass_backward(team, &pass, block->n, &at);
  pass_weights(team, &pass, x, block->n, sink, t->options.max_norm);
}

/* One block from end to end; the next one's rows come in meanwhile. The first member alone writes what the
   others read after the barrier, while they may still be at work: so all begin with copies. */
static void train_block(const team *team, trainer *t) {
  block block = t->block;
  const struct block next = next_block(t, &block);
  const optimizer_step step = t->step;
  block.at.dropout = t->dropout;
  block.at.count = pass_count(&t->pass, t->batch[block.buffer].weight, t->data->worth, block.n);
  const gradient_sink sink = sink_for(t, &block, &step);
  for (int v = 0; v < t->net->variants; v++) variant_pass(team, t, v, &block, sink);
  if (block.closes) end_step(team, t, sink, &step);
  if (next.n > 0) gather(team, t, &next);
  if (team->rank == 0) account(t, &block, &next);
  team_barrier(team);
}

void train_member(const team *shared, void *data) {
  trainer *t = data;
  team member = *shared;
  uint64_t state = cpu_flush_subnormals();
  if (t->profile != NULL) {
    member.profile = &t->profile[member.rank];
    profile_start(member.profile, PHASE_PRODUCTS);
  }
  if (!t->gathered) gather(&member, t, &t->block);
  pass_transpose(&member, &t->pass);
  team_barrier(&member);
  do train_block(&member, t);
  while (t->running);
  if (t->profile != NULL) profile_stop(member.profile);
  cpu_restore(state);
}
