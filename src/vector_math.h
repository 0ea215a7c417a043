/* Elementary functions on vectors of floats, without tables, branches or libm.

   The coefficients are own minimax fits (Remez exchange at 40 digits, then rounded to float with the
   leading ones fixed at their exact values where that is said). The bounds in ulp hold over every float
   of the stated domain, with and without fused multiply-add; tools/check_vector_math.c verifies them, and
   over all floats it measures hardly less. Functions without a bound are steps of those with one. There is
   no erf: GELU needs the normal probability, whose small tail erf would lose. NaN gives NaN everywhere. */
#ifndef FASTMLP_VECTOR_MATH_H
#define FASTMLP_VECTOR_MATH_H

#include "vector.h"

/* x = n ln 2 + r with integer n and |r| <= ln(2) / 2. Returns r and sets *half_power = 2^(n - 1).
   x in [-87.6, 88.8]; half_power is 0 at the lowest n, -126. */
ALWAYS_INLINE vf exp_reduce(vf x, vf *half_power) {
  /* Adding 1.5 * 2^23 rounds to an integer, kept in the low bits; the further 126 makes it the
     biased exponent of 2^(n - 1). */
  const float shift = 12582912.0f + 126.0f;
  vf shifted = x * 1.44269504f + shift;
  vf n = shifted - shift;
  *half_power = (vf)((vi)shifted << 23);
  /* ln 2 in two parts; the first has 9 bits, so its product with n is exact. */
  return x - n * 0.693359375f + n * 2.12194440e-4f;
}

/* (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2: within 1.6e-8 of exp(r) - 1; the constant is exact. */
ALWAYS_INLINE vf exp_polynomial(vf r) {
  vf p = r * 0.00139759458f + 0.00836811122f;
  p = p * r + 0.0416661575f;
  p = p * r + 0.166665316f;
  return p * r + 0.5f;
}

/* Where exp_reduce() begins, and from where on exp(x) is 0. */
static const float exp_lowest = -87.6f;

/* exp(x), 1.1 ulp, for x in [-87.6, 88.8]. Results below 2^-125.5 (x < -86.99) are 0; above FLT_MAX, Inf. */
ALWAYS_INLINE vf exp_in_range(vf x) {
  vf half_power;
  vf r = exp_reduce(x, &half_power);
  vf tail = r * r * exp_polynomial(r) + r;
  /* The 2 of 2^n goes to the other factor: 2^128 is not finite, and 2^-127 vanishes. */
  return (tail * 2.0f + 2.0f) * half_power;
}

/* The same for all x. */
ALWAYS_INLINE vf vector_exp(vf x) { return exp_in_range(vector_clamp(x, exp_lowest, 88.8f)); }

/* exp(x) - 1, 1.1 ulp, for x <= 0. */
ALWAYS_INLINE vf vector_expm1(vf x) {
  vf half_power;
  vf r = exp_reduce(vector_max(vector_splat(exp_lowest), x), &half_power);
  vf power = half_power + half_power;
  vf tail = r * r * exp_polynomial(r) + r;
  return tail * power + (power - 1.0f);
}

/* 2 atanh(s) = log((1 + s) / (1 - s)) for |s| <= 1/3: 2 s + s^3 times a polynomial in s^2. */
ALWAYS_INLINE vf vector_twice_atanh(vf s) {
  vf v = s * s;
  vf p = v * 0.242895558f + 0.214307413f;
  p = p * v + 0.286165953f;
  p = p * v + 0.39998889f;
  p = p * v + 0.666666746f;
  return s * v * p + (s + s);
}

/* log(x), 2 ulp, for x >= FLT_MIN; +Inf stays. */
ALWAYS_INLINE vf vector_log(vf x) {
  /* x = 2^e m with m in [2/3, 4/3): the exponent that is left after subtracting the bits of 2/3. */
  const int32_t two_thirds = 0x3f2aaaab;
  vi e = ((vi)x - two_thirds) >> 23;
  vf m = (vf)((vi)x - (e << 23));
  vf n = __builtin_convertvector(e, vf);
  vf log_m = vector_twice_atanh((m - 1.0f) / (m + 1.0f));
  vf result = n * 0.693359375f + (log_m - n * 2.12194440e-4f);
  return vector_select(x < __builtin_inff(), result, x);
}

/* log(1 + u), 2 ulp, for u in [0, 1]. */
ALWAYS_INLINE vf vector_log1p_unit(vf u) { return vector_twice_atanh(u / (u + 2.0f)); }

/* log(1 + exp(x)), 2.9 ulp. Results below 2^-125.5 are 0. */
ALWAYS_INLINE vf vector_softplus(vf x) {
  vf e = exp_in_range(vector_max(vector_splat(exp_lowest), -vector_abs(x)));
  return vector_max(vector_splat(0.0f), x) + vector_log1p_unit(e);
}

/* tanh(x), 2.6 ulp; odd, -0 included. With e = exp(-2 |x|) - 1 it is -e / (2 + e) up to the sign. */
ALWAYS_INLINE vf vector_tanh(vf x) {
  vf size = vector_abs(x);
  vf e = vector_expm1(size * -2.0f);
  return vector_copysign(e / (e + 2.0f), x);
}

/* The logistic function, 1 / (1 + exp(-x)), 2.6 ulp. Results below 2^-126 lose bits, those below 2^-128
   are 0. */
ALWAYS_INLINE vf vector_sigmoid(vf x) { return 1.0f / (vector_exp(-x) + 1.0f); }

/* Beyond it the bell and the tail of the normal distribution are 0. */
static const float normal_limit = 13.2f;

/* exp(-x^2 / 2) for |x| <= 13.2: 1.7 ulp where |x| <= 2, 65 ulp in the tails, from the rounding of x^2.
   Results below 2^-125.5 are 0. */
ALWAYS_INLINE vf vector_bell(vf x) { return exp_in_range(x * -0.5f * x); }

/* P(N(0, 1) > t) = erfc(t / sqrt(2)) / 2 for t in [0, 13.2], from bell = exp(-t^2 / 2): 6 ulp where t <= 2,
   67 ulp beyond, most of them bell's. As a multiple of bell / (t + 2.9) it is a polynomial of degree 8 in
   y = (t - 2.9) / (t + 2.9), which runs from -1 to .64; the fit is within 4e-8. */
ALWAYS_INLINE vf vector_normal_tail(vf t, vf bell) {
  vf inverse = 1.0f / (t + 2.9f);
  vf y = (t - 2.9f) * inverse;
  vf p = y * -0.000321739702f - 0.000723405974f;
  p = p * y + 0.00174201466f;
  p = p * y + 0.00566161657f;
  p = p * y - 0.0135621307f;
  p = p * y - 0.0345252678f;
  p = p * y + 0.211311415f;
  p = p * y - 0.495965421f;
  p = p * y + 0.72527796f;
  return bell * (inverse * p);
}

/* sin and cos of pi t for |t| <= 1/2, by their series up to degree 13: within 2e-7. */
ALWAYS_INLINE void half_turn(vf t, vf *sine, vf *cosine) {
  vf x = t * 3.14159265f, y = x * x;
  vf s = y * 1.60590438e-10f - 2.50521084e-8f;
  s = s * y + 2.75573192e-6f;
  s = s * y - 1.98412698e-4f;
  s = s * y + 8.33333333e-3f;
  s = s * y - 0.166666667f;
  vf c = y * 2.08767570e-9f - 2.75573192e-7f;
  c = c * y + 2.48015873e-5f;
  c = c * y - 1.38888889e-3f;
  c = c * y + 4.16666667e-2f;
  c = c * y - 0.5f;
  *sine = x + x * y * s;
  *cosine = c * y + 1.0f;
}

/* sin and cos of 2 pi t for |t| <= 1/2: within 5e-7. */
ALWAYS_INLINE void turn_in_range(vf t, vf *sine, vf *cosine) {
  vf s, c;
  half_turn(t, &s, &c);
  *sine = 2.0f * s * c;
  *cosine = 1.0f - 2.0f * s * s;
}

/* The same for |t| < 2^21: adding 1.5 * 2^23 rounds to an integer. */
ALWAYS_INLINE void vector_turn(vf t, vf *sine, vf *cosine) {
  const float shift = 12582912.0f;
  turn_in_range(t - ((t + shift) - shift), sine, cosine);
}

#endif
