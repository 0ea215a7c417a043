/* Networks in training on random data, to be timed from turn to turn. */
#ifndef FASTMLP_BENCH_TRIAL_H
#define FASTMLP_BENCH_TRIAL_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "kernels.h"
#include "rng.h"
#include "train.h"

enum { IMAGE_INPUTS = 784, IMAGE_CLASSES = 10 };

static void stop_unless(status status) {
  if (status != STATUS_OK) exit(1);
}

static rng random_numbers(uint32_t key) {
  const uint32_t keys[] = {key, key + 1};
  return rng_make(keys, RNG_STREAM_INIT, 0);
}

static void make_images(dataset *data, size_t rows) {
  rng random = random_numbers(3);
  const dataset_shape shape = {
      .rows = rows, .inputs = IMAGE_INPUTS, .columns = IMAGE_CLASSES, .classes = true};
  stop_unless(dataset_allocate(data, &shape));
  for (size_t i = 0; i < rows * IMAGE_INPUTS; i++) data->x[i] = (float)rng_uniform(&random, i);
  for (size_t i = 0; i < rows; i++) {
    int index = (int)(IMAGE_CLASSES * data->x[i * IMAGE_INPUTS]);
    data->class_index[i] = index < IMAGE_CLASSES ? index : IMAGE_CLASSES - 1;
  }
}

/* Rows of normal predictors with a number that follows from the first two. */
static inline void make_table(dataset *data, size_t rows, size_t inputs) {
  rng random = random_numbers(7);
  const dataset_shape shape = {.rows = rows, .inputs = inputs, .columns = 1};
  stop_unless(dataset_allocate(data, &shape));
  for (size_t i = 0; i < rows * inputs; i++) data->x[i] = (float)rng_normal(&random, i);
  for (size_t i = 0; i < rows; i++) data->value[i] = data->x[i * inputs] * data->x[i * inputs + 1];
}

/* Floating-point operations of training on a row: output, weight gradient and, above the first layer, input
   gradient. */
static inline double row_flops(int layers, const size_t *sizes) {
  double flops = 0;
  for (int l = 0; l < layers; l++) flops += (l == 0 ? 4.0 : 6.0) * (double)sizes[l] * (double)sizes[l + 1];
  return flops;
}

/* relu below the last layer; norm[layers] as for network_plan. */
static void make_network(network *net, int layers, const size_t *sizes, const norm_id *norm) {
  activation_id *activation = malloc((size_t)layers * sizeof *activation);
  rng random = random_numbers(1);
  uint64_t drawn = 0;
  for (int l = 0; l < layers; l++) activation[l] = l < layers - 1 ? ACTIVATION_relu : ACTIVATION_identity;
  const network_plan plan = {.layers = layers, .sizes = sizes, .activation = activation, .norm = norm};
  stop_unless(network_allocate(net, &plan));
  for (int l = 0; l < layers; l++) {
    size_t count = sizes[l] * sizes[l + 1];
    double *weight = malloc(count * sizeof *weight);
    for (size_t i = 0; i < count; i++) {
      weight[i] = sqrt(2.0 / (double)sizes[l]) * rng_normal(&random, drawn++);
    }
    network_set_layer(net, net->parameter, l, weight, NULL);
    free(weight);
  }
  free(activation);
}

typedef struct trial {
  network net;
  trainer *trainer;
  size_t rows, batch_size;
} trial;

/* Starts endless training of trial->net, of classes on cross-entropy and of numbers on the squared error; the
   options beside batch_size may be empty. */
static void start_trial(trial *trial, const dataset *data, const optimizer *optimizer,
                        train_options options) {
  static const loss classes = {.id = LOSS_CROSS_ENTROPY}, numbers = {.id = LOSS_SQUARED};
  const loss *loss = data->class_index != NULL ? &classes : &numbers;
  options.epochs = 1000000;
  options.shuffle = true;
  options.key[0] = 5;
  trial->rows = data->rows;
  trial->batch_size = options.batch_size;
  stop_unless(trainer_open(&trial->trainer, &trial->net, data, NULL, loss, optimizer, &options));
}

static double rows_done(const trial *trial) {
  return (trainer_epochs(trial->trainer) + trainer_epoch_progress(trial->trainer)) * (double)trial->rows;
}

typedef struct turn {
  double rows, seconds; /* trained on, and what it took */
} turn;

/* Trains for about so many seconds. */
static turn take_turn(trial *trial, double seconds) {
  double before = rows_done(trial), start = clock_seconds();
  trainer_advance(trial->trainer, seconds);
  double took = clock_seconds() - start;
  return (turn){rows_done(trial) - before, took};
}

/* Seconds of a training step, from a turn of so many seconds. */
static inline double step_seconds(trial *trial, double seconds) {
  turn turn = take_turn(trial, seconds);
  return turn.seconds / turn.rows * (double)trial->batch_size;
}

static void end_trial(trial *trial) {
  trainer_close(trial->trainer);
  network_free(&trial->net);
}

#endif
