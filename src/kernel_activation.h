/* Activations and their derivatives on vectors, and the loops of the kernel table.

   Each row of ACTIVATION_LIST has <name>_value(z) = phi(z) and <name>_gradient(kept) = phi'(z), where
   kept is z or phi(z) as the row says. NaN gives NaN (identity's derivative is 1 everywhere); at +-Inf
   both are the limits. Where a factor tends to 0 while z tends to -Inf, z is limited first, at a point
   where that factor is already 0 in float, so that no Inf * 0 arises. Relative error about 1e-6, tails
   included; values of size below 1e-36 may become 0. */
#ifndef FASTMLP_KERNEL_ACTIVATION_H
#define FASTMLP_KERNEL_ACTIVATION_H

#include "activation_list.h"
#include "vector_math.h"

ALWAYS_INLINE vf identity_value(vf z) { return z; }

ALWAYS_INLINE vf identity_gradient(vf h) {
  (void)h;
  return vector_splat(1.0f);
}

ALWAYS_INLINE vf relu_value(vf z) { return vector_select(z <= 0.0f, vector_splat(0.0f), z); }

/* Where h is not positive it is 0 (the derivative there) or NaN. */
ALWAYS_INLINE vf relu_gradient(vf h) { return vector_select(h > 0.0f, vector_splat(1.0f), h); }

static const float leaky_slope = 0.01f;

ALWAYS_INLINE vf leaky_relu_value(vf z) { return vector_select(z > 0.0f, z, z * leaky_slope); }

ALWAYS_INLINE vf leaky_relu_gradient(vf h) {
  vf slope = vector_select(h <= 0.0f, vector_splat(leaky_slope), h);
  return vector_select(h > 0.0f, vector_splat(1.0f), slope);
}

ALWAYS_INLINE vf elu_value(vf z) { return vector_select(z > 0.0f, z, vector_expm1(z)); }

ALWAYS_INLINE vf elu_gradient(vf z) { return vector_select(z > 0.0f, vector_splat(1.0f), vector_exp(z)); }

/* Self-normalising constants (Klambauer and others 2017). */
static const float selu_scale = 1.0507009873554804934f;
static const float selu_scale_alpha = 1.7580993408473766f;

ALWAYS_INLINE vf selu_value(vf z) {
  return vector_select(z > 0.0f, z * selu_scale, vector_expm1(z) * selu_scale_alpha);
}

ALWAYS_INLINE vf selu_gradient(vf z) {
  return vector_select(z > 0.0f, vector_splat(selu_scale), vector_exp(z) * selu_scale_alpha);
}

/* P(N(0, 1) <= z), from |z| <= 13.2 and bell = exp(-z^2 / 2): no cancellation in either tail. */
ALWAYS_INLINE vf normal_probability(vf z, vf bell) {
  vf tail = vector_normal_tail(vector_abs(z), bell);
  return vector_select(z > 0.0f, 1.0f - tail, tail);
}

/* z P(N(0, 1) <= z). */
ALWAYS_INLINE vf gelu_value(vf z) {
  vf limited = vector_clamp(z, -normal_limit, normal_limit);
  vf probability = normal_probability(limited, vector_bell(limited));
  return vector_max(vector_splat(-normal_limit), z) * probability;
}

ALWAYS_INLINE vf gelu_gradient(vf z) {
  vf limited = vector_clamp(z, -normal_limit, normal_limit);
  vf bell = vector_bell(limited);
  return normal_probability(limited, bell) + limited * bell * 0.398942280f;
}

/* Beyond it in size a sigmoid is 0 or 1 in float. */
static const float sigmoid_limit = 100.0f;

ALWAYS_INLINE vf silu_value(vf z) { return vector_max(vector_splat(-sigmoid_limit), z) * vector_sigmoid(z); }

ALWAYS_INLINE vf silu_gradient(vf z) {
  vf limited = vector_clamp(z, -sigmoid_limit, sigmoid_limit);
  vf s = vector_sigmoid(limited);
  return s * (limited * (1.0f - s) + 1.0f);
}

/* tanh(log(1 + e)) = w / (w + 2) with e = exp(z) and w = (1 + e)^2 - 1; 1 in float from z = 10 on. */
static const float mish_limit = 20.0f;

ALWAYS_INLINE vf mish_value(vf z) {
  vf e = vector_exp(vector_min(vector_splat(mish_limit), z));
  vf w = e * (e + 2.0f);
  return vector_max(vector_splat(-sigmoid_limit), z) * (w / (w + 2.0f));
}

/* w / (w + 2) + z 4 e (1 + e) / (w + 2)^2, on one denominator. */
ALWAYS_INLINE vf mish_gradient(vf z) {
  vf limited = vector_clamp(z, -sigmoid_limit, mish_limit);
  vf e = vector_exp(limited);
  vf denominator = e * (e + 2.0f) + 2.0f;
  vf numerator = (e + 2.0f) * denominator + limited * 4.0f * (e + 1.0f);
  return e * numerator / (denominator * denominator);
}

ALWAYS_INLINE vf softplus_value(vf z) { return vector_softplus(z); }

ALWAYS_INLINE vf softplus_gradient(vf z) { return vector_sigmoid(z); }

ALWAYS_INLINE vf sigmoid_value(vf z) { return vector_sigmoid(z); }

ALWAYS_INLINE vf sigmoid_gradient(vf h) { return h * (1.0f - h); }

ALWAYS_INLINE vf tanh_value(vf z) { return vector_tanh(z); }

ALWAYS_INLINE vf tanh_gradient(vf h) { return (1.0f - h) * (1.0f + h); }

/* `slope` where |z| < limit, else 0; the derivative of a ramp between two constants. */
ALWAYS_INLINE vf ramp_gradient(vf z, float limit, float slope) {
  vf size = vector_abs(z);
  vf outside = vector_select(size >= limit, vector_splat(0.0f), z);
  return vector_select(size < limit, vector_splat(slope), outside);
}

ALWAYS_INLINE vf hard_sigmoid_value(vf z) { return vector_clamp(z + 3.0f, 0.0f, 6.0f) * (1.0f / 6.0f); }

ALWAYS_INLINE vf hard_sigmoid_gradient(vf z) { return ramp_gradient(z, 3.0f, 1.0f / 6.0f); }

ALWAYS_INLINE vf hard_tanh_value(vf z) { return vector_clamp(z, -1.0f, 1.0f); }

ALWAYS_INLINE vf hard_tanh_gradient(vf z) { return ramp_gradient(z, 1.0f, 1.0f); }

typedef vf (*vector_map)(vf);

/* h = value(z) for all of a panel. */
ALWAYS_INLINE void map_whole(vector_map value, const float *z, float *h, size_t rows) {
  for (size_t i = 0; i < rows * PANEL; i += LANES) vector_store(h + i, value(vector_load(z + i)));
}

/* dh *= gradient(kept). */
ALWAYS_INLINE void multiply_whole(vector_map gradient, const float *kept, float *dh, size_t rows) {
  for (size_t i = 0; i < rows * PANEL; i += LANES)
    vector_store(dh + i, vector_load(dh + i) * gradient(vector_load(kept + i)));
}

/* The same for the first half of each row; the last of an odd number of rows is its own neighbour. */
#define FOR_HALVES(at, step, rows)                                                               \
  for (size_t row = 0, step; step = row + 1 < (rows) ? PANEL : 0, row < (rows); row += HALVES_TOGETHER) \
    for (size_t at = row * PANEL; at < row * PANEL + HALF; at += LANES)

ALWAYS_INLINE void map_halves(vector_map value, const float *z, float *h, size_t rows) {
  FOR_HALVES (i, step, rows) halves_store(h + i, step, value(halves_load(z + i, step)));
}

ALWAYS_INLINE void multiply_halves(vector_map gradient, const float *kept, float *dh, size_t rows) {
  FOR_HALVES (i, step, rows)
    halves_store(dh + i, step, halves_load(dh + i, step) * gradient(halves_load(kept + i, step)));
}

#define ACTIVATION_PANELS(name, reads)                                                                 \
  static void name##_value_panel(const float *z, float *h, size_t rows, size_t width) {                \
    width <= HALF ? map_halves(name##_value, z, h, rows) : map_whole(name##_value, z, h, rows);        \
  }                                                                                                    \
  static void name##_gradient_panel(const float *kept, float *dh, size_t rows, size_t width) {         \
    width <= HALF ? multiply_halves(name##_gradient, kept, dh, rows)                                   \
                  : multiply_whole(name##_gradient, kept, dh, rows);                                   \
  }

ACTIVATION_LIST(ACTIVATION_PANELS)

#endif
