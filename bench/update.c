/* What an update of sixteen weights takes, by where they and their moments lie: for plain descent and Adam,
   in spans of 256 as in training, one thread. Prints "weights,KiB,rule,nanoseconds", the best of several
   attempts. run.sh does not run it; in this folder, in bash:
     source common.sh
     cc -O2 -std=gnu11 -ffp-contract=fast -I../src update.c $(core_files) -lm -fopenmp -o /tmp/update */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "kernels.h"

/* APART: weights and moments a multiple of a page from each other would get into each other's way. */
enum { SPAN = 256, ATTEMPTS = 7, UPDATES = 4000000, APART = 272 };

static const size_t sizes[] = {1024, 16384, 50176, 200704, 1003520};

typedef struct rule {
  const char *name;
  update_id id;
  int arrays; /* weights and moments */
} rule;

static const rule rules[] = {{"sgd", UPDATE_sgd, 1}, {"adam", UPDATE_adam, 3}};

static float *numbers(size_t n) {
  float *x = aligned_alloc(ALIGNMENT, n * sizeof *x);
  if (x == NULL) exit(1);
  for (size_t i = 0; i < n; i++) x[i] = 1e-3f * (float)(i % 97 + 1);
  return x;
}

static double nanoseconds(const rule *rule, size_t weights) {
  const update_step step = {.learn_rate = 1e-9f, .epsilon = 1e-8f, .fresh1 = .1f, .fresh2 = .001f};
  size_t apart = weights + APART;
  float *w = numbers(3 * apart), *mean = w + apart, *square = mean + apart, *g = numbers(SPAN);
  size_t rounds = UPDATES / weights + 1;
  double best = 1;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    double start = clock_seconds();
    for (size_t round = 0; round < rounds; round++) {
      for (size_t i = 0; i < weights; i += SPAN) {
        float *const moment[MOMENTS] = {mean + i, square + i};
        kernels_active()->update[rule->id](w + i, g, moment, SPAN, &step);
      }
    }
    double took = (clock_seconds() - start) / (double)(rounds * weights / PANEL);
    if (took < best) best = took;
  }
  free(w), free(g);
  return 1e9 * best;
}

int main(void) {
  kernels_choose(kernels_available(0)->name);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
      size_t kib = sizes[i] * (size_t)rules[r].arrays * sizeof(float) / 1024;
      printf("%zu,%zu,%s,%.2f\n", sizes[i], kib, rules[r].name, nanoseconds(&rules[r], sizes[i]));
    }
  }
  return 0;
}
