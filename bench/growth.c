/* How the cost of training grows with the work: by the number of rows and by the width of the hidden layers.
   The sizes of a curve take turns of a tenth of a second in one process, so that all meet the same state of
   the machine, for several epochs of each together. Prints a line for each size,
   "curve,size,weights,threads,ns_a_row,ratio,products,gather": the time of all its turns over their rows,
   time per floating-point operation of the products over the mean of the curve, and what products and
   gathering take of all threads' nanoseconds a row. Linked with the engine's core; the argument is the
   number of threads. */
#include "trial.h"

enum { BATCH = 256, IMAGES = 40 * BATCH, TURNS = 20, MOST_SIZES = 5, MOST_LAYERS = 3 };

typedef struct curve {
  const char *name;
  size_t size[MOST_SIZES];
  int layers;
  size_t width[MOST_LAYERS + 1]; /* of the input and of each layer; 0: as wide as the size */
} curve;

static const curve curves[] = {
    {"rows", {10000, 30000, 100000, 300000, 1000000}, 3, {20, 64, 64, 1}},
    {"width", {128, 256, 512, 1024, 2048}, 3, {IMAGE_INPUTS, 0, 0, IMAGE_CLASSES}},
};

typedef struct point {
  size_t width[MOST_LAYERS + 1];
  dataset data;
  trial trial;
  double rows, seconds;       /* of all turns */
  double before[PHASE_COUNT]; /* seconds of the phases before them */
} point;

static void start(point *point, const curve *curve, size_t size, int threads) {
  const optimizer sgd = {.id = OPTIMIZER_SGD, .learn_rate = .001};
  bool of_width = false;
  for (int l = 0; l <= curve->layers; l++) {
    of_width = of_width || curve->width[l] == 0;
    point->width[l] = curve->width[l] != 0 ? curve->width[l] : size;
  }
  if (of_width) {
    make_images(&point->data, IMAGES);
  } else {
    make_table(&point->data, size, point->width[0]);
  }
  make_network(&point->trial.net, curve->layers, point->width, NULL);
  start_trial(&point->trial, &point->data, &sgd,
              (train_options){.batch_size = BATCH, .threads = threads, .profile = true});
}

static double nanoseconds(const point *point, phase phase) {
  return 1e9 * (trainer_phase_seconds(point->trial.trainer, phase) - point->before[phase]) / point->rows;
}

/* What was measured so far does not count. */
static void begin(point *point) {
  point->rows = point->seconds = 0;
  for (int p = 0; p < PHASE_COUNT; p++) point->before[p] = trainer_phase_seconds(point->trial.trainer, p);
}

static void train(point *point) {
  turn turn = take_turn(&point->trial, .1);
  point->seconds += turn.seconds;
  point->rows += turn.rows;
}

static size_t weights(const curve *curve, const point *point) {
  size_t sum = 0;
  for (int l = 0; l < curve->layers; l++) sum += point->width[l] * point->width[l + 1];
  return sum;
}

static void measure(const curve *curve, int threads) {
  point points[MOST_SIZES] = {0};
  double row[MOST_SIZES], each[MOST_SIZES], mean = 0;
  for (int i = 0; i < MOST_SIZES; i++) start(&points[i], curve, curve->size[i], threads);
  for (int turn = -1; turn < TURNS; turn++) {
    for (int i = 0; i < MOST_SIZES; i++) {
      train(&points[i]);
      if (turn < 0) begin(&points[i]); /* the first warms up */
    }
  }
  for (int i = 0; i < MOST_SIZES; i++) {
    row[i] = points[i].seconds / points[i].rows;
    each[i] = row[i] / row_flops(curve->layers, points[i].width);
    mean += each[i] / MOST_SIZES;
  }
  for (int i = 0; i < MOST_SIZES; i++) {
    printf("%s,%zu,%zu,%d,%.1f,%.3f,%.1f,%.1f\n", curve->name, curve->size[i], weights(curve, &points[i]),
           threads, 1e9 * row[i], each[i] / mean, nanoseconds(&points[i], PHASE_PRODUCTS),
           nanoseconds(&points[i], PHASE_GATHER));
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
