/* The share of the FMA peak that training steps reach, in one process: training and the bare FMA loop take
   turns, a tenth and a fiftieth of a second each, on the same threads, so that both meet the same state of
   the machine. Prints a line a turn, "work,threads,us_a_step,share,barrier_ns"; the last is what a meeting of
   the threads takes, which tells how far from each other their cores are. Linked with the engine's core; the
   argument is the number of threads. The images are random. */
#include <math.h>

#include "clock.h"
#include "fma.h"
#include "rng.h"
#include "train.h"

enum { ROWS = 60000, TURNS = 15, MAX_SIZES = 4, ROUNDS = 700000, BARRIERS = 20000 };

typedef struct work {
  const char *name;
  size_t sizes[MAX_SIZES];
  int layers;
  size_t batch_size;
  optimizer optimizer;
} work;

#define SGD \
  { .id = OPTIMIZER_SGD, .learn_rate = .01 }
#define ADAM \
  { .id = OPTIMIZER_ADAM, .learn_rate = .001, .beta1 = .9, .beta2 = .999, .epsilon = 1e-8 }
static const work works[] = {
    {"784-256-10 batch 256 SGD", {784, 256, 10}, 2, 256, SGD},
    {"784-256-10 batch 32 SGD", {784, 256, 10}, 2, 32, SGD},
    {"784-256-10 batch 32 Adam", {784, 256, 10}, 2, 32, ADAM},
    {"784-1024-1024-10 batch 256 SGD", {784, 1024, 1024, 10}, 3, 256, SGD},
    {"784-64-10 batch 256 SGD", {784, 64, 10}, 2, 256, SGD},
};

static void stop_unless(status status) {
  if (status != STATUS_OK) exit(1);
}

/* ---- the FMA loop, on a team ---- */

static fma_loop bare;
static volatile float sink;

static void run_fma(const team *team, void *data) {
  (void)team;
  (void)data;
  sink = bare.run(ROUNDS);
}

static double peak_flops(int threads) {
  double start = clock_seconds();
  team_run(threads, run_fma, NULL);
  return fma_flops(bare, ROUNDS) * threads / (clock_seconds() - start);
}

/* ---- meetings ---- */

static void meet(const team *team, void *data) {
  (void)data;
  for (int i = 0; i < BARRIERS; i++) team_barrier(team);
}

static double barrier_seconds(int threads) {
  double start = clock_seconds();
  team_run(threads, meet, NULL);
  return (clock_seconds() - start) / BARRIERS;
}

/* ---- training ---- */

static void make_network(network *net, const work *work) {
  const activation_id activation[] = {
      ACTIVATION_relu, work->layers > 2 ? ACTIVATION_relu : ACTIVATION_identity, ACTIVATION_identity};
  const uint32_t key[] = {1, 2};
  rng random = rng_make(key, RNG_STREAM_INIT, 0);
  uint64_t drawn = 0;
  stop_unless(network_allocate(net, work->layers, work->sizes, activation, NULL));
  for (int l = 0; l < work->layers; l++) {
    size_t count = work->sizes[l] * work->sizes[l + 1];
    double *weight = malloc(count * sizeof *weight);
    for (size_t i = 0; i < count; i++) {
      weight[i] = sqrt(2.0 / (double)work->sizes[l]) * rng_normal(&random, drawn++);
    }
    network_set_layer(net, net->parameter, l, weight, NULL);
    free(weight);
  }
}

static void make_data(dataset *data) {
  const uint32_t key[] = {3, 4};
  rng random = rng_make(key, RNG_STREAM_INIT, 0);
  stop_unless(dataset_allocate(data, ROWS, 784, 10, true, false, false));
  for (size_t i = 0; i < (size_t)ROWS * 784; i++) data->x[i] = (float)rng_uniform(&random, i);
  for (int i = 0; i < ROWS; i++) data->class_index[i] = (int)(10 * data->x[(size_t)i * 784]);
}

/* Floating-point operations of a row: output, weight gradient and, above the first layer, input gradient. */
static double row_flops(const work *work) {
  double flops = 0;
  for (int l = 0; l < work->layers; l++) {
    flops += (l == 0 ? 4.0 : 6.0) * (double)work->sizes[l] * (double)work->sizes[l + 1];
  }
  return flops;
}

static void measure(const work *work, const dataset *data, int threads) {
  network net;
  trainer *trainer;
  const loss loss = {.id = LOSS_CROSS_ENTROPY};
  const train_options options = {
      .epochs = 1000000, .batch_size = work->batch_size, .shuffle = true, .key = {5, 6}, .threads = threads};
  make_network(&net, work);
  stop_unless(trainer_open(&trainer, &net, data, NULL, &loss, &work->optimizer, &options));
  double done = 0;
  for (int turn = -1; turn < TURNS; turn++) { /* the first warms up */
    double barrier = barrier_seconds(threads), peak = peak_flops(threads);
    double before = done, start = clock_seconds();
    trainer_advance(trainer, .1);
    double took = clock_seconds() - start;
    done = (trainer_epochs(trainer) + trainer_epoch_progress(trainer)) * ROWS;
    if (turn < 0) continue;
    double rows = done - before, step = took / rows * (double)work->batch_size;
    printf("%s,%d,%.1f,%.3f,%.0f\n", work->name, threads, 1e6 * step, row_flops(work) * rows / took / peak,
           1e9 * barrier);
  }
  trainer_close(trainer);
  network_free(&net);
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  dataset data;
  kernels_choose(kernels_available(0)->name);
  bare = widest();
  make_data(&data);
  for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) measure(&works[i], &data, threads);
  dataset_free(&data);
  return 0;
}
