/* What normalisation, noise, averages, limits and moments cost: steps of 784-256-256-10 at batches of 256
   (SGD) with and without each, in one process and in turns of a tenth of a second, so that all meet the same
   state of the machine. Prints a line for each turn, "feature,threads,us_a_step,ratio", where the ratio is to
   the plain network of the same turn. Linked with the engine's core; the argument is the number of threads.
 */
#include "trial.h"

enum { ROWS = 20000, BATCH = 256, LAYERS = 3, TURNS = 15 };

typedef struct feature {
  const char *name;
  norm_id norm;
  double dropout;
  bool residual;
  double momentum, penalty;
  train_options options;
  trial trial;
} feature;

static feature features[] = {
    {.name = "none"},
    {.name = "none (again)"},
    {.name = "batch normalisation", .norm = NORM_BATCH},
    {.name = "layer normalisation", .norm = NORM_LAYER},
    {.name = "dropout", .dropout = .5},
    {.name = "input dropout", .options.input = {.dropout = .2}},
    {.name = "input noise", .options.input = {.sd = .1}},
    {.name = "residual connection", .residual = true},
    {.name = "average of the weights", .options.ema_decay = .999},
    {.name = "limit to the gradient's norm", .options.clip_norm = 1},
    {.name = "limit to the weights' norms", .options.max_norm = 3},
    {.name = "L2 penalty", .penalty = 1e-4},
    {.name = "momentum", .momentum = .9},
};
enum { FEATURES = sizeof features / sizeof features[0] };

static void dress(feature *feature) {
  network *net = &feature->trial.net;
  for (int l = 0; l < LAYERS - 1; l++) {
    size_t offset[4];
    int values = network_norm_values(&net->layer[l], offset);
    for (size_t j = 0; j < net->layer[l].units && values > 0; j++) net->parameter[offset[0] + j] = 1;
    net->layer[l].dropout = feature->dropout;
  }
  net->layer[1].residual = feature->residual;
}

static void start(feature *feature, const dataset *data, int threads) {
  const size_t sizes[] = {IMAGE_INPUTS, 256, 256, IMAGE_CLASSES};
  const norm_id norm[] = {feature->norm, feature->norm, NORM_NONE};
  const optimizer sgd = {
      .id = OPTIMIZER_SGD, .learn_rate = .001, .momentum = feature->momentum, .penalty = feature->penalty};
  feature->options.batch_size = BATCH;
  feature->options.threads = threads;
  make_network(&feature->trial.net, LAYERS, sizes, norm);
  dress(feature);
  start_trial(&feature->trial, data, &sgd, feature->options);
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : threads_default();
  dataset data;
  kernels_choose(kernels_available(0)->name);
  make_images(&data, ROWS);
  for (int i = 0; i < FEATURES; i++) start(&features[i], &data, threads);
  for (int turn = -1; turn < TURNS; turn++) { /* the first warms up */
    double plain = 0;
    for (int i = 0; i < FEATURES; i++) {
      double step = step_seconds(&features[i].trial, .1);
      if (i == 0) plain = step;
      if (turn >= 0) printf("%s,%d,%.1f,%.3f\n", features[i].name, threads, 1e6 * step, step / plain);
    }
  }
  for (int i = 0; i < FEATURES; i++) end_trial(&features[i].trial);
  dataset_free(&data);
  return 0;
}
