/* How long one gradient of a small network takes in the engine, without R: 24-8-2 with tanh, squared loss,
   200 rows, one thread. For each instruction set that can run here it prints "name,part,microseconds": the
   best of many loops over the whole, as if weights were new each time (W' is made anew, too), and over each
   part by itself. Linked with the engine's core. */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "pass.h"
#include "rng.h"

enum { ROWS = 200, LOOPS = 200, GRADIENTS = 500 };

static void fill(float *x, size_t n, float sd, rng *random, uint64_t *drawn) {
  for (size_t i = 0; i < n; i++) x[i] = sd * (float)rng_normal(random, (*drawn)++);
}

typedef struct problem {
  network net;
  pass pass;
  panels x;
  float *target, *gradient;
} problem;

static float *floats(size_t n) {
  float *memory = aligned_alloc(ALIGNMENT, (n + PANEL) / PANEL * PANEL * sizeof(float));
  if (memory == NULL) exit(1);
  return memory;
}

static void make_problem(problem *p) {
  const size_t sizes[] = {24, 8, 2};
  const activation_id activation[] = {ACTIVATION_tanh, ACTIVATION_identity};
  const uint32_t key[] = {1, 2};
  rng random = rng_make(key, RNG_STREAM_INIT, 0);
  uint64_t drawn = 0;
  const network_plan plan = {.layers = 2, .sizes = sizes, .activation = activation};
  if (network_allocate(&p->net, &plan) != STATUS_OK) exit(1);
  if (pass_allocate(&p->pass, &p->net, ROWS, 1, false) != STATUS_OK) exit(1);
  p->x.stride = panel_stride(ROWS);
  p->x.data = floats(panels_of(sizes[0]) * p->x.stride);
  p->target = floats(ROWS * sizes[2]);
  p->gradient = floats(p->net.parameters);
  fill(p->net.parameter, p->net.parameters, .2f, &random, &drawn);
  fill(p->x.data, panels_of(sizes[0]) * p->x.stride, 1, &random, &drawn);
  fill(p->target, ROWS * sizes[2], 1, &random, &drawn);
}

/* ---- the parts of a gradient, in their order ---- */

static const team solo = {.size = 1};

static void transpose(problem *p) { pass_transpose(&solo, &p->pass); }

static void forward(problem *p) { pass_forward(&solo, &p->pass, (input){p->x, NULL}, ROWS, NULL); }

static void score(problem *p) {
  const loss loss = {.id = LOSS_SQUARED};
  const targets targets = {.value = p->target};
  pass_loss(&solo, &p->pass, &loss, &targets, ROWS, 1.0 / ROWS);
}

static void backward(problem *p) { pass_backward(&solo, &p->pass, ROWS, NULL); }

static void weights(problem *p) {
  pass_weights(&solo, &p->pass, (input){p->x, NULL}, ROWS, (gradient_sink){.gradient = p->gradient}, 0);
}

typedef void (*piece)(problem *);
static const struct {
  const char *name;
  piece run;
} parts[] = {{"W'", transpose},
             {"forward", forward},
             {"loss", score},
             {"backward", backward},
             {"gradient of the weights", weights}};
enum { PARTS = sizeof parts / sizeof *parts };

/* Tells what tanh takes of the forward pass. */
static void forward_linear(problem *p) {
  p->net.layer[0].activation = ACTIVATION_identity;
  forward(p);
  p->net.layer[0].activation = ACTIVATION_tanh;
}

static void whole(problem *p) {
  for (int i = 0; i < PARTS; i++) parts[i].run(p);
}

static double best_microseconds(problem *p, piece run) {
  double best = 1;
  for (int loop = 0; loop < LOOPS; loop++) {
    double start = clock_seconds();
    for (int i = 0; i < GRADIENTS; i++) run(p);
    double took = (clock_seconds() - start) / GRADIENTS;
    if (took < best) best = took;
  }
  return 1e6 * best;
}

static void report(problem *p, const char *simd, const char *name, piece run) {
  printf("%s,%s,%.2f\n", simd, name, best_microseconds(p, run));
}

int main(void) {
  problem p;
  const kernels *table = kernels_available(0);
  kernels_choose(table->name);
  make_problem(&p);
  for (int i = 0; (table = kernels_available(i)) != NULL; i++) {
    kernels_choose(table->name);
    report(&p, table->name, "whole", whole);
    for (int j = 0; j < PARTS; j++) report(&p, table->name, parts[j].name, parts[j].run);
    report(&p, table->name, "of forward: all but tanh", forward_linear);
  }
  return 0;
}
