/* One aligned arena for each structure: its tensors are named by a walk that runs twice, first to add up
   their sizes and then, with the memory at hand, to bind them. */
#ifndef FASTMLP_ALLOC_H
#define FASTMLP_ALLOC_H

#include "common.h"

typedef struct arena {
  void *memory; /* as returned by the allocator; NULL while sizes are added up */
  size_t bytes; /* taken so far */
  bool overflow;
} arena;

/* Assigns every tensor of `owner` by arena_take(), in the same order each time. */
typedef void (*arena_walk)(void *owner, arena *arena);

/* a * b, or SIZE_MAX when that does not fit. */
size_t size_multiply(size_t a, size_t b);

/* The next tensor: count items of item_bytes, on a cache line; NULL while sizes are added up. */
void *arena_take(arena *arena, size_t count, size_t item_bytes);

/* The same for floats [rows x columns] in panels. */
panels arena_take_panels(arena *arena, size_t rows, size_t columns);

/* Whether the walk binds: only then may it write through what it took. */
bool arena_binds(const arena *arena);

/* Allocates what the walk over owner takes, set to zero, and binds it. */
status arena_build(arena *arena, arena_walk walk, void *owner);

/* Releases the memory; may be called twice. */
void arena_free(arena *arena);

#endif
