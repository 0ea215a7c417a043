/* How the cost of training grows with the work: time per floating-point operation of the products, by the
   number of rows and by the width of the hidden layers. The sizes of a curve take turns of a tenth of a
   second in one process, so that all meet the same state of the machine. Prints a line for each turn,
   "curve,size,threads,ns_a_row,ratio", where the ratio is of time per operation to the mean of the curve in
   that round. Linked with the engine's core; the argument is the number of threads. */
#include "trial.h"

enum { BATCH = 256, IMAGES = 10000, TURNS = 15, MOST_SIZES = 5, MOST_LAYERS = 4 };

typedef struct curve {
  const char *name;
  size_t size[MOST_SIZES];
  int layers;
  size_t layer[MOST_LAYERS]; /* 0: as wide as the size */
} curve;

static const curve curves[] = {
    {"rows", {10000, 30000, 100000, 300000, 1000000}, 3, {20, 64, 64, 1}},
    {"width", {128, 256, 512, 1024, 2048}, 3, {IMAGE_INPUTS, 0, 0, IMAGE_CLASSES}},
};

typedef struct point {
  size_t layer[MOST_LAYERS];
  dataset data;
  trial trial;
} point;

static void start(point *point, const curve *curve, size_t size, int threads) {
  const optimizer sgd = {.id = OPTIMIZER_SGD, .learn_rate = .001};
  bool of_rows = curve->layer[1] != 0;
  for (int l = 0; l <= curve->layers; l++) point->layer[l] = curve->layer[l] != 0 ? curve->layer[l] : size;
  if (of_rows) {
    make_table(&point->data, size, point->layer[0]);
  } else {
    make_images(&point->data, IMAGES);
  }
  make_network(&point->trial.net, curve->layers, point->layer, NULL);
  start_trial(&point->trial, &point->data, &sgd, (train_options){.batch_size = BATCH, .threads = threads});
}

static void measure(const curve *curve, int threads) {
  point points[MOST_SIZES] = {0};
  for (int i = 0; i < MOST_SIZES; i++) start(&points[i], curve, curve->size[i], threads);
  for (int turn = -1; turn < TURNS; turn++) { /* the first warms up */
    double row[MOST_SIZES], each[MOST_SIZES], mean = 0;
    for (int i = 0; i < MOST_SIZES; i++) {
      row[i] = step_seconds(&points[i].trial, .1) / BATCH;
      each[i] = row[i] / row_flops(curve->layers, points[i].layer);
      mean += each[i] / MOST_SIZES;
    }
    for (int i = 0; i < MOST_SIZES && turn >= 0; i++) {
      printf("%s,%zu,%d,%.1f,%.3f\n", curve->name, curve->size[i], threads, 1e9 * row[i], each[i] / mean);
    }
  }
  for (int i = 0; i < MOST_SIZES; i++) {
    end_trial(&points[i].trial);
    dataset_free(&points[i].data);
  }
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : threads_default();
  kernels_choose(kernels_available(0)->name);
  for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) measure(&curves[i], threads);
  return 0;
}
