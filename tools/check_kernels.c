/* Checks every table of kernels that can run here against plain loops in double: products and updates within
   the bound that the roundings of their terms allow, activations and softmax within stated relative errors;
   and that results are the same bits however the work is divided, which is why the number of threads cannot
   change them. From the package's root:
     cc -O2 -std=gnu11 -Isrc tools/check_kernels*.c tools/check_report.c src/kernels*.c src/cpu.c src/rng.c
        -lm
   The argument is the stride over floats for the activations, 1009 by default.
   Exits with 1 if anything fails. */
#include "check_kernels.h"

#include <stdio.h>
#include <string.h>

const char *kernel_name(const kernels *k, const char *what) {
  static char name[80];
  snprintf(name, sizeof name, "%s: %s", k->name, what);
  return name;
}

void expect_same(const kernels *k, const char *what, const float *a, const float *b, size_t n) {
  expect(memcmp(a, b, n * sizeof *a) == 0, kernel_name(k, what));
}

/* ---- every table ---- */

int main(int argc, char **argv) {
  const uint64_t stride = argc > 1 ? strtoull(argv[1], NULL, 10) : 1009;
  if (stride < 1) return 2;
  const kernels *k;
  for (int i = 0; (k = kernels_available(i)) != NULL; i++) {
    check_products(k);
    check_sparse(k);
    check_updates(k);
    check_regularization(k);
    check_activations(k, stride);
    check_softmax(k);
    check_random(k);
    check_embeddings(k);
  }
  return report_end();
}
