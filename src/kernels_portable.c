/* Vectors of 4 floats in whatever the compiler's baseline offers: SSE2 on x86-64 (16 registers: a 2 x 16 tile
   takes 8), scalars elsewhere. */
#define KERNELS_TABLE kernels_portable
#define KERNELS_NAME "portable"
#define VECTOR_BYTES 16
#define TILE_PANELS 1
#define TILE_ROWS 2
#define TILE_SHAPES(SHAPE) SHAPE(1, 2, 2)
#define SPARSE_PANELS 2
#define SPARSE_WIDTHS(ROW) ROW(2) ROW(1)

#include "kernels_table.h"
