/* The share of the FMA peak that training steps reach, in one process: training and the bare FMA loop take
   turns, a tenth and a fiftieth of a second each, on the same threads, so that both meet the same state of
   the machine. Prints a line a turn, "work,threads,us_a_step,share,barrier_ns"; the last is what a meeting of
   the threads takes, which tells how far from each other their cores are. Linked with the engine's core; the
   argument is the number of threads. The images are random. */
#include "fma.h"
#include "trial.h"

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

static void measure(const work *work, const dataset *data, int threads) {
  trial trial;
  make_network(&trial.net, work->layers, work->sizes, NULL);
  start_trial(&trial, data, &work->optimizer,
              (train_options){.batch_size = work->batch_size, .threads = threads});
  for (int turn = -1; turn < TURNS; turn++) { /* the first warms up */
    double barrier = barrier_seconds(threads), peak = peak_flops(threads), step = step_seconds(&trial, .1);
    double flops = row_flops(work->layers, work->sizes) * (double)work->batch_size / step;
    if (turn < 0) continue;
    printf("%s,%d,%.1f,%.3f,%.0f\n", work->name, threads, 1e6 * step, flops / peak, 1e9 * barrier);
  }
  end_trial(&trial);
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : threads_default();
  dataset data;
  kernels_choose(kernels_available(0)->name);
  bare = widest();
  make_images(&data, ROWS);
  for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) measure(&works[i], &data, threads);
  dataset_free(&data);
  return 0;
}
