/* Activations and softmax of a table against the textbook formulas in double. */
#include <stdio.h>
#include <string.h>

#include "check_exact.h"
#include "check_kernels.h"

/* ---- activations: gradients from what is kept ---- */

/* Infinite z that would give 0 * Inf: far enough for every limit. */
static double limit_low(double z) { return z < -1e4 ? -1e4 : z; }
static double limit(double z) { return z > 1e4 ? 1e4 : limit_low(z); }

static double identity_value_exact(double z) { return z; }
static double identity_gradient_exact(double h) { return (void)h, 1; }
static double relu_value_exact(double z) { return z > 0 ? z : 0; }
static double relu_gradient_exact(double h) { return h > 0; }
static double leaky_relu_value_exact(double z) { return z > 0 ? z : .01 * z; }
static double leaky_relu_gradient_exact(double h) { return h > 0 ? 1 : .01; }
static double elu_value_exact(double z) { return z > 0 ? z : expm1(z); }
static double elu_gradient_exact(double z) { return z > 0 ? 1 : exp(z); }
static double selu_value_exact(double z) {
  return 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * expm1(z));
}
static double selu_gradient_exact(double z) {
  return 1.0507009873554805 * (z > 0 ? 1 : 1.6732632423543772 * exp(z));
}
static double gelu_value_exact(double z) { return limit_low(z) * tail_exact(-z); }
static double gelu_gradient_exact(double z) {
  z = limit(z);
  return tail_exact(-z) + z * bell_exact(z) * M_2_SQRTPI * M_SQRT1_2 / 2;
}
static double silu_value_exact(double z) { return limit_low(z) * sigmoid_exact(z); }
static double silu_gradient_exact(double z) { return sigmoid_exact(z) * (1 + limit(z) * sigmoid_exact(-z)); }
static double mish_value_exact(double z) { return limit_low(z) * tanh(softplus_exact(z)); }
static double mish_gradient_exact(double z) {
  double t = tanh(softplus_exact(z));
  return t + limit(z) * (1 - t * t) * sigmoid_exact(z);
}
static double softplus_value_exact(double z) { return softplus_exact(z); }
static double softplus_gradient_exact(double z) { return sigmoid_exact(z); }
static double sigmoid_value_exact(double z) { return sigmoid_exact(z); }
static double sigmoid_gradient_exact(double h) { return h * (1 - h); }
static double tanh_value_exact(double z) { return tanh(z); }
static double tanh_gradient_exact(double h) { return 1 - h * h; }
static double hard_sigmoid_value_exact(double z) { return z <= -3 ? 0 : z >= 3 ? 1 : (z + 3) / 6; }
static double hard_sigmoid_gradient_exact(double z) { return fabs(z) < 3 ? 1 / 6.0 : 0; }
static double hard_tanh_value_exact(double z) { return z <= -1 ? -1 : z >= 1 ? 1 : z; }
static double hard_tanh_gradient_exact(double z) { return fabs(z) < 1; }

enum { OUTPUT = false, INPUT = true };

typedef struct activation_check {
  const char *name;
  activation_id id;
  bool keeps_input;
  double (*value_exact)(double), (*gradient_exact)(double);
} activation_check;

#define ACTIVATION_CHECK(name, reads) \
  {#name, ACTIVATION_##name, reads, name##_value_exact, name##_gradient_exact},
static const activation_check activation_checks[] = {ACTIVATION_LIST(ACTIVATION_CHECK)};

enum { CHUNK = 1024 };

/* n numbers on their way: h = phi(z), and g = phi'(z) from what is kept, as passes compute them. */
typedef struct chunk {
  _Alignas(ALIGNMENT) float z[CHUNK], h[CHUNK], g[CHUNK];
} chunk;

static const float *kept_in(const chunk *c, const activation_check *check) {
  return check->keeps_input ? c->z : c->h;
}

static void run_activation(const kernels *k, const activation_check *check, chunk *c, size_t first,
                           size_t n) {
  k->activation_value[check->id](c->z + first, c->h + first, n / PANEL, PANEL);
  for (size_t i = first; i < first + n; i++) c->g[i] = 1;
  k->activation_gradient[check->id](kept_in(c, check) + first, c->g + first, n / PANEL, PANEL);
}

/* Ranges of z: the centre, where derivatives have roots (results below .1 count as .1); the tails that
   training meets; all the rest. */
enum { CENTRE, TAIL, REST, RANGES };
static const char *const range_names[RANGES] = {"|z| <= 2", "2 < |z| <= 8", "|z| > 8"};
static const double range_bounds[RANGES] = {1e-6, 2e-6, 5e-6};

/* The largest errors in each range. */
typedef struct activation_errors {
  worst value[RANGES], gradient[RANGES];
} activation_errors;

static void check_chunk(const activation_check *check, const chunk *c, activation_errors *errors) {
  for (int i = 0; i < CHUNK; i++) {
    float z = c->z[i], kept = kept_in(c, check)[i];
    int range = fabsf(z) <= 2 ? CENTRE : fabsf(z) <= 8 ? TAIL : REST;
    double small = range == CENTRE && check->keeps_input ? .1 : 1e-30;
    worst_update(&errors->value[range], relative_error(c->h[i], check->value_exact((double)z), 1e-30), z);
    worst_update(&errors->gradient[range],
                 relative_error(c->g[i], check->gradient_exact((double)kept), small), z);
  }
}

static void check_accuracy(const kernels *k, const activation_check *check, uint64_t stride) {
  activation_errors errors = {{{0, 0}}, {{0, 0}}};
  chunk c;
  for (uint64_t begin = 0; begin < (UINT64_C(1) << 32); begin += stride * CHUNK) {
    for (int i = 0; i < CHUNK; i++) {
      float z = float_of_bits((uint32_t)(begin + (uint64_t)i * stride));
      c.z[i] = isnan(z) ? 0 : z;
    }
    run_activation(k, check, &c, 0, CHUNK);
    check_chunk(check, &c, &errors);
  }
  for (int i = 0; i < RANGES; i++) {
    char what[64];
    snprintf(what, sizeof what, "%s, %s", check->name, range_names[i]);
    report(kernel_name(k, what), "relative", errors.value[i], range_bounds[i]);
    snprintf(what, sizeof what, "%s', %s", check->name, range_names[i]);
    report(kernel_name(k, what), "relative", errors.gradient[i], range_bounds[i]);
  }
}

/* The derivatives above against differences of the values above, away from the kinks. */
static void check_exact_gradient(const activation_check *check) {
  const double step = 1e-5;
  for (double z = -6.05; z < 6.1; z += .1) {
    double kept = check->keeps_input ? z : check->value_exact(z);
    double slope = (check->value_exact(z + step) - check->value_exact(z - step)) / (2 * step);
    expect(fabs(slope - check->gradient_exact(kept)) < 1e-8, check->name);
  }
}

/* NaN, infinities, kinks and zeros: exact results, and NaN from NaN. */
static void check_special(const kernels *k, const activation_check *check) {
  chunk c = {.z = {NAN, -NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1, -1, 3, -3}};
  const char *what = kernel_name(k, check->name);
  const float *kept = kept_in(&c, check);
  bool identity = check->id == ACTIVATION_identity;
  run_activation(k, check, &c, 0, CHUNK);
  for (int i = 0; i < 2; i++) expect(isnan(c.h[i]) && (identity || isnan(c.g[i])), what);
  for (int i = 2; i < 10; i++) {
    expect(relative_error(c.h[i], check->value_exact((double)c.z[i]), 1e-30) < 1e-6, what);
    expect(isfinite(c.g[i]) && fabs(c.g[i] - check->gradient_exact((double)kept[i])) < 1e-6, what);
  }
}

/* The same bits row by row, over the numbers themselves, and nothing beyond the end. */
static void check_pieces(const kernels *k, const activation_check *check) {
  enum { PIECES = 7 * PANEL };
  chunk whole, pieces, place;
  for (int i = 0; i < CHUNK; i++) whole.z[i] = random_float(20), whole.h[i] = whole.g[i] = 2;
  place = pieces = whole;
  run_activation(k, check, &whole, 0, PIECES);
  for (size_t first = 0; first < PIECES; first += PANEL) run_activation(k, check, &pieces, first, PANEL);
  k->activation_value[check->id](place.z, place.z, PIECES / PANEL, PANEL);
  expect_same(k, "an activation's values in pieces", whole.h, pieces.h, CHUNK);
  expect_same(k, "an activation's gradients in pieces", whole.g, pieces.g, CHUNK);
  expect_same(k, "an activation in place", whole.h, place.z, PIECES);
  for (int i = PIECES; i < CHUNK; i++)
    expect(whole.h[i] == 2 && whole.g[i] == 2, kernel_name(k, "a span's end"));
}

/* Of a panel whose first columns alone count: their bits, and nothing beyond the rows. */
static void check_widths(const kernels *k, const activation_check *check) {
  enum { ROWS = 7 };
  for (size_t width = 1; width <= PANEL; width++) {
    chunk whole, part;
    for (int i = 0; i < CHUNK; i++) whole.z[i] = random_float(20), whole.h[i] = whole.g[i] = 2;
    part = whole;
    run_activation(k, check, &whole, 0, ROWS * PANEL);
    for (int i = 0; i < ROWS * PANEL; i++) part.g[i] = 1;
    k->activation_value[check->id](part.z, part.h, ROWS, width);
    k->activation_gradient[check->id](kept_in(&part, check), part.g, ROWS, width);
    for (size_t i = 0; i < CHUNK; i++) {
      if (i < ROWS * PANEL && i % PANEL >= width) part.h[i] = whole.h[i], part.g[i] = whole.g[i];
    }
    expect_same(k, "an activation's values in the first columns", whole.h, part.h, CHUNK);
    expect_same(k, "an activation's gradients in the first columns", whole.g, part.g, CHUNK);
  }
}

void check_activations(const kernels *k, uint64_t stride) {
  for (int i = 0; i < ACTIVATION_COUNT; i++) {
    check_exact_gradient(&activation_checks[i]);
    check_special(k, &activation_checks[i]);
    check_pieces(k, &activation_checks[i]);
    check_widths(k, &activation_checks[i]);
    check_accuracy(k, &activation_checks[i], stride);
  }
}

/* ---- softmax ---- */

/* A panel matrix with `rows` rows; lanes beyond `classes` hold NaN. */
static float *make_logits(size_t rows, size_t classes, double scale) {
  size_t n = panels_of(classes) * rows * PANEL;
  float *logits = take_floats(n);
  for (size_t i = 0; i < n; i++) {
    size_t column = i / (rows * PANEL) * PANEL + i % PANEL;
    logits[i] = column < classes ? random_float(scale) : NAN;
  }
  return logits;
}

static float *element(float *panels, size_t rows, size_t row, size_t column) {
  return panels + (column / PANEL * rows + row) * PANEL + column % PANEL;
}

/* One row of results against sums in double. */
static void check_softmax_row(float *logits, float *p, float log_sum, size_t rows, size_t row, size_t classes,
                              worst *w) {
  double largest = -INFINITY, sum = 0;
  for (size_t j = 0; j < classes; j++) largest = fmax(largest, *element(logits, rows, row, j));
  for (size_t j = 0; j < classes; j++) sum += exp(*element(logits, rows, row, j) - largest);
  worst_update(w, relative_error(log_sum, log(sum), 1), (float)classes);
  for (size_t j = 0; j < panels_of(classes) * PANEL; j++) {
    double exact = j < classes ? exp(*element(logits, rows, row, j) - largest) / sum : 0;
    worst_update(w, relative_error(*element(p, rows, row, j), exact, 1e-30), (float)classes);
  }
}

/* Row results must not depend on the company, nor on what else is asked for. */
static void check_softmax_alone(const kernels *k, const float *logits, const float *p, size_t rows,
                                size_t classes) {
  const size_t stride = rows * PANEL, row = rows - 1;
  float *alone = take_floats(panels_of(classes) * PANEL), a, b;
  k->softmax(logits + row * PANEL, stride, classes, 1, alone, PANEL, &a);
  k->softmax(logits + row * PANEL, stride, classes, 1, NULL, 0, &b);
  expect(a == b, kernel_name(k, "log_sum without softmax"));
  for (size_t panel = 0; panel < panels_of(classes); panel++)
    expect_same(k, "softmax of a row alone", alone + panel * PANEL, p + panel * stride + row * PANEL, PANEL);
  free(alone);
}

static void check_softmax_size(const kernels *k, size_t rows, size_t classes, double scale, worst *w) {
  const size_t stride = rows * PANEL, n = panels_of(classes) * stride;
  float *logits = make_logits(rows, classes, scale), *p = make_logits(rows, classes, scale);
  float *log_sum = take_floats(rows);
  k->softmax(logits, stride, classes, rows, p, stride, log_sum);
  for (size_t r = 0; r < rows; r++) check_softmax_row(logits, p, log_sum[r], rows, r, classes, w);
  check_softmax_alone(k, logits, p, rows, classes);
  k->softmax(logits, stride, classes, rows, logits, stride, NULL);
  expect_same(k, "softmax in place", logits, p, n);
  free(logits);
  free(p);
  free(log_sum);
}

static void check_softmax_sizes(const kernels *k) {
  static const size_t classes[] = {1, 2, 3, 10, 15, 16, 17, 32, 33, 100, 1000, 4097}, rows[] = {1, 5, 16, 37};
  static const double scales[] = {0, 1, 20, 1000};
  worst w = {0, 0};
  for (size_t c = 0; c < sizeof classes / sizeof *classes; c++)
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
      for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
        check_softmax_size(k, rows[r], classes[c], scales[s], &w);
  report(kernel_name(k, "softmax, by classes"), "relative", w, 5e-6); /* exp(-87) from a rounded difference */
}

/* Three classes: equal and huge logits are exact, -Inf has probability 0, what has no answer is NaN. */
static void check_softmax_special(const kernels *k) {
  static const struct {
    float logit[3], p[3], log_sum;
  } rows[] = {
      {{-1e30f, 1e30f, 0}, {0, 1, 0}, 0},        {{-3e38f, 3e38f, 3e38f}, {0, .5f, .5f}, .6931472f},
      {{-INFINITY, 0, -INFINITY}, {0, 1, 0}, 0}, {{0, NAN, 1}, {NAN, NAN, NAN}, NAN},
      {{0, INFINITY, 1}, {NAN, NAN, NAN}, NAN},  {{-INFINITY, -INFINITY, -INFINITY}, {NAN, NAN, NAN}, NAN},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    _Alignas(ALIGNMENT) float p[PANEL] = {rows[i].logit[0], rows[i].logit[1], rows[i].logit[2], NAN};
    float log_sum;
    k->softmax(p, PANEL, 3, 1, p, PANEL, &log_sum);
    expect(log_sum == rows[i].log_sum || (isnan(log_sum) && isnan(rows[i].log_sum)),
           kernel_name(k, "log_sum of a special row"));
    for (int j = 0; j < PANEL; j++) {
      float wanted = j < 3 ? rows[i].p[j] : 0;
      expect(p[j] == wanted || (isnan(p[j]) && isnan(wanted)), kernel_name(k, "softmax of a special row"));
    }
  }
}

void check_softmax(const kernels *k) {
  check_softmax_sizes(k);
  check_softmax_special(k);
}
