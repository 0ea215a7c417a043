/* AVX-512 F: 32 registers of 16 floats. A 6 x 64 tile takes 24 of them, a row of b four, a broadcast one; it
   has fewer loads a multiply-add than one of 14 x 32, which is for what is left. */
#if defined(__x86_64__)

#define KERNELS_TABLE kernels_avx512
#define KERNELS_NAME "avx512"
#define VECTOR_BYTES 64
#define TILE_PANELS 4
#define TILE_ROWS 14
#define TILE_SHAPES(SHAPE) SHAPE(4, 6, 6) SHAPE(2, 14, 8) SHAPE(1, 14, 8)
#define SPARSE_PANELS 8
#define SPARSE_WIDTHS(ROW) ROW(8) ROW(4) ROW(2) ROW(1)

#include "kernels.h" /* before the target, which is for the code below alone */

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)
#include "kernels_table.h"
#pragma clang attribute pop
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx2,fma")
#include "kernels_table.h"
#pragma GCC pop_options
#endif

#else
typedef int kernels_avx512_unused; /* an empty translation unit is not C */
#endif
