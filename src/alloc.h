/* One aligned arena: plan every tensor first, allocate once, bind names to offsets. */
#ifndef FASTMLP_ALLOC_H
#define FASTMLP_ALLOC_H

#include "common.h"

/* Adds up the bytes of planned tensors; `failed` is sticky once a size overflows. */
typedef struct arena_plan {
  size_t bytes;
  bool failed;
} arena_plan;

typedef struct arena {
  void *memory; /* as returned by the allocator */
  char *base;   /* first aligned byte */
} arena;

/* a * b, or SIZE_MAX when that does not fit. */
size_t size_multiply(size_t a, size_t b);

/* Reserves count items of item_bytes each and returns their offset into the arena. */
size_t arena_reserve(arena_plan *plan, size_t count, size_t item_bytes);

/* Allocates all that was planned, set to zero. */
status arena_allocate(arena *arena, const arena_plan *plan);

/* The tensor at an offset that arena_reserve() returned. */
void *arena_at(const arena *arena, size_t offset);

/* Releases the memory; may be called twice. */
void arena_free(arena *arena);

#endif
