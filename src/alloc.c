#if defined(__linux__)
#define _DEFAULT_SOURCE /* madvise under a strict standard */
#endif
#include "alloc.h"

#include <stdlib.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

size_t size_multiply(size_t a, size_t b) { return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b; }

/* Bytes from the start of the memory to its first cache line. */
static size_t unaligned(const void *memory) {
  return (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT;
}

void *arena_take(arena *arena, size_t count, size_t item_bytes) {
  const size_t limit = SIZE_MAX / 4;
  size_t bytes = size_multiply(count, item_bytes), at = arena->bytes;
  if (arena->overflow || bytes > limit || at > limit) {
    arena->overflow = true;
    return NULL;
  }
  arena->bytes += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (!arena_binds(arena)) return NULL;
  return (char *)arena->memory + unaligned(arena->memory) + at;
}

panels arena_take_panels(arena *arena, size_t rows, size_t columns) {
  size_t stride = panel_stride(rows);
  return (panels){arena_take(arena, size_multiply(panels_of(columns), stride), sizeof(float)), stride};
}

bool arena_binds(const arena *arena) { return arena->memory != NULL; }

/* Asks for pages of 2 MiB where the memory holds whole ones, before it is first written: a data set then
   costs a few page faults instead of tens of thousands, and rows gathered from all over it few address
   misses. A system that knows no such wish, or refuses it, goes on with small pages. */
static void prefer_huge_pages(void *memory, size_t bytes) {
#ifdef MADV_HUGEPAGE
  const uintptr_t page = (uintptr_t)1 << 21;
  uintptr_t begin = ((uintptr_t)memory + page - 1) / page * page,
            end = ((uintptr_t)memory + bytes) / page * page;
  if (begin < end) madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
  (void)memory, (void)bytes;
#endif
}

status arena_build(arena *arena, arena_walk walk, void *owner) {
  *arena = (struct arena){0};
  walk(owner, arena);
  if (arena->overflow) return STATUS_SIZE;
  size_t bytes = arena->bytes + ALIGNMENT;
  arena->memory = calloc(bytes, 1);
  if (arena->memory == NULL) return STATUS_MEMORY;
  prefer_huge_pages(arena->memory, bytes);
  arena->bytes = 0;
  walk(owner, arena);
  return STATUS_OK;
}

void arena_free(arena *arena) {
  free(arena->memory);
  arena->memory = NULL;
}
