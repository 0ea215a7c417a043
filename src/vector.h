/* Short vectors in GCC/clang vector extensions. A kernels_<instruction set>.c file defines
   VECTOR_BYTES, sets its target, and includes the kernel_*.h bodies, which use only these names. */
#ifndef FASTMLP_VECTOR_H
#define FASTMLP_VECTOR_H

#include "common.h"

enum { LANES = VECTOR_BYTES / 4, PANEL_VECTORS = PANEL / LANES };

typedef float vf __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int32_t vi __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef float vf_unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

#define KERNEL_INLINE static inline __attribute__((always_inline))

/* `p` is aligned to VECTOR_BYTES. */
KERNEL_INLINE vf vector_load(const float *p) { return *(const vf *)p; }

KERNEL_INLINE void vector_store(float *p, vf v) { *(vf *)p = v; }

KERNEL_INLINE vf vector_load_unaligned(const float *p) { return *(const vf_unaligned *)p; }

KERNEL_INLINE void vector_store_unaligned(float *p, vf v) { *(vf_unaligned *)p = v; }

KERNEL_INLINE vf vector_splat(float x) {
  vf v;
  for (int i = 0; i < LANES; i++) v[i] = x;
  return v;
}

KERNEL_INLINE vi vector_splat_int(int32_t x) {
  vi v;
  for (int i = 0; i < LANES; i++) v[i] = x;
  return v;
}

/* Where a lane of mask is all ones, that lane of a; where it is zero, of b. */
KERNEL_INLINE vf vector_select(vi mask, vf a, vf b) {
  return (vf)((mask & (vi)a) | (~mask & (vi)b));
}

#endif
