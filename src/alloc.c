#include "alloc.h"

#include <stdlib.h>
#include <string.h>

size_t size_multiply(size_t a, size_t b) { return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b; }

size_t arena_reserve(arena_plan *plan, size_t count, size_t item_bytes) {
  const size_t limit = SIZE_MAX / 2;
  size_t bytes = size_multiply(count, item_bytes);
  if (bytes >= limit || plan->bytes >= limit - bytes - ALIGNMENT) {
    plan->failed = true;
    return 0;
  }
  size_t offset = plan->bytes;
  plan->bytes += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return offset;
}

status arena_allocate(arena *arena, const arena_plan *plan) {
  arena->memory = NULL;
  arena->base = NULL;
  if (plan->failed) return STATUS_SIZE;
  arena->memory = calloc(plan->bytes + ALIGNMENT, 1);
  if (arena->memory == NULL) return STATUS_MEMORY;
  uintptr_t address = (uintptr_t)arena->memory;
  arena->base = (char *)arena->memory + (ALIGNMENT - address % ALIGNMENT) % ALIGNMENT;
  return STATUS_OK;
}

void *arena_at(const arena *arena, size_t offset) { return arena->base + offset; }

void arena_free(arena *arena) {
  free(arena->memory);
  arena->memory = NULL;
  arena->base = NULL;
}
