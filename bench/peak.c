/* The FMA peak: how many float32 operations a second one core, and all asked for together, can do with
   operands in registers. Prints "threads,gflops", one line for each number of threads up to the argument. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fma.h"

enum { ROUNDS = 20000000, REPEATS = 5, MAX_THREADS = 256 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static volatile float sink;

static void *work(void *loop) {
  sink = ((const fma_loop *)loop)->run(ROUNDS);
  return NULL;
}

/* GFLOP/s of `threads` copies of the loop side by side: the best of several attempts. */
static double measure(fma_loop loop, int threads) {
  double best = 0;
  for (int repeat = 0; repeat < REPEATS; repeat++) {
    pthread_t thread[MAX_THREADS];
    double start = now();
    for (int i = 0; i < threads; i++) pthread_create(&thread[i], NULL, work, &loop);
    for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
    double gflops = 1e-9 * fma_flops(loop, ROUNDS) * threads / (now() - start);
    if (gflops > best) best = gflops;
  }
  return best;
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  fma_loop loop = widest();
  if (threads > MAX_THREADS) threads = MAX_THREADS;
  for (int n = 1; n <= threads; n++) printf("%d,%.1f\n", n, measure(loop, n));
  return 0;
}
