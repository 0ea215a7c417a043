/* The FMA peak: how many float32 operations a second one core, and all asked for together, can do
   with operands in registers. Prints "threads,gflops", one line
   for each number of threads up to the argument. Compile with -ffp-contract=fast, which makes a product
   and a sum one FMA.

   Every accumulator depends only on itself, and there are more of them than latency times
   throughput asks for, so nothing but the FMA units limits the loop. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ACCUMULATORS = 12, ROUNDS = 20000000, REPEATS = 5, MAX_THREADS = 256 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)

/* A loop over named accumulators (an array would be spilled), which returns something made from all of
   them. The empty asm keeps each in a register and the compiler from folding rounds together. */
#define DECLARE(i) vector sum##i = {(float)i};
#define MULTIPLY_ADD(i)   \
  sum##i = sum##i * x + y; \
  __asm__ volatile("" : "+v"(sum##i));
#define TOTAL(i) x += sum##i;
#define FMA_LOOP(name, bytes, features)                                 \
  __attribute__((target(features))) static float name(void) {          \
    typedef float vector __attribute__((vector_size(bytes)));          \
    vector x = {.999f}, y = {.001f};                                    \
    EACH(DECLARE)                                                       \
    for (long round = 0; round < ROUNDS; round++) { EACH(MULTIPLY_ADD) } \
    EACH(TOTAL)                                                         \
    return x[0];                                                        \
  }

FMA_LOOP(loop_avx512, 64, "avx512f")
FMA_LOOP(loop_avx2, 32, "avx2,fma")

typedef struct fma_loop {
  const char *name;
  float (*run)(void);
  int lanes;
} fma_loop;

static fma_loop widest(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return (fma_loop){"avx512", loop_avx512, 16};
  if (__builtin_cpu_supports("avx2")) return (fma_loop){"avx2", loop_avx2, 8};
  fprintf(stderr, "peak: neither AVX-512 nor AVX2 here\n");
  exit(1);
}

static volatile float sink;

static void *work(void *loop) {
  sink = ((const fma_loop *)loop)->run();
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
    double gflops = 2e-9 * loop.lanes * ACCUMULATORS * ROUNDS * threads / (now() - start);
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
