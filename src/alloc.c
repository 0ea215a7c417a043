#include "alloc.h"

#include <stdlib.h>
#if defined __linux__
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

/* Asks for large pages where there is much: page by page it can take longer to get than to fill, above all
   on a virtual machine, and rows read in random order miss in the page tables. */
static void prefer_large_pages(void *memory, size_t bytes) {
#ifdef MADV_HUGEPAGE
  const size_t page = (size_t)2 << 20, much = 8 * page;
  size_t skipped = (page - (uintptr_t)memory % page) % page;
  if (bytes >= much) (void)madvise((char *)memory + skipped, (bytes - skipped) / page * page, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)bytes;
#endif
}

bool arena_binds(const arena *arena) { return arena->memory != NULL; }

status arena_build(arena *arena, arena_walk walk, void *owner) {
  *arena = (struct arena){0};
  walk(owner, arena);
  if (arena->overflow) return STATUS_SIZE;
  size_t bytes = arena->bytes + ALIGNMENT;
  arena->memory = calloc(bytes, 1);
  if (arena->memory == NULL) return STATUS_MEMORY;
  prefer_large_pages(arena->memory, bytes);
  arena->bytes = 0;
  walk(owner, arena);
  return STATUS_OK;
}

void arena_free(arena *arena) {
  free(arena->memory);
  arena->memory = NULL;
}
