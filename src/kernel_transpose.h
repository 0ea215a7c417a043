/* Transposition of panels, in squares of LANES x LANES that live in registers. */
#ifndef FASTMLP_KERNEL_TRANSPOSE_H
#define FASTMLP_KERNEL_TRANSPOSE_H

#include "vector.h"

#if VECTOR_BYTES == 64
#define EACH_LANE(F, w)                                                                               \
  F(w, 0), F(w, 1), F(w, 2), F(w, 3), F(w, 4), F(w, 5), F(w, 6), F(w, 7), F(w, 8), F(w, 9), F(w, 10), \
      F(w, 11), F(w, 12), F(w, 13), F(w, 14), F(w, 15)
#elif VECTOR_BYTES == 32
#define EACH_LANE(F, w) F(w, 0), F(w, 1), F(w, 2), F(w, 3), F(w, 4), F(w, 5), F(w, 6), F(w, 7)
#else
#define EACH_LANE(F, w) F(w, 0), F(w, 1), F(w, 2), F(w, 3)
#endif

#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLES 1
#endif
#endif

#ifdef SHUFFLES
/* Rows i and i + w exchange the squares of w x w beside the diagonal: what each lane takes from the pair. */
#define LANE_OF_FIRST(w, lane) ((lane) & (w) ? LANES + (lane) - (w) : (lane))
#define LANE_OF_SECOND(w, lane) ((lane) & (w) ? LANES + (lane) : (lane) + (w))
#define EXCHANGE(w)                                                                    \
  UNROLLED for (int i = 0; i < LANES; i++) if (!(i & (w))) {                           \
    vf first = v[i], second = v[i + (w)];                                              \
    v[i] = __builtin_shufflevector(first, second, EACH_LANE(LANE_OF_FIRST, w));        \
    v[i + (w)] = __builtin_shufflevector(first, second, EACH_LANE(LANE_OF_SECOND, w)); \
  }

ALWAYS_INLINE void transpose_square(vf v[LANES]) {
#if VECTOR_BYTES >= 64
  EXCHANGE(8)
#endif
#if VECTOR_BYTES >= 32
  EXCHANGE(4)
#endif
  EXCHANGE(2)
  EXCHANGE(1)
}
#else
ALWAYS_INLINE void transpose_square(vf v[LANES]) {
  for (int i = 0; i < LANES; i++) {
    for (int j = 0; j < i; j++) {
      float upper = v[j][i];
      v[j][i] = v[i][j];
      v[i][j] = upper;
    }
  }
}
#endif

/* t[columns x height] = a[height x columns]', both of up to 16 rows of 16 floats; lanes beyond height become
   zero. */
ALWAYS_INLINE void transpose_block(const float *a, int height, int columns, float *t) {
  for (int down = 0; down < PANEL; down += LANES) {
    for (int right = 0; right < PANEL; right += LANES) {
      vf v[LANES];
      UNROLLED for (int i = 0; i < LANES; i++) {
        v[i] = down + i < height ? vector_load(a + (down + i) * PANEL + right) : vector_splat(0);
      }
      transpose_square(v);
      UNROLLED for (int j = 0; j < LANES; j++) {
        if (right + j < columns) vector_store(t + (right + j) * PANEL + down, v[j]);
      }
    }
  }
}

static void transpose_panel(const float *a, size_t rows, int columns, float *t, size_t t_stride) {
  for (size_t r = 0; r < rows; r += PANEL, t += t_stride) {
    size_t height = size_min(PANEL, rows - r);
    if (height == PANEL && columns == PANEL) {
      transpose_block(a + r * PANEL, PANEL, PANEL, t);
    } else {
      transpose_block(a + r * PANEL, (int)height, columns, t);
    }
  }
}

#endif
