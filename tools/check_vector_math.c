/* Checks the vector functions, the activations and the softmax of one vector width against double libm.

   Elementary functions: every float (or every stride-th: the argument), against the stated bound in ulp.
   From the package's root, for 16, 32 and 64 bytes:
     cc -O2 -std=gnu11 -fopenmp -Isrc -DVECTOR_BYTES=16 tools/check_vector_math.c -lm -o check && ./check
     cc ... -DVECTOR_BYTES=32 -mavx2 -mfma ...
     cc ... -DVECTOR_BYTES=64 -mavx512f -mavx2 -mfma ...
   Exits with 1 if a bound is exceeded. `./check 1009` takes seconds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_activation.h"
#include "kernel_softmax.h"

static int failures;

static void report(const char *what, const char *unit, double worst, float where, double bound) {
  bool failed = !(worst <= bound);
  printf("%-28s %10.3g of %-8.3g %s at %.9g%s\n", what, worst, bound, unit, where, failed ? "  FAILED" : "");
  failures += failed;
}

static void expect(bool holds, const char *what) {
  if (!holds) printf("FAILED: %s\n", what);
  failures += !holds;
}

/* The largest error so far and where it arose. */
typedef struct worst {
  double error;
  float at;
} worst;

static void worst_update(worst *w, double error, float at) {
  if (error > w->error || isnan(error)) *w = (worst){error, at};
}

/* ---- elementary functions ---- */

typedef struct function_check {
  const char *name;
  vector_map vector;
  double (*exact)(double);
  float from, to; /* the domain; NaN belongs to every one */
  double ulp;     /* the bound */
  double flush;   /* smaller results may be anything up to it in size */
} function_check;

static vf normal_tail_vector(vf x) { return vector_normal_tail(x, vector_bell(x)); }

/* Beyond +-40 the leading term is exact in double, and quicker. */
static double softplus_exact(double x) {
  if (fabs(x) > 40) return x > 0 ? x : exp(x);
  return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}
static double sigmoid_exact(double x) {
  if (fabs(x) > 40) return x > 0 ? 1 : exp(x);
  return 1 / (1 + exp(-x));
}
static double bell_exact(double x) { return exp(-x * x / 2); }
static double tail_exact(double x) { return erfc(x * M_SQRT1_2) / 2; }

#define FLUSH 0x1p-125

static const function_check function_checks[] = {
    {"exp", vector_exp, exp, -INFINITY, INFINITY, 1.1, FLUSH},
    {"expm1, x <= 0", vector_expm1, expm1, -INFINITY, 0, 1.1, 0},
    {"log, normal x", vector_log, log, 0x1p-126f, INFINITY, 2, 0},
    {"log1p, 0 <= x <= 1", vector_log1p_unit, log1p, 0, 1, 2, 0},
    {"softplus", vector_softplus, softplus_exact, -INFINITY, INFINITY, 3, FLUSH},
    {"tanh", vector_tanh, tanh, -INFINITY, INFINITY, 3, 0},
    {"sigmoid", vector_sigmoid, sigmoid_exact, -INFINITY, INFINITY, 3, FLUSH},
    {"bell, |x| <= 2", vector_bell, bell_exact, -2, 2, 2, 0},
    {"bell", vector_bell, bell_exact, -13.2f, 13.2f, 66, FLUSH},
    {"normal tail, x <= 2", normal_tail_vector, tail_exact, 0, 2, 7, 0},
    {"normal tail", normal_tail_vector, tail_exact, 0, 13.2f, 70, FLUSH},
};

/* One unit in the last place of a float as large as x. */
static double ulp_of(double x) {
  union {
    double d;
    uint64_t u;
  } bits = {fabs(x)};
  uint64_t exponent = bits.u >> 52;
  const uint64_t bias = 1023, lowest = bias - 126, highest = bias + 127;
  exponent = exponent < lowest ? lowest : exponent > highest ? highest : exponent;
  bits.u = (exponent - 23) << 52;
  return bits.d;
}

/* Limits +-Inf to +-2^128, where floats overflow to it. */
static double bounded(double x) { return x > 0x1p128 ? 0x1p128 : x < -0x1p128 ? -0x1p128 : x; }

static double ulp_error(float got, double exact, double flush) {
  if (isnan(exact) || isnan(got)) return isnan(exact) && isnan(got) ? 0 : INFINITY;
  if (fabs(exact) < flush) return fabs((double)got) <= flush ? 0 : INFINITY;
  return fabs(bounded(got) - bounded(exact)) / ulp_of(bounded(exact));
}

static worst check_patterns(const function_check *check, uint64_t begin, uint64_t step) {
  worst w = {0, 0};
  union {
    vf v;
    float f[LANES];
  } x, y;
  union {
    uint32_t u;
    float f;
  } bits;
  for (int i = 0; i < LANES; i++) {
    bits.u = (uint32_t)(begin + (uint64_t)i * step);
    x.f[i] = bits.f;
  }
  if (fmaxf(x.f[0], x.f[LANES - 1]) < check->from || fminf(x.f[0], x.f[LANES - 1]) > check->to) return w;
  y.v = check->vector(x.v);
  for (int i = 0; i < LANES; i++)
    if (!(x.f[i] < check->from || x.f[i] > check->to))
      worst_update(&w, ulp_error(y.f[i], check->exact((double)x.f[i]), check->flush), x.f[i]);
  return w;
}

static void check_function(const function_check *check, uint64_t stride) {
  worst overall = {0, 0};
  const uint64_t step = stride * LANES;
#pragma omp parallel
  {
    worst w = {0, 0};
#pragma omp for schedule(dynamic, 4096)
    for (uint64_t begin = 0; begin < (UINT64_C(1) << 32); begin += step) {
      worst found = check_patterns(check, begin, stride);
      worst_update(&w, found.error, found.at);
    }
#pragma omp critical
    worst_update(&overall, w.error, w.at);
  }
  report(check->name, "ulp", overall.error, overall.at, check->ulp);
}

/* ---- activations: the textbook formulas in double, gradients from what is kept ---- */

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
  bool keeps_input;
  void (*value)(const float *z, float *h, size_t n);
  void (*gradient)(const float *kept, float *dh, size_t n);
  double (*value_exact)(double), (*gradient_exact)(double);
} activation_check;

#define ACTIVATION_CHECK(name, reads) \
  {#name, reads, name##_value_span, name##_gradient_span, name##_value_exact, name##_gradient_exact},
static const activation_check activation_checks[] = {ACTIVATION_LIST(ACTIVATION_CHECK)};

enum { CHUNK = 1024 };

/* h = phi(z) and g = phi'(z), as a forward and a backward pass compute them; returns what is kept. */
static const float *run_activation(const activation_check *check, const float *z, float *h, float *g) {
  check->value(z, h, CHUNK);
  const float *kept = check->keeps_input ? z : h;
  for (int i = 0; i < CHUNK; i++) g[i] = 1;
  check->gradient(kept, g, CHUNK);
  return kept;
}

/* Relative error; where the exact result is below `small`, relative to that. */
static double relative_error(float got, double exact, double small) {
  if (isinf(got) || isnan(got)) return got == (float)exact ? 0 : INFINITY;
  if (isinf((float)exact)) exact = bounded(exact);
  return fabs(got - exact) / fmax(fabs(exact), small);
}

/* Ranges of z: the centre, where derivatives have roots (results below .1 count as .1); the tails that
   training meets; all the rest. */
enum { CENTRE, TAIL, REST, RANGES };
static const char *const range_names[RANGES] = {"|z| <= 2", "2 < |z| <= 8", "|z| > 8"};
static const double range_bounds[RANGES] = {1e-6, 2e-6, 5e-6};

static void check_chunk(const activation_check *check, uint64_t begin, uint64_t stride, worst value[RANGES],
                        worst gradient[RANGES]) {
  _Alignas(ALIGNMENT) float z[CHUNK], h[CHUNK], g[CHUNK];
  union {
    uint32_t u;
    float f;
  } bits;
  for (int i = 0; i < CHUNK; i++) {
    bits.u = (uint32_t)(begin + (uint64_t)i * stride);
    z[i] = isnan(bits.f) ? 0 : bits.f;
  }
  const float *kept = run_activation(check, z, h, g);
  for (int i = 0; i < CHUNK; i++) {
    int range = fabsf(z[i]) <= 2 ? CENTRE : fabsf(z[i]) <= 8 ? TAIL : REST;
    double small = range == CENTRE && check->keeps_input ? .1 : 1e-30;
    worst_update(&value[range], relative_error(h[i], check->value_exact((double)z[i]), 1e-30), z[i]);
    worst_update(&gradient[range], relative_error(g[i], check->gradient_exact((double)kept[i]), small), z[i]);
  }
}

static void check_activation_accuracy(const activation_check *check, uint64_t stride) {
  worst value[RANGES] = {{0, 0}}, gradient[RANGES] = {{0, 0}};
#pragma omp parallel
  {
    worst v[RANGES] = {{0, 0}}, g[RANGES] = {{0, 0}};
#pragma omp for
    for (uint64_t begin = 0; begin < (UINT64_C(1) << 32); begin += stride * CHUNK)
      check_chunk(check, begin, stride, v, g);
#pragma omp critical
    for (int i = 0; i < RANGES; i++) {
      worst_update(&value[i], v[i].error, v[i].at);
      worst_update(&gradient[i], g[i].error, g[i].at);
    }
  }
  for (int i = 0; i < RANGES; i++) {
    char what[64];
    snprintf(what, sizeof what, "%s, %s", check->name, range_names[i]);
    report(what, "relative", value[i].error, value[i].at, range_bounds[i]);
    snprintf(what, sizeof what, "%s', %s", check->name, range_names[i]);
    report(what, "relative", gradient[i].error, gradient[i].at, range_bounds[i]);
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
static void check_special(const activation_check *check) {
  _Alignas(ALIGNMENT) float z[CHUNK] = {NAN, -NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1, -1, 3, -3}, h[CHUNK],
                            g[CHUNK];
  const float *kept = run_activation(check, z, h, g);
  bool identity = strcmp(check->name, "identity") == 0;
  for (int i = 0; i < 2; i++) expect(isnan(h[i]) && (identity || isnan(g[i])), check->name);
  for (int i = 2; i < 10; i++) {
    expect(relative_error(h[i], check->value_exact((double)z[i]), 1e-30) < 1e-6, check->name);
    expect(isfinite(g[i]) && fabs(g[i] - check->gradient_exact((double)kept[i])) < 1e-6, check->name);
  }
}

/* ---- softmax ---- */

/* A panel matrix with `rows` rows; lanes beyond `classes` hold NaN. */
static float *make_logits(size_t rows, size_t classes, double scale) {
  size_t n = panels_of(classes) * rows * PANEL;
  float *logits = aligned_alloc(ALIGNMENT, n * sizeof *logits);
  if (!logits) abort();
  for (size_t i = 0; i < n; i++) {
    size_t column = i / (rows * PANEL) * PANEL + i % PANEL;
    logits[i] = column < classes ? (float)(scale * (rand() / (double)RAND_MAX - .5)) : NAN;
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
static void check_softmax_alone(const float *logits, const float *p, size_t rows, size_t classes) {
  const size_t stride = rows * PANEL, row = rows - 1;
  float *alone = aligned_alloc(ALIGNMENT, panels_of(classes) * PANEL * sizeof *alone), a, b;
  if (!alone) abort();
  softmax(logits + row * PANEL, stride, classes, 1, alone, PANEL, &a);
  softmax(logits + row * PANEL, stride, classes, 1, NULL, 0, &b);
  expect(a == b, "softmax: log_sum without p");
  for (size_t panel = 0; panel < panels_of(classes); panel++)
    expect(!memcmp(alone + panel * PANEL, p + panel * stride + row * PANEL, PANEL * sizeof *p),
           "softmax: a row alone");
  free(alone);
}

static void check_softmax(size_t rows, size_t classes, double scale, worst *w) {
  const size_t stride = rows * PANEL, n = panels_of(classes) * stride;
  float *logits = make_logits(rows, classes, scale), *p = make_logits(rows, classes, scale);
  float *log_sum = malloc(rows * sizeof *log_sum);
  if (!log_sum) abort();
  softmax(logits, stride, classes, rows, p, stride, log_sum);
  for (size_t r = 0; r < rows; r++) check_softmax_row(logits, p, log_sum[r], rows, r, classes, w);
  check_softmax_alone(logits, p, rows, classes);
  softmax(logits, stride, classes, rows, logits, stride, NULL);
  expect(!memcmp(logits, p, n * sizeof *p), "softmax: in place");
  free(logits);
  free(p);
  free(log_sum);
}

static void check_softmax_sizes(void) {
  static const size_t classes[] = {1, 2, 3, 10, 15, 16, 17, 32, 33, 100, 1000, 4097}, rows[] = {1, 5, 16, 37};
  static const double scales[] = {0, 1, 20, 1000};
  worst w = {0, 0};
  for (size_t c = 0; c < sizeof classes / sizeof *classes; c++)
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
      for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
        check_softmax(rows[r], classes[c], scales[s], &w);
  report("softmax", "relative", w.error, w.at, 5e-6); /* exp(-87) from a rounded difference */
}

/* Three classes: equal and huge logits are exact, -Inf has probability 0, what has no answer is NaN. */
static void check_softmax_special(void) {
  static const struct {
    float logit[3], p[3], log_sum;
  } rows[] = {
      {{-1e30f, 1e30f, 0}, {0, 1, 0}, 0},    {{-3e38f, 3e38f, 3e38f}, {0, .5f, .5f}, .6931472f},
      {{-INFINITY, 0, -INFINITY}, {0, 1, 0}, 0}, {{0, NAN, 1}, {NAN, NAN, NAN}, NAN},
      {{0, INFINITY, 1}, {NAN, NAN, NAN}, NAN},  {{-INFINITY, -INFINITY, -INFINITY}, {NAN, NAN, NAN}, NAN},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    _Alignas(ALIGNMENT) float p[PANEL] = {rows[i].logit[0], rows[i].logit[1], rows[i].logit[2], NAN};
    float log_sum;
    softmax(p, PANEL, 3, 1, p, PANEL, &log_sum);
    expect(log_sum == rows[i].log_sum || (isnan(log_sum) && isnan(rows[i].log_sum)),
           "softmax: special log_sum");
    for (int j = 0; j < PANEL; j++) {
      float wanted = j < 3 ? rows[i].p[j] : 0;
      expect(p[j] == wanted || (isnan(p[j]) && isnan(wanted)), "softmax: special row");
    }
  }
}

int main(int argc, char **argv) {
  const uint64_t stride = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  if (stride < 1) return 2;
  for (size_t i = 0; i < sizeof function_checks / sizeof *function_checks; i++)
    check_function(&function_checks[i], stride);
  for (size_t i = 0; i < sizeof activation_checks / sizeof *activation_checks; i++) {
    check_exact_gradient(&activation_checks[i]);
    check_special(&activation_checks[i]);
    check_activation_accuracy(&activation_checks[i], stride < 1009 ? 1009 : stride);
  }
  check_softmax_sizes();
  check_softmax_special();
  printf("%d failures\n", failures);
  return failures > 0;
}
