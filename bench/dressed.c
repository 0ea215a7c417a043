/* What normalisation, dropout and residual connections cost: steps of 784-256-256-10 at batches of 256 (SGD)
   with and without each, in one process and in turns of a tenth of a second, so that all meet the same state
   of the machine. Prints "what,us_a_step,ratio" with the medians of the turns, of the ratios to the plain
   network of the same turn. Linked with the engine's core; the argument is the number of threads. The images
   are random. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "kernels.h"
#include "rng.h"
#include "train.h"

enum { ROWS = 20000, BATCH = 256, LAYERS = 3, TURNS = 31 };

typedef struct contender {
  const char *name;
  norm_id norm;
  double dropout;
  bool residual;
  input_noise input;
  network net;
  trainer *trainer;
  double step[TURNS], ratio[TURNS];
} contender;

static contender contenders[] = {
    {.name = "plain"},
    {.name = "plain again"},
    {.name = "batch normalisation", .norm = NORM_BATCH},
    {.name = "layer normalisation", .norm = NORM_LAYER},
    {.name = "dropout", .dropout = .5},
    {.name = "input dropout", .input = {.dropout = .2}},
    {.name = "input noise", .input = {.sd = .1}},
    {.name = "residual", .residual = true},
};
enum { CONTENDERS = sizeof contenders / sizeof contenders[0] };

static void stop_unless(status status) {
  if (status != STATUS_OK) exit(1);
}

static void make_network(contender *c) {
  const size_t sizes[] = {784, 256, 256, 10};
  const activation_id activation[] = {ACTIVATION_relu, ACTIVATION_relu, ACTIVATION_identity};
  const norm_id norm[] = {c->norm, c->norm, NORM_NONE};
  const uint32_t key[] = {1, 2};
  rng random = rng_make(key, RNG_STREAM_INIT, 0);
  network *net = &c->net;
  stop_unless(network_allocate(net, LAYERS, sizes, activation, norm));
  for (int l = 0; l < LAYERS; l++) {
    size_t count = sizes[l] * sizes[l + 1], offset[4];
    double *weight = malloc(count * sizeof *weight);
    for (size_t i = 0; i < count; i++) weight[i] = sqrt(2.0 / (double)sizes[l]) * rng_normal(&random, i);
    network_set_layer(net, l, weight, NULL);
    free(weight);
    int values = network_norm_values(&net->layer[l], offset);
    for (size_t j = 0; j < sizes[l + 1] && values > 0; j++) net->parameter[offset[0] + j] = 1;
    if (l < LAYERS - 1) net->layer[l].dropout = c->dropout;
  }
  net->layer[1].residual = c->residual;
}

static void make_data(dataset *data) {
  const uint32_t key[] = {3, 4};
  rng random = rng_make(key, RNG_STREAM_INIT, 0);
  stop_unless(dataset_allocate(data, ROWS, 784, 10, true, false));
  for (size_t i = 0; i < (size_t)ROWS * 784; i++) data->x[i] = (float)rng_uniform(&random, i);
  for (int i = 0; i < ROWS; i++) data->class_index[i] = (int)(10 * data->x[(size_t)i * 784]);
}

static double rows_done(const trainer *t) { return (trainer_epochs(t) + trainer_epoch_progress(t)) * ROWS; }

static double step_microseconds(trainer *t) {
  double before = rows_done(t), start = clock_seconds();
  trainer_advance(t, .1);
  return 1e6 * (clock_seconds() - start) / ((rows_done(t) - before) / BATCH);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values) {
  qsort(values, TURNS, sizeof *values, ascending);
  return values[TURNS / 2];
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : threads_default();
  dataset data = {0};
  const loss loss = {.id = LOSS_CROSS_ENTROPY};
  const optimizer sgd = {.id = OPTIMIZER_SGD, .learn_rate = .001};
  kernels_choose(kernels_available(0)->name);
  make_data(&data);
  for (int i = 0; i < CONTENDERS; i++) {
    contender *c = &contenders[i];
    const train_options options = {.epochs = 1000000,
                                   .batch_size = BATCH,
                                   .shuffle = true,
                                   .key = {5, 6},
                                   .threads = threads,
                                   .input = c->input};
    make_network(c);
    stop_unless(trainer_open(&c->trainer, &c->net, &data, NULL, &loss, &sgd, &options));
    step_microseconds(c->trainer);
  }
  for (int turn = 0; turn < TURNS; turn++) {
    for (int i = 0; i < CONTENDERS; i++) {
      contenders[i].step[turn] = step_microseconds(contenders[i].trainer);
      contenders[i].ratio[turn] = contenders[i].step[turn] / contenders[0].step[turn];
    }
  }
  for (int i = 0; i < CONTENDERS; i++) {
    printf("%s,%.0f,%.3f\n", contenders[i].name, median(contenders[i].step), median(contenders[i].ratio));
  }
}
