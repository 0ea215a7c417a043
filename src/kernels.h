/* The serial kernels of one instruction set, as a table; one table is chosen at load.

   Engine matrices are panel matrices: columns in panels of PANEL floats, panel p at data + p * stride,
   row r of it at + r * PANEL. Rows of a panel start on a cache line. Lanes beyond the last column
   are zero in weights, biases and gradients, and unspecified in layer outputs. */
#ifndef FASTMLP_KERNELS_H
#define FASTMLP_KERNELS_H

#include "activation_list.h"
#include "common.h"

/* The rules by which a span of parameters can move, each with the number of moments that it keeps;
   kernel_update.h has the formulas. */
#define UPDATE_LIST(RULE)   \
  RULE(sgd, 0)              \
  RULE(momentum, 1)         \
  RULE(nesterov, 1)         \
  RULE(adam, 2)             \
  RULE(amsgrad, 3)          \
  RULE(nadam, 2)            \
  RULE(radam, 2)            \
  RULE(rmsprop, 1)          \
  RULE(rmsprop_momentum, 2) \
  RULE(rmsprop_centered, 2) \
  RULE(rmsprop_both, 3)     \
  RULE(adagrad, 1)          \
  RULE(adadelta, 2)         \
  RULE(lion, 1)             \
  RULE(rprop, 2)

#define UPDATE_ID(name, moments) UPDATE_##name,
typedef enum update_id { UPDATE_LIST(UPDATE_ID) UPDATE_COUNT } update_id;
#undef UPDATE_ID

/* The most moments that a rule keeps. */
enum { MOMENTS = 3 };

/* Coefficients of one update; a rule reads those that its formula has. */
typedef struct update_step {
  float learn_rate;
  float scale;    /* of the gradient, before anything else */
  float limit;    /* of each element of the scaled gradient, up and down */
  float sparsity; /* added to the gradient as sparsity * sign(w) */
  float penalty;  /* coupled decay: added to the gradient as penalty * w */
  float decay;    /* decoupled decay: the share of w that is taken away */
  float momentum;
  float fresh1, fresh2; /* what the newest gradient adds to the moments: 1 - beta */
  float epsilon;
  float gradient_rate;     /* of the gradient itself, beside learn_rate for its moment */
  float root;              /* the share of the second moment's root in the divisor */
  float shrink, grow;      /* factors of a step size of its own where the gradient turns, where it does not */
  float smallest, largest; /* such step sizes */
} update_step;

/* Random bits for a panel: element (r, j) of it draws from the block (column + j, row + r) of the stream. */
typedef struct draw {
  uint32_t key[2], stream[2];
  uint32_t column; /* of the layer, the panel's first */
  uint32_t row;    /* of the step, the first */
} draw;

/* A part of a layer's weights w, whose product reads diag(r) w diag(s), and of their gradient dw: up to 16
   rows, in some panels `stride` apart. */
typedef struct shared_part {
  const float *w;
  float *dw;
  size_t stride, rows, panels;
  const float *row;    /* r of the rows */
  const float *column; /* s [panels][16] */
} shared_part;

/* What a random mask does: an element is kept, as scale * x + shift, where 16 random bits are at least
   `threshold`, and otherwise becomes `dropped`. */
typedef struct mask_rule {
  uint32_t threshold;
  float scale, shift, dropped;
} mask_rule;

/* A column's periodic embedding: out[k] = the sum over j of weight[k][j] cos(2 pi frequency[j] x + phase[j])
   + bias[k]. */
typedef struct periodic {
  size_t frequencies, outputs; /* outputs <= MOST_OUTPUTS */
  const float *frequency, *phase, *weight, *bias;
} periodic;

/* A column's piecewise-linear embedding: out[k] = the sum over bins t of weight[k][t] e(t), with e(t) =
   (x - begin[t]) inverse[t], limited to [0, 1] but below the first bin and beyond the last one. Where a bin
   ends the next one begins. */
typedef struct piecewise {
  size_t bins, outputs; /* outputs <= MOST_OUTPUTS */
  const float *begin, *inverse, *weight;
} piecewise;

enum { MOST_OUTPUTS = 16 };

/* A value of a sparse row or column, and where in it. */
typedef struct sparse_entry {
  uint32_t index;
  float value;
} sparse_entry;

/* Sparse rows, or the same stretch of each of them: row r has the entries from bound[r * step] up to
   bound[r * step + 1]. */
typedef struct sparse_part {
  const sparse_entry *entry;
  const uint32_t *bound;
  size_t step, rows;
} sparse_part;

typedef struct kernels {
  const char *name;

  /* c[rows x width] = bias + a[rows x depth] b[depth x width]; bias NULL for zero. Bias and b are zero in the
     columns that their last panels have beyond width, and so c will be. */
  void (*product)(const float *a, size_t a_stride, size_t rows, size_t depth, const float *b, size_t b_stride,
                  size_t width, const float *bias, float *c, size_t c_stride);

  /* g[columns x width] (+)= a[rows x columns]' d[rows x width]: the product that contracts over rows.
     columns counts from the start of the first panel of a; d and g are zero beyond width, as above. */
  void (*product_transposed)(const float *a, size_t a_stride, size_t columns, size_t rows, const float *d,
                             size_t d_stride, size_t width, bool accumulate, float *g, size_t g_stride);

  /* c[rows x 16 panels] = a b for sparse rows a, of which an index is a row of b; plus bias (16 panels
     floats), if that is not NULL, or plus c. */
  void (*sparse_product)(const sparse_part *a, const float *b, size_t b_stride, size_t panels,
                         const float *bias, bool accumulate, float *c, size_t c_stride);

  /* g[. x 16 panels] += a' d for one sparse row a of n entries, of which an index is a row of g, and one row
     d[16 panels]. */
  void (*sparse_scatter)(const sparse_entry *a, size_t n, const float *d, size_t d_stride, size_t panels,
                         float *g, size_t g_stride);

  /* sums[16] (+)= the sum over rows of one panel d[rows x 16]. */
  void (*column_sums)(const float *d, size_t rows, bool accumulate, float *sums);

  /* t[columns x rows]: the transpose of a panel block a[rows x 16], written into panels of 16 rows:
     element (r, j) goes to t[(r / 16) * t_stride + j * 16 + r % 16]. rows is counted from a multiple of 16;
     lanes beyond rows become zero. */
  void (*transpose_panel)(const float *a, size_t rows, int columns, float *t, size_t t_stride);

  /* (value - center) / scale as floats for n values, a multiple of 16, each sixteen of them to the front of a
     tile out[n / 16][16][16]; returns whether all values are finite. */
  bool (*narrow)(const double *value, size_t n, double center, double scale, float *out);

  /* h = phi(z) for `rows` rows of a panel, of which the first `width` columns count: the others become phi(z)
     or stay. z and h on cache lines, h may be z. */
  void (*activation_value[ACTIVATION_COUNT])(const float *z, float *h, size_t rows, size_t width);

  /* dh *= phi'(z), likewise, read from kept = z or phi(z) as ACTIVATION_LIST says. */
  void (*activation_gradient[ACTIVATION_COUNT])(const float *kept, float *dh, size_t rows, size_t width);

  /* For each row r of logits[rows x classes]: p = softmax(logits) (may be in place; lanes beyond classes
     become zero) and log_sum[r] = log(sum(exp(logits - the largest of them))), to which the caller adds
     differences of logits without loss of digits; either of p and log_sum may be NULL. */
  void (*softmax)(const float *logits, size_t stride, size_t classes, size_t rows, float *p, size_t p_stride,
                  float *log_sum);

  /* One update of w[0 .. n-1] and its moments from its gradient; n a multiple of PANEL. A moment that the
     rule does not keep is NULL. */
  void (*update[UPDATE_COUNT])(float *w, const float *g, float *const moment[MOMENTS], size_t n,
                               const update_step *step);

  /* g[i] = scale * g[i], limited, + sparsity * sign(w[i]), for i < n; n a multiple of PANEL. */
  void (*adjust_gradient)(const float *w, float *g, size_t n, const update_step *step);

  /* average[i] += fresh * (w[i] - average[i]) for i < n; n a multiple of PANEL. */
  void (*average)(float *average, const float *w, size_t n, float fresh);

  /* The sum of the squares of x[0 .. n-1]; n a multiple of PANEL. */
  double (*sum_of_squares)(const float *x, size_t n);

  /* Scales each column of the panel w[rows x 16] whose Euclidean norm exceeds `most` down to it. */
  void (*limit_norms)(float *w, size_t rows, float most);

  /* out[r] = scale[r] w[r] for the rows of a panel. */
  void (*scale_rows)(const float *w, const float *scale, size_t rows, float *out);

  /* For up to 16 rows of w and g, in some panels each: products[r] = the sum of w g over row r, zero beyond
     the rows; then g[r] *= scale[r]. */
  void (*scale_gradient)(const float *w, size_t w_stride, float *g, size_t g_stride, size_t rows,
                         size_t panels, const float *scale, float *products);

  /* out[r] = row[r] w[r] column for the rows of a panel. */
  void (*scale_both)(const float *w, const float *row, const float *column, size_t rows, float *out);

  /* With the part's scales r of rows and s of columns: dw[i][j] = r_i g_ij s_j, added if accumulate;
     rows[i] = the sum over j of w_ij g_ij s_j, zero beyond the rows; columns[j] = that over i of
     r_i w_ij g_ij. */
  void (*shared_gradient)(const shared_part *part, const float *g, size_t g_stride, bool accumulate,
                          float *rows, float *columns);

  /* out[outputs][16] for x[16]; slope = d out / d x times d[outputs][16], d = d loss / d out; and
     sums[parameters][16] = the gradient of the parameters, in their order, over all x[rows] with
     d[outputs][rows], lane by lane. rows is a multiple of PANEL. */
  void (*periodic_value)(const float *x, const periodic *p, float *out);
  void (*periodic_slope)(const float *x, const periodic *p, const float *d, float *slope);
  void (*periodic_gradient)(const float *x, size_t rows, const periodic *p, const float *d, float *sums);

  /* The same for piecewise-linear embeddings; at an edge the slope is that of the bin that begins there. */
  void (*piecewise_value)(const float *x, const piecewise *p, float *out);
  void (*piecewise_slope)(const float *x, const piecewise *p, const float *d, float *slope);
  void (*piecewise_gradient)(const float *x, size_t rows, const piecewise *p, const float *d, float *sums);

  /* out = from + share (to - from), share by columns of a panel; out may be from or to. */
  void (*blend)(const float *from, const float *to, size_t rows, const float *share, float *out);

  /* phi[i] = g[i] (phi[i] - z[i]) for i < n; n a multiple of PANEL. */
  void (*slope_gradient)(const float *g, const float *z, float *phi, size_t n);

  /* sum[i] = a[i] + b[i] for i < n; n a multiple of PANEL, sum may be a or b. */
  void (*add)(const float *a, const float *b, float *sum, size_t n);

  /* out = mask(in) for `rows` rows of a panel, which may be in place. */
  void (*mask_panel)(const float *in, float *out, size_t rows, const draw *draw, const mask_rule *rule);

  /* x += sd N(0, 1) for `rows` rows of a panel. */
  void (*noise_panel)(float *x, size_t rows, const draw *draw, float sd);

  /* mean[16] and variance[16] (divided by the sum) of the columns of a panel, its rows counted by
     weight[rows] of this sum, or NULL: each once, the sum being rows. */
  void (*column_moments)(const float *a, size_t rows, const float *weight, float sum, float *mean,
                         float *variance);

  /* a[rows x 16] = (a - mean) inverse, z = scale a + shift, each by columns; z may be a: then z is kept. */
  void (*normalize_columns)(float *a, size_t rows, const float *mean, const float *inverse,
                            const float *scale, const float *shift, float *z);

  /* sums[16] = the sums over rows of a b, both panels. */
  void (*column_products)(const float *a, const float *b, size_t rows, float *sums);

  /* dz = factor (dz - weight mean - weight slope normal), by columns of a panel; weight[rows], or NULL for
     ones. */
  void (*normalize_columns_gradient)(float *dz, const float *normal, size_t rows, const float *weight,
                                     const float *factor, const float *mean, const float *slope);

  /* The same by rows: a = (a - its row's mean) inverse[row], z = scale a + shift, with inverse =
     1 / sqrt(variance + epsilon) of the row's columns; lanes beyond columns become zero in a. */
  void (*normalize_rows)(float *a, size_t stride, size_t columns, size_t rows, const float *scale,
                         const float *shift, float epsilon, float *z, size_t z_stride, float *inverse);

  /* With g = scale dz: da = inverse (g - mean(g) - normal mean(g normal)), by rows; lanes beyond columns are
     zero in dz and da. */
  void (*normalize_rows_gradient)(const float *dz, size_t dz_stride, const float *normal, size_t stride,
                                  size_t columns, size_t rows, const float *scale, const float *inverse,
                                  float *da, size_t da_stride);
} kernels;

extern const kernels kernels_portable;
extern const kernels kernels_avx2;
extern const kernels kernels_avx512;
extern const kernels kernels_neon;

/* The table in use: the one chosen last. One must be chosen before anything else runs, outside any team. */
const kernels *kernels_active(void);

/* Chooses a table by its name ("portable", "avx2", ...); false if it is unknown or cannot run here. */
bool kernels_choose(const char *name);

/* The i-th table that can run here, best first; NULL past the last. */
const kernels *kernels_available(int i);

#endif
