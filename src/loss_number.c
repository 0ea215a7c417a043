#include <math.h>

#include "loss_parts.h"

double softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }

double sigmoid(double x) {
  double small = exp(-fabs(x)); /* in (0, 1] */
  return (x >= 0 ? 1 : small) / (1 + small);
}

/* ---- rows ---- */

static void zero_panel(float *lanes) {
  for (int j = 0; j < PANEL; j++) lanes[j] = 0;
}

void number_rows(number_function *of_number, const loss *loss, const loss_block *block, range rows) {
  const size_t n = loss_heads(loss), columns = block->outputs / n, d_stride = block->gradient.stride;
  const size_t last_panel = (panels_of(block->outputs) - 1) * d_stride;
  double o[LOSS_HEADS], d[LOSS_HEADS];
  for (size_t r = rows.begin; r < rows.end; r++) {
    const float *from = row_of(block->output, r), *t = block->targets.value + r * columns;
    float *to = block->gradient.data != NULL ? row_of(block->gradient, r) : NULL;
    double offset = block->targets.offset != NULL ? block->targets.offset[r] : 0;
    double share = row_weight(block, r) / (double)columns, scale = block->scale * share;
    number_loss sum = {0, 0};
    if (to != NULL) zero_panel(to + last_panel);
    for (size_t j = 0; j < columns; j++) {
      for (size_t i = 0; i < n; i++) o[i] = from[lane(j * n + i, block->output.stride)];
      o[0] += offset;
      number_loss one = of_number(loss, o, n, t[j], d);
      sum.value += one.value;
      sum.score += one.score;
      for (size_t i = 0; to != NULL && i < n; i++) to[lane(j * n + i, d_stride)] = (float)(scale * d[i]);
    }
    block->row_loss[r] = share * sum.value;
    block->row_score[r] = share * sum.score;
  }
}

#define NUMBER_ROWS(of_number)                                                   \
  void of_number##_rows(const loss *loss, const loss_block *block, range rows) { \
    number_rows(of_number, loss, block, rows);                                   \
  }

/* ---- distances ---- */

/* log(cosh(o - t)), gradient tanh(o - t) */
static number_loss log_cosh(const loss *loss, const double *o, size_t n, double t, double *d) {
  (void)loss, (void)n;
  double error = o[0] - t, size = fabs(error);
  d[0] = tanh(error);
  return (number_loss){size + log1p(exp(-2 * size)) - 0.69314718055994530942, error * error};
}
NUMBER_ROWS(log_cosh)

/* The mean over the levels of level * (t - q) where t > q and (1 - level) * (q - t) elsewhere, gradient 0 at
   t = q. The quantiles are q[0] = o[0], q[i] = q[i - 1] + softplus(o[i]): no choice of outputs lets them
   cross. */
static number_loss quantile(const loss *loss, const double *o, size_t n, double t, double *d) {
  double q = 0, sum = 0, above = 0;
  for (size_t i = 0; i < n; i++) {
    q += i == 0 ? o[0] : softplus(o[i]);
    double level = loss->level[i], share = t > q ? -level : q > t ? 1 - level : q - t; /* NaN stays */
    sum += share * (q - t);
    d[i] = share / (double)n;
  }
  /* Each output moves its own quantile and all above. */
  for (size_t i = n; i-- > 0;) {
    above += d[i];
    d[i] = i == 0 ? above : above * sigmoid(o[i]);
  }
  return (number_loss){sum / (double)n, sum / (double)n};
}
NUMBER_ROWS(quantile)

/* ---- log link: with mean m = exp(o), what of the negative log-likelihood depends on m ---- */

/* The largest o whose mean m = exp(o) is finite. */
static const double LARGEST = 709.78271289338397;

/* The loss, infinite where m is, and the deviance: twice by how much the loss exceeds its minimum over all m.
 */
static number_loss with_deviance(double o, double value, double least) {
  if (o > LARGEST) value = INFINITY;
  return (number_loss){value, 2 * (value - least)};
}

/* m - t o, gradient m - t */
static number_loss poisson(const loss *loss, const double *o, size_t n, double t, double *d) {
  (void)loss, (void)n;
  double mean = exp(o[0]);
  d[0] = mean - t;
  return with_deviance(o[0], mean - t * o[0], t > 0 ? t - t * log(t) : 0);
}
NUMBER_ROWS(poisson)

/* t / m + o, gradient 1 - t / m */
static number_loss gamma_(const loss *loss, const double *o, size_t n, double t, double *d) {
  (void)loss, (void)n;
  double ratio = t * exp(-o[0]);
  d[0] = 1 - ratio;
  return with_deviance(o[0], ratio + o[0], 1 + log(t));
}

void gamma_rows(const loss *loss, const loss_block *block, range rows) {
  number_rows(gamma_, loss, block, rows);
}

/* m^(2 - p) / (2 - p) - t m^(1 - p) / (1 - p), gradient m^(2 - p) - t m^(1 - p), 1 < p < 2 */
static number_loss tweedie(const loss *loss, const double *o, size_t n, double t, double *d) {
  (void)n;
  double p = loss->parameter, mass = exp((2 - p) * o[0]), ratio = t > 0 ? t * exp((1 - p) * o[0]) : 0;
  d[0] = mass - ratio;
  return with_deviance(o[0], mass / (2 - p) - ratio / (1 - p), -pow(t, 2 - p) / ((1 - p) * (2 - p)));
}
NUMBER_ROWS(tweedie)

/* s log(1 + m / s) + t log(1 + s / m) for size s, gradient s (m - t) / (s + m) */
static number_loss negative_binomial(const loss *loss, const double *o, size_t n, double t, double *d) {
  (void)n;
  double size = loss->parameter, logit = o[0] - log(size);
  d[0] = size * sigmoid(logit) - t * sigmoid(-logit);
  double least = t > 0 ? size * log1p(t / size) + t * log1p(size / t) : 0;
  return with_deviance(o[0], size * softplus(logit) + t * softplus(-logit), least);
}
NUMBER_ROWS(negative_binomial)

/* ---- mean and variance ---- */

/* Below it a variance does not fall (Lakshminarayanan, Pritzel and Blundell 2017). */
static const double LEAST_VARIANCE = 1e-6;

/* (log v + (o[0] - t)^2 / v) / 2, v = softplus(o[1]) + the least variance */
static number_loss gaussian(const loss *loss, const double *o, size_t n, double t, double *d) {
  (void)loss, (void)n;
  double error = o[0] - t, variance = softplus(o[1]) + LEAST_VARIANCE, scaled = error / variance;
  d[0] = scaled;
  d[1] = sigmoid(o[1]) * (1 / variance - scaled * scaled) / 2;
  return (number_loss){(log(variance) + error * scaled) / 2, error * error};
}
NUMBER_ROWS(gaussian)

/* ---- yes or no ---- */

/* What a probability sigmoid(z) of the truth costs: -(1 - p)^gamma log p; *dz gets its derivative. */
static double focal_cost(double z, double gamma, double *dz) {
  double surprise = softplus(-z), factor = exp(-gamma * softplus(z));
  *dz = -factor * (gamma * sigmoid(z) * surprise + sigmoid(-z));
  return factor * surprise;
}

/* The cost of either answer, weighted by the target. */
static number_loss binary_focal(const loss *loss, const double *o, size_t n, double t, double *d) {
  (void)n;
  double dyes, dno, yes = focal_cost(o[0], loss->parameter, &dyes);
  double no = focal_cost(-o[0], loss->parameter, &dno);
  d[0] = t * dyes - (1 - t) * dno;
  return (number_loss){t * yes + (1 - t) * no, (o[0] > 0) == (t > .5)};
}
NUMBER_ROWS(binary_focal)

/* max(0, 1 - s o), s = 1 where t is 1 and -1 where it is 0; gradient 0 at s o = 1 */
static number_loss binary_hinge(const loss *loss, const double *o, size_t n, double t, double *d) {
  (void)loss, (void)n;
  double side = 2 * t - 1, short_of = 1 - side * o[0];
  d[0] = short_of > 0 ? -side : 0;
  return (number_loss){short_of < 0 ? 0 : short_of, (o[0] > 0) == (t > .5)};
}
NUMBER_ROWS(binary_hinge)
