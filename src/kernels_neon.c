/* NEON, which every arm64 processor has, with multiply-add: 32 registers of 4 floats. A 6 x 16 tile takes 24
   of them, a row of b four, a broadcast one. */
#if defined(__aarch64__)

#define KERNELS_TABLE kernels_neon
#define KERNELS_NAME "neon"
#define VECTOR_BYTES 16
#define TILE_PANELS 1
#define TILE_ROWS 6
#define TILE_SHAPES(SHAPE) SHAPE(1, 6, 6)
#define SPARSE_PANELS 4
#define SPARSE_WIDTHS(ROW) ROW(4) ROW(2) ROW(1)

#include "kernels.h" /* before the options, which are for the code below alone */

#ifdef __clang__
#include "kernels_table.h"
#else
/* gcc for arm64 reorders before it assigns registers: it would fetch all six factors of a tile at once, and
   keep some of its sums in memory to make room. */
#pragma GCC push_options
#pragma GCC optimize("no-schedule-insns")
#include "kernels_table.h"
#pragma GCC pop_options
#endif

#else
typedef int kernels_neon_unused; /* an empty translation unit is not C */
#endif
