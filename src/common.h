/* Names shared by every band: status codes, the panel width, checked sizes. */
#ifndef FASTMLP_COMMON_H
#define FASTMLP_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A function that is part of each of its callers. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* What a core function reports; only the R boundary turns one into a message. */
typedef enum status {
  STATUS_OK = 0,
  STATUS_MEMORY, /* an allocation failed */
  STATUS_SIZE    /* a size does not fit into size_t */
} status;

/* Columns of every engine matrix come in panels of 16 floats: one cache line a row. */
enum { PANEL = 16 };

/* Bytes at which every tensor starts: one cache line, one AVX-512 vector. */
enum { ALIGNMENT = 64 };

/* A half-open range [begin, end). */
typedef struct range {
  size_t begin, end;
} range;

/* A matrix in panels: row r of panel p starts at data + p * stride + r * PANEL. */
typedef struct panels {
  float *data;
  size_t stride;
} panels;

static inline size_t panels_of(size_t columns) { return (columns + PANEL - 1) / PANEL; }

/* The columns of panel p that count. */
static inline size_t panel_width(size_t columns, size_t p) {
  return columns - p * PANEL < PANEL ? columns - p * PANEL : PANEL;
}

/* Floats from panel to panel for up to `rows` rows: an odd number of cache lines, so that one row's
   lines in different panels fall into different cache sets. */
static inline size_t panel_stride(size_t rows) { return (rows | 1) * PANEL; }

static inline size_t size_min(size_t a, size_t b) { return a < b ? a : b; }

/* Asks for memory that will be used soon, one cache line after the other: for the second-level cache, as more
   of its lines can be on their way at once than of the first's. Always inlined, as gcc takes a call that does
   nothing else for one that does nothing. */
ALWAYS_INLINE void prefetch(const void *memory, size_t bytes) {
  for (size_t at = 0; at < bytes; at += ALIGNMENT) __builtin_prefetch((const char *)memory + at, 0, 2);
}

/* Asks for one cache line to write to: another core that has it gives it up meanwhile. */
ALWAYS_INLINE void prefetch_to_write(float *line) {
#if defined(__x86_64__) /* compilers take it for a mere prefetch where the target may be an old processor */
  __asm__ __volatile__("prefetchw %0" : : "m"(*line));
#else
  __builtin_prefetch(line, 1);
#endif
}

#endif
