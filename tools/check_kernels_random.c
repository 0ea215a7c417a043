/* Masks and noise against the generator for one counter (rng.c), and normalisation against plain loops. */
#include <math.h>
#include <string.h>

#include "check_kernels.h"
#include "rng.h"

enum { ROWS = 45, COLUMNS = 2 * PANEL + 5, STRIDE = (ROWS | 1) * PANEL, FLOATS = 3 * STRIDE };

static const draw source = {{0xdeadbeef, 12345}, {3 + (2 << 8), 77}, 5 * PANEL, 0};

static void random_block(uint32_t column, uint64_t group, uint32_t word[4]) {
  rng stream = {{source.key[0], source.key[1]}, {source.stream[0], source.stream[1]}};
  rng_block(&stream, column | group << 32, word);
}

/* ---- masks and noise ---- */

/* Whether the mask keeps an element: the half words of a block are those of eight rows. */
static bool keeps(uint32_t column, uint32_t row, uint32_t threshold) {
  uint32_t word[4];
  random_block(column, row / 8, word);
  return (word[row % 8 / 2] >> (row % 2 * 16) & 0xffff) >= threshold;
}

static void check_mask(const kernels *k, uint32_t threshold, uint32_t first) {
  const mask_rule rule = {threshold, 2, .5f, -3};
  draw draw = source;
  draw.row = first;
  float *in = take_floats(ROWS * PANEL), *out = take_floats(ROWS * PANEL);
  for (int i = 0; i < ROWS * PANEL; i++) in[i] = (float)i;
  k->mask_panel(in, out, ROWS, &draw, &rule);
  bool right = true;
  for (uint32_t i = 0; i < ROWS * PANEL; i++) {
    bool kept = keeps(source.column + i % PANEL, first + i / PANEL, threshold);
    right = right && out[i] == (kept ? 2 * (float)i + .5f : -3);
  }
  expect(right, kernel_name(k, "a mask"));
  k->mask_panel(in, in, ROWS, &draw, &rule);
  expect_same(k, "a mask in place", in, out, ROWS * PANEL);
  free(in);
  free(out);
}

static double noise_of(uint32_t column, uint32_t row) {
  const double pi = 3.14159265358979323846;
  uint32_t word[4];
  random_block(column, row / 4, word);
  const uint32_t *pair = word + row % 4 / 2 * 2;
  double radius = sqrt(-2 * log(((pair[0] >> 8) + 1) * 0x1p-24)), angle = 2 * pi * (int32_t)pair[1] * 0x1p-32;
  return radius * (row % 2 == 0 ? cos(angle) : sin(angle));
}

static void check_noise(const kernels *k, uint32_t first) {
  draw draw = source;
  draw.row = first;
  float *x = take_floats(ROWS * PANEL);
  worst w = {0, 0};
  memset(x, 0, ROWS * PANEL * sizeof *x);
  k->noise_panel(x, ROWS, &draw, 1);
  for (uint32_t i = 0; i < ROWS * PANEL; i++) {
    double exact = noise_of(source.column + i % PANEL, first + i / PANEL);
    worst_update(&w, fabs(x[i] - exact), (float)exact);
  }
  report(kernel_name(k, "noise_panel"), "absolute", w, 3e-6);
  free(x);
}

/* ---- normalisation ---- */

typedef struct matrices {
  float *a, *d, *z, *out, *gain, *offset;
} matrices;

static float *random_floats(size_t n, double scale) {
  float *x = take_floats(n);
  for (size_t i = 0; i < n; i++) x[i] = random_float(scale);
  return x;
}

static void clear_beyond(float *m) {
  for (int r = 0; r < ROWS; r++) {
    for (int j = COLUMNS; j < 3 * PANEL; j++) m[j / PANEL * STRIDE + r * PANEL + j % PANEL] = 0;
  }
}

static double at(const float *m, int r, int j) { return m[j / PANEL * STRIDE + r * PANEL + j % PANEL]; }

static double share_of(const float *weight, int row) { return weight != NULL ? weight[row] : 1; }

/* Rows that count by weights, or, without (NULL), each once. */
static void check_columns(const kernels *k, const float *weight) {
  matrices m = {.a = random_floats(FLOATS, 4), .d = random_floats(FLOATS, 2), .z = take_floats(FLOATS)};
  float mean[PANEL] __attribute__((aligned(64))), variance[PANEL] __attribute__((aligned(64)));
  float sums[PANEL] __attribute__((aligned(64))), inverse[PANEL] __attribute__((aligned(64)));
  float *gain = random_floats(PANEL, 2), *offset = random_floats(PANEL, 2), *before = take_floats(FLOATS);
  worst w = {0, 0};
  memcpy(before, m.a, FLOATS * sizeof *before);
  double total = 0;
  for (int r = 0; r < ROWS; r++) total += share_of(weight, r);
  k->column_moments(m.a, ROWS, weight, (float)total, mean, variance);
  k->column_products(m.a, m.d, ROWS, sums);
  for (int j = 0; j < PANEL; j++) {
    double sum = 0, squares = 0, products = 0;
    for (int r = 0; r < ROWS; r++) products += at(m.a, r, j) * at(m.d, r, j);
    for (int r = 0; r < ROWS; r++) sum += share_of(weight, r) * at(m.a, r, j) / total;
    for (int r = 0; r < ROWS; r++) squares += share_of(weight, r) * pow(at(m.a, r, j) - sum, 2) / total;
    worst_update(&w, fabs(mean[j] - sum), mean[j]);
    worst_update(&w, relative_error(variance[j], squares, 1), variance[j]);
    worst_update(&w, fabs(sums[j] - products) / ROWS, sums[j]);
    inverse[j] = 1 / sqrtf(variance[j]);
  }
  k->normalize_columns(m.a, ROWS, mean, inverse, gain, offset, m.z);
  for (int i = 0; i < ROWS * PANEL; i++) {
    double normal = ((double)before[i] - mean[i % PANEL]) * inverse[i % PANEL];
    worst_update(&w, fabs(m.a[i] - normal), m.a[i]);
    worst_update(&w, fabs(m.z[i] - normal * gain[i % PANEL] - offset[i % PANEL]), m.z[i]);
  }
  memcpy(before, m.d, FLOATS * sizeof *before);
  k->normalize_columns_gradient(m.d, m.a, ROWS, weight, gain, offset, mean);
  for (int i = 0, j; i < ROWS * PANEL; i++) {
    j = i % PANEL;
    double less = share_of(weight, i / PANEL) * (offset[j] + (double)mean[j] * m.a[i]);
    worst_update(&w, fabs(m.d[i] - gain[j] * (before[i] - less)), m.d[i]);
  }
  report(kernel_name(k, weight != NULL ? "by weighted columns" : "by columns"), "absolute", w, 2e-6);
  free(m.a), free(m.d), free(m.z), free(gain), free(offset), free(before);
}

static void check_rows(const kernels *k) {
  matrices m = {.a = random_floats(FLOATS, 4),
                .d = random_floats(FLOATS, 2),
                .z = take_floats(FLOATS),
                .out = take_floats(FLOATS),
                .gain = random_floats(3 * PANEL, 2),
                .offset = random_floats(3 * PANEL, 2)};
  float inverse[ROWS], *before = take_floats(FLOATS);
  worst w = {0, 0};
  clear_beyond(m.d);
  memcpy(before, m.a, FLOATS * sizeof *before);
  k->normalize_rows(m.a, STRIDE, COLUMNS, ROWS, m.gain, m.offset, .25f, m.z, STRIDE, inverse);
  k->normalize_rows_gradient(m.d, STRIDE, m.a, STRIDE, COLUMNS, ROWS, m.gain, inverse, m.out, STRIDE);
  for (int r = 0; r < ROWS; r++) {
    double sum = 0, squares = 0, slope = 0, products = 0;
    for (int j = 0; j < COLUMNS; j++) sum += at(before, r, j) / COLUMNS;
    for (int j = 0; j < COLUMNS; j++) squares += pow(at(before, r, j) - sum, 2) / COLUMNS;
    double root = sqrt(squares + .25);
    for (int j = 0; j < COLUMNS; j++) {
      double normal = (at(before, r, j) - sum) / root, g = at(m.d, r, j) * m.gain[j];
      worst_update(&w, fabs(at(m.a, r, j) - normal), (float)normal);
      worst_update(&w, fabs(at(m.z, r, j) - normal * m.gain[j] - m.offset[j]), (float)normal);
      slope += g / COLUMNS, products += g * normal / COLUMNS;
    }
    for (int j = 0; j < 3 * PANEL; j++) {
      double normal = (at(before, r, j) - sum) / root, g = at(m.d, r, j) * m.gain[j];
      double exact = j < COLUMNS ? (g - slope - normal * products) / root : 0;
      worst_update(&w, fabs(at(m.out, r, j) - exact), (float)exact);
    }
  }
  report(kernel_name(k, "by rows"), "absolute", w, 2e-6);
  free(m.a), free(m.d), free(m.z), free(m.out), free(m.gain), free(m.offset), free(before);
}

void check_random(const kernels *k) {
  static const uint32_t thresholds[] = {0, 1, 6554, 32768, 65535};
  for (int t = 0; t < 5; t++) {
    for (uint32_t first = 0; first < 9; first++) check_mask(k, thresholds[t], first);
    check_mask(k, thresholds[t], 1024);
  }
  check_noise(k, 0);
  check_noise(k, 1027);
  float *weight = random_floats(ROWS, 2);
  for (int r = 0; r < ROWS; r++) weight[r] = fabsf(weight[r]);
  check_columns(k, NULL);
  check_columns(k, weight);
  free(weight);
  check_rows(k);
}
