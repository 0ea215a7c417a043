/* Trains small networks with every table of kernels that can run here, on one member and on teams of two to
   four that are held, and compares the parameters bit for bit. Linked with the engine's core, with OpenMP.
   Exits with 1 if anything fails. */
#include <stdio.h>
#include <string.h>

#include "check_report.h"
#include "initial.h"
#include "pace.h"
#include "train.h"

enum { ROWS = 203, BATCH = 64, EPOCHS = 4, LAYERS = 3, TEAMS = 4 }; /* the last batch is a small one */

static const size_t sizes[LAYERS + 1] = {37, 70, 70, 5};
static const uint32_t key[] = {3, 4};

typedef struct work {
  const char *name;
  norm_id norm[LAYERS];
  activation_id hidden;
  double dropout;
  bool residual;
  optimizer optimizer;
} work;

#define SGD \
  { .id = OPTIMIZER_SGD, .learn_rate = .05, .momentum = .9 }
#define ADAM \
  { .id = OPTIMIZER_ADAM, .learn_rate = .01, .beta1 = .9, .beta2 = .999, .epsilon = 1e-8 }
static const work works[] = {
    {"sgd", {NORM_NONE}, ACTIVATION_relu, 0, false, SGD},
    {"adam", {NORM_NONE}, ACTIVATION_tanh, 0, false, ADAM},
    {"dressed, sgd", {NORM_BATCH, NORM_LAYER}, ACTIVATION_gelu, .2, true, SGD},
    {"dressed, adam", {NORM_LAYER, NORM_BATCH}, ACTIVATION_relu, .2, true, ADAM},
};

static void stop_unless(status status) {
  if (status != STATUS_OK) abort();
}

/* Normal predictors; a row's class is the largest of the first of them. */
static void make_rows(dataset *data) {
  const dataset_shape shape = {.rows = ROWS, .inputs = sizes[0], .columns = sizes[LAYERS], .classes = true};
  const rng random = rng_make(key, RNG_STREAM_NOISE, 0);
  stop_unless(dataset_allocate(data, &shape));
  for (size_t i = 0; i < ROWS * sizes[0]; i++) data->x[i] = (float)rng_normal(&random, i);
  for (size_t i = 0; i < ROWS; i++) {
    const float *x = data->x + i * sizes[0];
    int largest = 0;
    for (int j = 1; j < (int)sizes[LAYERS]; j++) largest = x[j] > x[largest] ? j : largest;
    data->class_index[i] = largest;
  }
}

/* A normalisation starts with the scale 1 and, of batches, the variance 1. */
static void start_norm(network *net, const layer *layer) {
  size_t offset[4];
  int values = network_norm_values(layer, offset);
  for (int i = 0; i < values; i++) {
    double one = i == 0 || i == 3;
    for (size_t j = 0; j < layer->units; j++) network_set_values(net->parameter, offset[i] + j, 1, &one);
  }
}

static void make_network(network *net, const work *work) {
  const activation_id activation[LAYERS] = {work->hidden, work->hidden, ACTIVATION_identity};
  const network_plan plan = {.layers = LAYERS, .sizes = sizes, .activation = activation, .norm = work->norm};
  const initial initial = {.scale = INITIAL_HE};
  static double weight[70 * 70];
  stop_unless(network_allocate(net, &plan));
  for (int l = 0; l < LAYERS; l++) {
    layer *layer = &net->layer[l];
    initial_weights(&initial, key, l, LAYERS, layer->inputs, layer->units, weight);
    network_set_layer(net, net->parameter, l, weight, NULL);
    start_norm(net, layer);
    layer->dropout = l < LAYERS - 1 ? work->dropout : 0;
    layer->residual = work->residual && layer->inputs == layer->units;
  }
}

/* Trains the network on so many threads; the loss of its last epoch. */
static double train(network *net, const work *work, const dataset *data, int threads) {
  const loss loss = {.id = LOSS_CROSS_ENTROPY};
  const train_options options = {
      .epochs = EPOCHS, .batch_size = BATCH, .shuffle = true, .key = {key[0], key[1]}, .threads = threads};
  trainer *trainer;
  make_network(net, work);
  stop_unless(trainer_open(&trainer, net, data, NULL, &loss, &work->optimizer, &options));
  while (trainer_advance(trainer, 3600) == TRAIN_RUNNING) continue;
  double last = trainer_record(trainer, EPOCHS - 1)->train_loss;
  trainer_close(trainer);
  return last;
}

static const char *describe(const kernels *k, const work *work, int threads, const char *what) {
  static char text[120];
  snprintf(text, sizeof text, "%s: %s on %d: %s", k->name, work->name, threads, what);
  return text;
}

/* The parameters that `threads` members come to are those of one. */
static void compare(const kernels *k, const work *work, const dataset *data, int threads,
                    const network *one) {
  network net;
  pace_counted();
  train(&net, work, data, threads);
  const pace_count counted = pace_counted();
  expect(counted.stretches >= EPOCHS && counted.fewer == 0, describe(k, work, threads, "no team"));
  bool same = memcmp(net.parameter, one->parameter, one->parameters * sizeof *one->parameter) == 0;
  expect(same, describe(k, work, threads, "other parameters"));
  network_free(&net);
}

static void check_work(const kernels *k, const work *work, const dataset *data) {
  network one;
  double last = train(&one, work, data, 1);
  expect(last < 1.3, describe(k, work, 1, "nothing learned")); /* log(5) to begin with */
  for (int threads = 2; threads <= TEAMS; threads++) compare(k, work, data, threads, &one);
  network_free(&one);
  printf("%s: %s, loss %.4f\n", k->name, work->name, last);
}

int main(void) {
  dataset data;
  const kernels *k;
  make_rows(&data);
  threads_hold(true);
  for (int i = 0; (k = kernels_available(i)) != NULL; i++) {
    expect(kernels_choose(k->name), k->name);
    for (size_t w = 0; w < sizeof works / sizeof works[0]; w++) check_work(k, &works[w], &data);
  }
  dataset_free(&data);
  return report_end();
}
