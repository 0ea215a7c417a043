/* The caller's doubles as floats. */
#ifndef FASTMLP_KERNEL_NARROW_H
#define FASTMLP_KERNEL_NARROW_H

#include "vector.h"

enum { DOUBLES = LANES / 2, PANEL_DOUBLES = PANEL / DOUBLES };
typedef double vd __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef double vd_unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
typedef float vf_narrow __attribute__((vector_size(VECTOR_BYTES / 2), may_alias));

/* Zero times a value is zero unless the value is not finite. */
ALWAYS_INLINE bool narrow_values(const double *value, size_t n, bool scaled, double center, double scale,
                                 float *out) {
  vd zeros = {0};
  double sum = 0;
  for (size_t i = 0; i < n; i += PANEL, value += PANEL, out += PANEL * PANEL) {
    UNROLLED for (int v = 0; v < PANEL_DOUBLES; v++) {
      vd x = *(const vd_unaligned *)(value + v * DOUBLES);
      zeros += 0 * x;
      if (scaled) x = (x - center) / scale;
      *(vf_narrow *)(out + v * DOUBLES) = __builtin_convertvector(x, vf_narrow);
    }
  }
  for (int lane = 0; lane < DOUBLES; lane++) sum += zeros[lane];
  return sum == 0;
}

static bool narrow(const double *value, size_t n, double center, double scale, float *out) {
  if (center == 0 && scale == 1) return narrow_values(value, n, false, 0, 1, out);
  return narrow_values(value, n, true, center, scale, out);
}

#endif
