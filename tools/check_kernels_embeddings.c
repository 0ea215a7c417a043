/* Embeddings of numbers and parametric activations. */
#include <math.h>

#include "check_kernels.h"

enum { FREQUENCIES = 5, OUTPUTS = 3, PARAMETERS = (2 + OUTPUTS) * FREQUENCIES + OUTPUTS };

typedef struct problem {
  _Alignas(ALIGNMENT) float x[PANEL];
  _Alignas(ALIGNMENT) float d[OUTPUTS * PANEL];
  float parameter[PARAMETERS];
  periodic shape;
} problem;

static void draw_problem(problem *p, float size) {
  for (int i = 0; i < PANEL; i++) p->x[i] = random_float(2 * 3);
  for (int i = 0; i < OUTPUTS * PANEL; i++) p->d[i] = random_float(2 * 1);
  for (int i = 0; i < PARAMETERS; i++) p->parameter[i] = random_float(2 * size);
  p->shape = (periodic){.frequencies = FREQUENCIES,
                        .outputs = OUTPUTS,
                        .frequency = p->parameter,
                        .phase = p->parameter + FREQUENCIES,
                        .weight = p->parameter + 2 * FREQUENCIES,
                        .bias = p->parameter + (2 + OUTPUTS) * FREQUENCIES};
}

static double angle(const problem *p, int row, int j) {
  return 2 * M_PI * (double)p->shape.frequency[j] * p->x[row] + p->shape.phase[j];
}

/* The sum over outputs of w d. */
static double pulled_back(const problem *p, int row, int j) {
  double sum = 0;
  for (int k = 0; k < OUTPUTS; k++)
    sum += (double)p->shape.weight[k * FREQUENCIES + j] * p->d[k * PANEL + row];
  return sum;
}

/* The largest error of a wave's sine or cosine, and what two roundings of an angle of up to 3.2 size turns
   make of it. */
static double wave_error(float size) { return 2e-7 + 2 * M_PI * 2 * 6e-8 * 3.2 * size; }

static void worst_share(worst *w, double actual, double exact, double allowed) {
  worst_update(w, fabs(actual - exact) / allowed, exact);
}

static void check_value(const kernels *k, const problem *p, float size, worst *w) {
  _Alignas(ALIGNMENT) float out[OUTPUTS * PANEL];
  k->periodic_value(p->x, &p->shape, out);
  for (int row = 0; row < PANEL; row++) {
    for (int o = 0; o < OUTPUTS; o++) {
      double sum = p->shape.bias[o], terms = fabs(sum);
      for (int j = 0; j < FREQUENCIES; j++) {
        double weight = p->shape.weight[o * FREQUENCIES + j];
        sum += weight * cos(angle(p, row, j));
        terms += fabs(weight);
      }
      worst_share(w, out[o * PANEL + row], sum, terms * wave_error(size));
    }
  }
}

static void check_slope(const kernels *k, const problem *p, float size, worst *w) {
  _Alignas(ALIGNMENT) float slope[PANEL];
  k->periodic_slope(p->x, &p->shape, p->d, slope);
  for (int row = 0; row < PANEL; row++) {
    double sum = 0, terms = 1e-30;
    for (int j = 0; j < FREQUENCIES; j++) {
      double term = 2 * M_PI * p->shape.frequency[j] * pulled_back(p, row, j);
      sum -= term * sin(angle(p, row, j));
      terms += fabs(2 * M_PI * p->shape.frequency[j]) * OUTPUTS * size;
    }
    worst_share(w, slope[row], sum, terms * wave_error(size));
  }
}

/* Lane by lane, added to what is there. */
static void check_gradient(const kernels *k, const problem *p, float size, worst *w) {
  _Alignas(ALIGNMENT) float sums[PARAMETERS * PANEL];
  for (int i = 0; i < PARAMETERS * PANEL; i++) sums[i] = 1;
  k->periodic_gradient(p->x, &p->shape, p->d, sums);
  double allowed = wave_error(size) * (1 + 2 * M_PI * 3 * OUTPUTS * size);
  for (int row = 0; row < PANEL; row++) {
    for (int j = 0; j < FREQUENCIES; j++) {
      double slope = -sin(angle(p, row, j)) * pulled_back(p, row, j);
      worst_share(w, sums[j * PANEL + row], 1 + 2 * M_PI * p->x[row] * slope, allowed);
      worst_share(w, sums[(FREQUENCIES + j) * PANEL + row], 1 + slope, allowed);
      for (int o = 0; o < OUTPUTS; o++) {
        double d = p->d[o * PANEL + row];
        worst_share(w, sums[((2 + o) * FREQUENCIES + j) * PANEL + row], 1 + d * cos(angle(p, row, j)),
                    allowed);
      }
    }
    for (int o = 0; o < OUTPUTS; o++) {
      double d = p->d[o * PANEL + row];
      worst_share(w, sums[((2 + OUTPUTS) * FREQUENCIES + o) * PANEL + row], 1 + d, allowed);
    }
  }
}

enum { BINS = 7 };

typedef struct pieces {
  _Alignas(ALIGNMENT) float x[PANEL];
  _Alignas(ALIGNMENT) float d[OUTPUTS * PANEL];
  float begin[BINS + 1], inverse[BINS], weight[OUTPUTS * BINS];
  piecewise shape;
} pieces;

/* Bins from -1 on, of random widths; the first rows lie on edges, others within bins or beyond them. */
static void draw_pieces(pieces *p) {
  p->begin[0] = -1;
  for (int t = 0; t < BINS; t++) {
    float width = .01f + fabsf(random_float(1));
    p->begin[t + 1] = p->begin[t] + width;
    p->inverse[t] = 1 / width;
  }
  for (int i = 0; i < PANEL; i++) p->x[i] = i <= BINS ? p->begin[i] : random_float(2 * 4);
  for (int i = 0; i < OUTPUTS * PANEL; i++) p->d[i] = random_float(2 * 1);
  for (int i = 0; i < OUTPUTS * BINS; i++) p->weight[i] = random_float(2 * 1);
  p->shape = (piecewise){.bins = BINS,
                         .outputs = OUTPUTS,
                         .begin = p->begin,
                         .inverse = p->inverse,
                         .weight = p->weight};
}

static double through(const pieces *p, int row, int t) {
  double share = ((double)p->x[row] - p->begin[t]) * p->inverse[t];
  if (t > 0) share = fmax(share, 0);
  return t + 1 < BINS ? fmin(share, 1) : share;
}

static bool within(const pieces *p, int row, int t) {
  return (t == 0 || p->x[row] >= p->begin[t]) && (t + 1 == BINS || p->x[row] < p->begin[t + 1]);
}

static void check_pieces(const kernels *k, worst *value, worst *slope, worst *gradient) {
  _Alignas(ALIGNMENT) float out[OUTPUTS * PANEL], slopes[PANEL], sums[OUTPUTS * BINS * PANEL];
  pieces p;
  draw_pieces(&p);
  for (int i = 0; i < OUTPUTS * BINS * PANEL; i++) sums[i] = 1;
  k->piecewise_value(p.x, &p.shape, out);
  k->piecewise_slope(p.x, &p.shape, p.d, slopes);
  k->piecewise_gradient(p.x, &p.shape, p.d, sums);
  for (int row = 0; row < PANEL; row++) {
    double exact_slope = 0, slope_terms = 1e-30;
    for (int o = 0; o < OUTPUTS; o++) {
      double sum = 0, terms = 1e-30, d = p.d[o * PANEL + row];
      for (int t = 0; t < BINS; t++) {
        double share = through(&p, row, t), weight = p.weight[o * BINS + t], product = share * d;
        /* What is lost where x and the beginning of a bin are subtracted, too. */
        double size = fabs(share) + (fabs((double)p.x[row]) + fabs((double)p.begin[t])) * p.inverse[t];
        sum += weight * share;
        terms += fabs(weight) * size;
        worst_update(gradient,
                     error_in_roundings(sums[(o * BINS + t) * PANEL + row], 1 + product, 1 + size * fabs(d)),
                     1 + product);
        if (!within(&p, row, t)) continue;
        exact_slope += weight * d * p.inverse[t];
        slope_terms += fabs(weight * d) * p.inverse[t];
      }
      worst_update(value, error_in_roundings(out[o * PANEL + row], sum, terms), sum);
    }
    worst_update(slope, error_in_roundings(slopes[row], exact_slope, slope_terms), exact_slope);
  }
}

static void check_blend(const kernels *k, worst *blended, worst *slopes) {
  enum { ROWS = 7, N = ROWS * PANEL };
  _Alignas(ALIGNMENT) float a[N], b[N], share[PANEL], out[N], phi[N];
  for (int i = 0; i < N; i++) a[i] = random_float(2 * 2), b[i] = phi[i] = random_float(2 * 2);
  for (int i = 0; i < PANEL; i++) share[i] = random_float(2 * 2);
  k->blend(a, b, ROWS, share, out);
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
  for (float size = .1f; size < 20; size *= 3) {
    problem p;
    draw_problem(&p, size);
    check_value(k, &p, size, &value);
    check_slope(k, &p, size, &slope);
    check_gradient(k, &p, size, &gradient);
  }
  worst piece_value = {0, 0}, piece_slope = {0, 0}, piece_gradient = {0, 0};
  for (int i = 0; i < 20; i++) check_pieces(k, &piece_value, &piece_slope, &piece_gradient);
  for (int i = 0; i < 10; i++) check_blend(k, &blended, &slopes);
  report(kernel_name(k, "periodic_value"), "of what sine and cosine are allowed", value, 1);
  report(kernel_name(k, "periodic_slope"), "of what sine and cosine are allowed", slope, 1);
  report(kernel_name(k, "periodic_gradient"), "of what sine and cosine are allowed", gradient, 1);
  report(kernel_name(k, "piecewise_value"), "roundings", piece_value, 2 * BINS);
  report(kernel_name(k, "piecewise_slope"), "roundings", piece_slope, 2 * OUTPUTS);
  report(kernel_name(k, "piecewise_gradient"), "roundings", piece_gradient, 4);
  report(kernel_name(k, "blend"), "roundings", blended, 1);
  report(kernel_name(k, "slope_gradient"), "roundings", slopes, 1);
}
