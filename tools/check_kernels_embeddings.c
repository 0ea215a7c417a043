/* Embeddings of numbers and parametric activations. */
#include <math.h>
#include <string.h>

#include "check_kernels.h"

/* Gradients are of all rows, values and slopes of the first PANEL of them. */
enum { RUNS = 3, ROWS = RUNS * PANEL, FREQUENCIES = 5 };
enum { MOST_PARAMETERS = (2 + MOST_OUTPUTS) * FREQUENCIES + MOST_OUTPUTS };

/* Numbers for which kernels have functions of their own, others, and the ends. */
static const size_t outputs_checked[] = {1, 3, 5, 7, MOST_OUTPUTS};
enum { OUTPUTS_CHECKED = sizeof outputs_checked / sizeof *outputs_checked };

typedef struct problem {
  _Alignas(ALIGNMENT) float x[ROWS];
  _Alignas(ALIGNMENT) float d[MOST_OUTPUTS * ROWS];
  float parameter[MOST_PARAMETERS];
  periodic shape;
} problem;

static void draw_problem(problem *p, size_t outputs, float size) {
  for (int i = 0; i < ROWS; i++) p->x[i] = random_float(2 * 3);
  for (int i = 0; i < MOST_OUTPUTS * ROWS; i++) p->d[i] = random_float(2 * 1);
  for (int i = 0; i < MOST_PARAMETERS; i++) p->parameter[i] = random_float(2 * size);
  p->shape = (periodic){.frequencies = FREQUENCIES,
                        .outputs = outputs,
                        .frequency = p->parameter,
                        .phase = p->parameter + FREQUENCIES,
                        .weight = p->parameter + 2 * FREQUENCIES,
                        .bias = p->parameter + (2 + outputs) * FREQUENCIES};
}

static double angle(const problem *p, size_t row, int j) {
  return 2 * M_PI * (double)p->shape.frequency[j] * p->x[row] + p->shape.phase[j];
}

/* The sum over outputs of w d. */
static double pulled_back(const problem *p, size_t row, int j) {
  double sum = 0;
  for (size_t k = 0; k < p->shape.outputs; k++)
    sum += (double)p->shape.weight[k * FREQUENCIES + (size_t)j] * p->d[k * ROWS + row];
  return sum;
}

/* d[outputs][ROWS] of the first PANEL rows alone. */
static void first_rows(const float *d, size_t outputs, float *out) {
  for (size_t k = 0; k < outputs; k++) memcpy(out + k * PANEL, d + k * ROWS, PANEL * sizeof *d);
}

/* The largest error of a wave's sine or cosine, and what two roundings of an angle of up to 3.2 size turns
   make of it. */
static double wave_error(float size) { return 2e-7 + 2 * M_PI * 2 * 6e-8 * 3.2 * size; }

static void worst_share(worst *w, double actual, double exact, double allowed) {
  worst_update(w, fabs(actual - exact) / allowed, exact);
}

static void check_value(const kernels *k, const problem *p, float size, worst *w) {
  _Alignas(ALIGNMENT) float out[MOST_OUTPUTS * PANEL];
  k->periodic_value(p->x, &p->shape, out);
  for (size_t row = 0; row < PANEL; row++) {
    for (size_t o = 0; o < p->shape.outputs; o++) {
      double sum = p->shape.bias[o], terms = fabs(sum);
      for (int j = 0; j < FREQUENCIES; j++) {
        double weight = p->shape.weight[o * FREQUENCIES + (size_t)j];
        sum += weight * cos(angle(p, row, j));
        terms += fabs(weight);
      }
      worst_share(w, out[o * PANEL + row], sum, terms * wave_error(size));
    }
  }
}

static void check_slope(const kernels *k, const problem *p, float size, worst *w) {
  _Alignas(ALIGNMENT) float slope[PANEL], d[MOST_OUTPUTS * PANEL];
  first_rows(p->d, p->shape.outputs, d);
  k->periodic_slope(p->x, &p->shape, d, slope);
  for (size_t row = 0; row < PANEL; row++) {
    double sum = 0, terms = 1e-30;
    for (int j = 0; j < FREQUENCIES; j++) {
      double term = 2 * M_PI * p->shape.frequency[j] * pulled_back(p, row, j);
      sum -= term * sin(angle(p, row, j));
      terms += fabs(2 * M_PI * p->shape.frequency[j]) * (double)p->shape.outputs * size;
    }
    worst_share(w, slope[row], sum, terms * wave_error(size));
  }
}

/* What a row adds to the gradient of a parameter. */
typedef double term_of(const problem *p, size_t row, int j, size_t o);

static double frequency_term(const problem *p, size_t row, int j, size_t o) {
  (void)o;
  return -2 * M_PI * p->x[row] * sin(angle(p, row, j)) * pulled_back(p, row, j);
}

static double phase_term(const problem *p, size_t row, int j, size_t o) {
  (void)o;
  return -sin(angle(p, row, j)) * pulled_back(p, row, j);
}

static double weight_term(const problem *p, size_t row, int j, size_t o) {
  return p->d[o * ROWS + row] * cos(angle(p, row, j));
}

static double bias_term(const problem *p, size_t row, int j, size_t o) {
  (void)j;
  return p->d[o * ROWS + row];
}

/* Sums of terms over the rows of each lane, which may be off by `allowed`. */
static void check_lanes(const problem *p, term_of *term, int j, size_t o, const float *sums, double allowed,
                        worst *w) {
  for (size_t lane = 0; lane < PANEL; lane++) {
    double sum = 0;
    for (size_t row = lane; row < ROWS; row += PANEL) sum += term(p, row, j, o);
    worst_share(w, sums[lane], sum, allowed);
  }
}

/* What is not written stays NaN, and fails. */
static void unwritten(float *sums, size_t n) {
  for (size_t i = 0; i < n; i++) sums[i] = NAN;
}

static void check_gradient(const kernels *k, const problem *p, float size, worst *w) {
  _Alignas(ALIGNMENT) float sums[MOST_PARAMETERS * PANEL];
  const size_t f = FREQUENCIES, outputs = p->shape.outputs;
  const double of_weights = RUNS * wave_error(size), of_phases = of_weights * (double)outputs * size,
               of_frequencies = of_phases * 2 * M_PI * 3, of_biases = RUNS * 1.2e-7;
  unwritten(sums, MOST_PARAMETERS * PANEL);
  k->periodic_gradient(p->x, ROWS, &p->shape, p->d, sums);
  for (int j = 0; j < FREQUENCIES; j++) {
    const float *own = sums + j * PANEL;
    check_lanes(p, frequency_term, j, 0, own, of_frequencies, w);
    check_lanes(p, phase_term, j, 0, own + f * PANEL, of_phases, w);
    for (size_t o = 0; o < outputs; o++)
      check_lanes(p, weight_term, j, o, own + (2 + o) * f * PANEL, of_weights, w);
  }
  for (size_t o = 0; o < outputs; o++)
    check_lanes(p, bias_term, 0, o, sums + ((2 + outputs) * f + o) * PANEL, of_biases, w);
}

enum { BINS = 7 };

typedef struct pieces {
  _Alignas(ALIGNMENT) float x[ROWS];
  _Alignas(ALIGNMENT) float d[MOST_OUTPUTS * ROWS];
  float begin[BINS + 1], inverse[BINS], weight[MOST_OUTPUTS * BINS];
  piecewise shape;
} pieces;

/* Bins from -1 on, of random widths; the first rows lie on edges, others within bins or beyond them. */
static void draw_pieces(pieces *p, size_t outputs) {
  p->begin[0] = -1;
  for (int t = 0; t < BINS; t++) {
    float width = .01f + fabsf(random_float(1));
    p->begin[t + 1] = p->begin[t] + width;
    p->inverse[t] = 1 / width;
  }
  for (int i = 0; i < ROWS; i++) p->x[i] = i <= BINS ? p->begin[i] : random_float(2 * 4);
  for (int i = 0; i < MOST_OUTPUTS * ROWS; i++) p->d[i] = random_float(2 * 1);
  for (int i = 0; i < MOST_OUTPUTS * BINS; i++) p->weight[i] = random_float(2 * 1);
  p->shape = (piecewise){.bins = BINS,
                         .outputs = outputs,
                         .begin = p->begin,
                         .inverse = p->inverse,
                         .weight = p->weight};
}

static double through(const pieces *p, size_t row, int t) {
  double share = ((double)p->x[row] - p->begin[t]) * p->inverse[t];
  if (t > 0) share = fmax(share, 0);
  return t + 1 < BINS ? fmin(share, 1) : share;
}

static bool within(const pieces *p, size_t row, int t) {
  return (t == 0 || p->x[row] >= p->begin[t]) && (t + 1 == BINS || p->x[row] < p->begin[t + 1]);
}

/* What is lost where x and the beginning of a bin are subtracted, too. */
static double size_of_share(const pieces *p, size_t row, int t) {
  return fabs(through(p, row, t)) + (fabs((double)p->x[row]) + fabs((double)p->begin[t])) * p->inverse[t];
}

static void check_piece_values(const kernels *k, const pieces *p, worst *value, worst *slope) {
  _Alignas(ALIGNMENT) float out[MOST_OUTPUTS * PANEL], slopes[PANEL], d[MOST_OUTPUTS * PANEL];
  first_rows(p->d, p->shape.outputs, d);
  k->piecewise_value(p->x, &p->shape, out);
  k->piecewise_slope(p->x, &p->shape, d, slopes);
  for (size_t row = 0; row < PANEL; row++) {
    double exact_slope = 0, slope_terms = 1e-30;
    for (size_t o = 0; o < p->shape.outputs; o++) {
      double sum = 0, terms = 1e-30;
      for (int t = 0; t < BINS; t++) {
        double weight = p->weight[o * BINS + (size_t)t], pulled = weight * d[o * PANEL + row] * p->inverse[t];
        sum += weight * through(p, row, t);
        terms += fabs(weight) * size_of_share(p, row, t);
        if (!within(p, row, t)) continue;
        exact_slope += pulled;
        slope_terms += fabs(pulled);
      }
      worst_update(value, error_in_roundings(out[o * PANEL + row], sum, terms), sum);
    }
    worst_update(slope, error_in_roundings(slopes[row], exact_slope, slope_terms), exact_slope);
  }
}

static void check_piece_gradient(const kernels *k, const pieces *p, worst *w) {
  _Alignas(ALIGNMENT) float sums[MOST_OUTPUTS * BINS * PANEL];
  unwritten(sums, MOST_OUTPUTS * BINS * PANEL);
  k->piecewise_gradient(p->x, ROWS, &p->shape, p->d, sums);
  for (size_t i = 0; i < p->shape.outputs * BINS * PANEL; i++) {
    const size_t o = i / PANEL / BINS;
    const int t = (int)(i / PANEL % BINS);
    double sum = 0, size = 0;
    for (size_t row = i % PANEL; row < ROWS; row += PANEL) {
      double d = p->d[o * ROWS + row];
      sum += through(p, row, t) * d;
      size += size_of_share(p, row, t) * fabs(d);
    }
    worst_update(w, error_in_roundings(sums[i], sum, size), sum);
  }
}

static void check_blend(const kernels *k, worst *blended, worst *slopes) {
  enum { HEIGHT = 7, N = HEIGHT * PANEL };
  _Alignas(ALIGNMENT) float a[N], b[N], share[PANEL], out[N], phi[N];
  for (int i = 0; i < N; i++) a[i] = random_float(2 * 2), b[i] = phi[i] = random_float(2 * 2);
  for (int i = 0; i < PANEL; i++) share[i] = random_float(2 * 2);
  k->blend(a, b, HEIGHT, share, out);
  k->slope_gradient(b, a, phi, N);
  for (int i = 0; i < N; i++) {
    double exact = a[i] + (double)share[i % PANEL] * ((double)b[i] - a[i]),
           product = (double)b[i] * (b[i] - a[i]);
    double size = fabs(a[i]) + 3 * fabs(share[i % PANEL]) * (fabs(a[i]) + fabs(b[i]));
    worst_update(blended, error_in_roundings(out[i], exact, size), exact);
    worst_update(slopes, error_in_roundings(phi[i], product, 2 * fabs(b[i]) * (fabs(a[i]) + fabs(b[i]))),
                 product);
  }
}

void check_embeddings(const kernels *k) {
  worst value = {0, 0}, slope = {0, 0}, gradient = {0, 0}, blended = {0, 0}, slopes = {0, 0};
  worst piece_value = {0, 0}, piece_slope = {0, 0}, piece_gradient = {0, 0};
  for (int i = 0; i < OUTPUTS_CHECKED; i++) {
    for (float size = .1f; size < 20; size *= 3) {
      problem p;
      draw_problem(&p, outputs_checked[i], size);
      check_value(k, &p, size, &value);
      check_slope(k, &p, size, &slope);
      check_gradient(k, &p, size, &gradient);
    }
    for (int repetition = 0; repetition < 10; repetition++) {
      pieces p;
      draw_pieces(&p, outputs_checked[i]);
      check_piece_values(k, &p, &piece_value, &piece_slope);
      check_piece_gradient(k, &p, &piece_gradient);
    }
  }
  for (int i = 0; i < 10; i++) check_blend(k, &blended, &slopes);
  report(kernel_name(k, "periodic_value"), "of what sine and cosine are allowed", value, 1);
  report(kernel_name(k, "periodic_slope"), "of what sine and cosine are allowed", slope, 1);
  report(kernel_name(k, "periodic_gradient"), "of what sine and cosine are allowed", gradient, 1);
  report(kernel_name(k, "piecewise_value"), "roundings", piece_value, 2 * BINS);
  report(kernel_name(k, "piecewise_slope"), "roundings", piece_slope, 6);
  report(kernel_name(k, "piecewise_gradient"), "roundings", piece_gradient, 4);
  report(kernel_name(k, "blend"), "roundings", blended, 1);
  report(kernel_name(k, "slope_gradient"), "roundings", slopes, 1);
}
