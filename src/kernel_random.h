/* Random masks and noise on panels, from Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011) in vectors: one
   counter a lane. rng.c has the same function for one counter; tools/check_kernels_random.c compares them. */
#ifndef FASTMLP_KERNEL_RANDOM_H
#define FASTMLP_KERNEL_RANDOM_H

#include "kernels.h"
#include "vector_math.h"

typedef uint32_t vu __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef uint64_t vl __attribute__((vector_size(VECTOR_BYTES), may_alias));

ALWAYS_INLINE vu vector_splat_unsigned(uint32_t x) { return (vu)vector_splat_int((int32_t)x); }

/* The 64-bit products of every other lane, the lower of each pair of lanes as a 64-bit number. */
ALWAYS_INLINE vl multiply_lower(vl a, vl b) {
#if defined(__x86_64__) && VECTOR_BYTES > 16
  vl product;
  __asm__("vpmuludq %2, %1, %0" : "=v"(product) : "v"(a), "v"(b));
  return product;
#elif defined(__x86_64__)
  __asm__("pmuludq %1, %0" : "+x"(a) : "x"(b));
  return a;
#else
  return (a & UINT32_MAX) * (b & UINT32_MAX);
#endif
}

/* The two halves of the 64-bit product of each lane and a factor. */
ALWAYS_INLINE void multiply_wide(vu a, uint32_t factor, vu *high, vu *low) {
  const vl factors = (vl)vector_splat_unsigned(factor), lower = (vl){0} + UINT32_MAX;
  vl even = multiply_lower((vl)a, factors), odd = multiply_lower((vl)a >> 32, factors);
  *high = (vu)((even >> 32) | (odd & ~lower));
  *low = (vu)((even & lower) | (odd << 32));
}

/* The four words of the blocks (column, group) of a draw's stream, for each lane's column. */
ALWAYS_INLINE void random_words(const draw *draw, vu column, uint32_t group, vu word[4]) {
  enum { ROUNDS = 10 };
  vu c0 = column, c1 = vector_splat_unsigned(group);
  vu c2 = vector_splat_unsigned(draw->stream[0]), c3 = vector_splat_unsigned(draw->stream[1]);
  uint32_t k0 = draw->key[0], k1 = draw->key[1];
  for (int round = 0; round < ROUNDS; round++) {
    vu a_high, a_low, b_high, b_low;
    multiply_wide(c0, UINT32_C(0xD2511F53), &a_high, &a_low);
    multiply_wide(c2, UINT32_C(0xCD9E8D57), &b_high, &b_low);
    c0 = b_high ^ c1 ^ vector_splat_unsigned(k0);
    c1 = b_low;
    c2 = a_high ^ c3 ^ vector_splat_unsigned(k1);
    c3 = a_low;
    k0 += UINT32_C(0x9E3779B9);
    k1 += UINT32_C(0xBB67AE85);
  }
  word[0] = c0, word[1] = c1, word[2] = c2, word[3] = c3;
}

/* The columns of vector v of a draw's panel. */
ALWAYS_INLINE vu columns_of(const draw *draw, int v) {
  vu lane;
  for (int i = 0; i < LANES; i++) lane[i] = (uint32_t)(v * LANES + i);
  return lane + draw->column;
}

/* ---- masks: a block's eight half words are those of a column's next eight rows ---- */

ALWAYS_INLINE void mask_row(const float *in, float *out, vu bits, const mask_rule *rule) {
  vi keep = (vi)bits >= (int32_t)rule->threshold;
  vector_store(out,
               vector_select(keep, vector_load(in) * rule->scale + rule->shift, vector_splat(rule->dropped)));
}

static void mask_panel(const float *in, float *out, size_t rows, const draw *draw, const mask_rule *rule) {
  for (int v = 0; v < PANEL_VECTORS; v++, in += LANES, out += LANES) {
    vu column = columns_of(draw, v), word[4];
    for (size_t r = 0; r < rows;) {
      size_t row = draw->row + r, begin = row % 8, end = size_min(8, begin + (rows - r));
      random_words(draw, column, (uint32_t)(row / 8), word);
      UNROLLED for (size_t i = 0; i < 8; i++) {
        if (i < begin || i >= end) continue;
        vu bits = word[i / 2] >> (uint32_t)(i % 2 * 16) & UINT32_C(0xffff);
        mask_row(in + r * PANEL, out + r * PANEL, bits, rule);
        r++;
      }
    }
  }
}

/* ---- noise: a block's four words are two points in the plane, the noise of a column's next four rows ----
 */

/* Two normal draws by Box and Muller (1958): the radius has 24 random bits, so that no draw is larger than
   5.8. */
ALWAYS_INLINE void normal_pair(vu radius_bits, vu angle_bits, vf *first, vf *second) {
  vf u = __builtin_convertvector((vi)(radius_bits >> 8) + 1, vf) * 0x1p-24f;
  vf t = __builtin_convertvector((vi)angle_bits, vf) * 0x1p-32f, sine, cosine;
  vf radius = vector_sqrt(vector_max(vector_splat(0.0f), vector_log(u) * -2.0f));
  turn_in_range(t, &sine, &cosine);
  *first = radius * cosine;
  *second = radius * sine;
}

static void noise_panel(float *x, size_t rows, const draw *draw, float sd) {
  for (int v = 0; v < PANEL_VECTORS; v++, x += LANES) {
    vu column = columns_of(draw, v), word[4];
    for (size_t r = 0; r < rows;) {
      size_t row = draw->row + r, begin = row % 4, end = size_min(4, begin + (rows - r));
      vf normal[4];
      random_words(draw, column, (uint32_t)(row / 4), word);
      normal_pair(word[0], word[1], &normal[0], &normal[1]);
      normal_pair(word[2], word[3], &normal[2], &normal[3]);
      for (size_t i = begin; i < end; i++, r++) {
        vector_store(x + r * PANEL, vector_load(x + r * PANEL) + normal[i] * sd);
      }
    }
  }
}

#endif
