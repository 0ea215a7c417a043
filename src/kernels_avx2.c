/* AVX2 with FMA: 16 registers of 8 floats. A 6 x 16 tile takes 12 of them, a row of b two, a broadcast one.
 */
#if defined(__x86_64__)

#define KERNELS_TABLE kernels_avx2
#define KERNELS_NAME "avx2"
#define VECTOR_BYTES 32
#define TILE_PANELS 1
#define TILE_ROWS 6
#define TILE_SHAPES(SHAPE) SHAPE(1, 6, 6)
#define SPARSE_PANELS 4
#define SPARSE_WIDTHS(ROW) ROW(4) ROW(2) ROW(1)

#include "kernels.h" /* before the target, which is for the code below alone */

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "kernels_table.h"
#pragma clang attribute pop
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#include "kernels_table.h"
#pragma GCC pop_options
#endif

#else
typedef int kernels_avx2_unused; /* an empty translation unit is not C */
#endif
