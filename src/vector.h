/* Short vectors in GCC/clang vector extensions. A kernels_<instruction set>.c file defines
   VECTOR_BYTES, sets its target, and includes the kernel_*.h bodies, which use only these names. */
#ifndef FASTMLP_VECTOR_H
#define FASTMLP_VECTOR_H

#include "common.h"

enum { LANES = VECTOR_BYTES / 4, PANEL_VECTORS = PANEL / LANES };

typedef float vf __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int32_t vi __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef float vf_unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

/* Half a row of a panel. */
enum { HALF = PANEL / 2 };
typedef float half __attribute__((vector_size(4 * HALF), may_alias));

#define NEVER_INLINE __attribute__((noinline))

/* In front of a loop of constant length: every iteration becomes straight code. */
#ifdef __clang__
#define UNROLLED _Pragma("unroll")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

/* `p` is aligned to VECTOR_BYTES. */
ALWAYS_INLINE vf vector_load(const float *p) { return *(const vf *)p; }

ALWAYS_INLINE void vector_store(float *p, vf v) { *(vf *)p = v; }

ALWAYS_INLINE vf vector_load_unaligned(const float *p) { return *(const vf_unaligned *)p; }

ALWAYS_INLINE void vector_store_unaligned(float *p, vf v) { *(vf_unaligned *)p = v; }

ALWAYS_INLINE vf vector_splat(float x) {
#ifdef __aarch64__
  /* Filled lane by lane, gcc may load four floats from where x lies, beyond the end of its array. */
  return x - (vf){0};
#else
  vf v;
  for (int i = 0; i < LANES; i++) v[i] = x;
  return v;
#endif
}

ALWAYS_INLINE vi vector_splat_int(int32_t x) {
  vi v;
  for (int i = 0; i < LANES; i++) v[i] = x;
  return v;
}

/* A vector of the first half of a row, at p; vectors of sixteen take those of two rows, `step` apart. */
#if VECTOR_BYTES == 64
enum { HALVES_TOGETHER = 2 };

ALWAYS_INLINE vf halves_load(const float *p, size_t step) {
  vf v;
  __asm__("vmovaps %1, %t0" : "=x"(v) : "m"(*(const half *)p));
  __asm__("vinsertf64x4 $1, %1, %0, %0" : "+x"(v) : "m"(*(const half *)(p + step)));
  return v;
}

ALWAYS_INLINE void halves_store(float *p, size_t step, vf v) {
  __asm__("vmovaps %t1, %0" : "=m"(*(half *)p) : "x"(v));
  __asm__("vextractf64x4 $1, %1, %0" : "=m"(*(half *)(p + step)) : "x"(v));
}
#else
enum { HALVES_TOGETHER = 1 };

ALWAYS_INLINE vf halves_load(const float *p, size_t step) {
  (void)step;
  return vector_load(p);
}

ALWAYS_INLINE void halves_store(float *p, size_t step, vf v) {
  (void)step;
  vector_store(p, v);
}
#endif

/* Where a lane of mask is all ones, that lane of a; where it is zero, of b. */
ALWAYS_INLINE vf vector_select(vi mask, vf a, vf b) {
  /* The + is an or of disjoint bits that gcc, too, turns into one blend. */
  return (vf)((mask & (vi)a) + (~mask & (vi)b));
}

/* The larger and the smaller of two; b where either is NaN. */
#if defined(__x86_64__) && VECTOR_BYTES > 16
ALWAYS_INLINE vf vector_max(vf a, vf b) { /* one instruction, which gcc does not find by itself */
  __asm__("vmaxps %2, %1, %0" : "=v"(a) : "v"(a), "v"(b));
  return a;
}

ALWAYS_INLINE vf vector_min(vf a, vf b) {
  __asm__("vminps %2, %1, %0" : "=v"(a) : "v"(a), "v"(b));
  return a;
}
#else
ALWAYS_INLINE vf vector_max(vf a, vf b) { return vector_select(a > b, a, b); }

ALWAYS_INLINE vf vector_min(vf a, vf b) { return vector_select(a < b, a, b); }
#endif

/* x limited to [low, high]; NaN stays. */
ALWAYS_INLINE vf vector_clamp(vf x, float low, float high) {
  return vector_min(vector_splat(high), vector_max(vector_splat(low), x));
}

ALWAYS_INLINE vf vector_abs(vf x) { return (vf)((vi)x & INT32_MAX); }

/* Correctly rounded, like the processor's other basic operations. */
ALWAYS_INLINE vf vector_sqrt(vf x) {
#if defined(__x86_64__) && VECTOR_BYTES > 16
  __asm__("vsqrtps %1, %0" : "=v"(x) : "v"(x));
#elif defined(__x86_64__)
  __asm__("sqrtps %1, %0" : "=x"(x) : "x"(x));
#elif defined(__aarch64__)
  __asm__("fsqrt %0.4s, %1.4s" : "=w"(x) : "w"(x));
#else
  for (int i = 0; i < LANES; i++) x[i] = __builtin_sqrtf(x[i]);
#endif
  return x;
}

/* sqrt(x) for x >= 0 (at most the root of 3e38), correctly rounded, and a / b, where b is a normal number up
   to 1e30, within 2 ulp for normal results: also where subnormal numbers count as zero; NaN stays NaN. The
   processor's divider takes ten cycles and more for 512 bits, in which its other units go on: so it has the
   root, and the quotient is its estimate of 14 bits with a step of Newton's method. */
ALWAYS_INLINE vf vector_root(vf x) {
#if defined(__x86_64__) && VECTOR_BYTES == 64
  x = vector_min(vector_splat(3e38f), x);
#endif
  return vector_sqrt(x);
}

ALWAYS_INLINE vf vector_quotient(vf a, vf b) {
#if defined(__x86_64__) && VECTOR_BYTES == 64
  vf inverse;
  __asm__("vrcp14ps %1, %0" : "=v"(inverse) : "v"(b));
  return a * (inverse + inverse * (vector_splat(1) - b * inverse));
#else
  return a / b;
#endif
}

/* 1, -1, or x itself, which then is 0 or NaN. */
ALWAYS_INLINE vf vector_sign(vf x) {
  const vf one = vector_splat(1), none = vector_splat(0);
  return vector_select(x > none, one, vector_select(x < none, -one, x));
}

/* x, or NaN where y is not finite: what is cut off or only has a sign would hide that. */
ALWAYS_INLINE vf vector_if_finite(vf x, vf y) { return x + vector_splat(0) * y; }

/* The size of x with the sign of y. */
ALWAYS_INLINE vf vector_copysign(vf x, vf y) { return (vf)(((vi)x & INT32_MAX) | ((vi)y & INT32_MIN)); }

#endif
