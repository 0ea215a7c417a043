/* Vectors of 4 floats in whatever the compiler's baseline offers: NEON on arm64 (32 registers: a 6 x 16 tile
   takes 24), SSE2 on x86-64 (16 registers: a 2 x 16 tile takes 8), scalars elsewhere. */
#define KERNELS_TABLE kernels_portable
#define KERNELS_NAME "portable"
#define VECTOR_BYTES 16
#define TILE_PANELS 1
#ifdef __aarch64__
#define TILE_ROWS 6
#define TILE_COLUMNS 6
#define TILE_HEIGHTS(ROW) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6)
#else
#define TILE_ROWS 2
#define TILE_COLUMNS 2
#define TILE_HEIGHTS(ROW) ROW(1) ROW(2)
#endif

#include "kernels_table.h"
