/* AVX-512 F: 32 registers of 16 floats. A 14 x 32 tile takes 28 of them, a row of b two, a broadcast one. */
#if defined(__x86_64__)

#define KERNELS_TABLE kernels_avx512
#define KERNELS_NAME "avx512"
#define VECTOR_BYTES 64
#define TILE_PANELS 2
#define TILE_ROWS 14
#define TILE_COLUMNS 8
#define TILE_HEIGHTS(ROW) \
  ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8) ROW(9) ROW(10) ROW(11) ROW(12) ROW(13) ROW(14)
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
