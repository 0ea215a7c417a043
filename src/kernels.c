#include "kernels.h"

#include <string.h>

#include "cpu.h"

static bool always(void) { return true; }

/* Every table with what it asks of the processor, best first. */
static const struct {
  const kernels *table;
  bool (*runs_here)(void);
} tables[] = {
#if defined(__x86_64__)
    {&kernels_avx512, cpu_has_avx512},
    {&kernels_avx2, cpu_has_avx2},
#elif defined(__aarch64__)
    {&kernels_neon, always},
#endif
    {&kernels_portable, always},
};

enum { TABLES = sizeof tables / sizeof tables[0] };

static const kernels *active;

const kernels *kernels_available(int i) {
  for (int t = 0; t < TABLES; t++) {
    if (tables[t].runs_here() && i-- == 0) return tables[t].table;
  }
  return NULL;
}

const kernels *kernels_active(void) { return active; }

bool kernels_choose(const char *name) {
  const kernels *table;
  for (int i = 0; (table = kernels_available(i)) != NULL; i++) {
    if (strcmp(table->name, name) == 0) {
      active = table;
      return true;
    }
  }
  return false;
}
