/* Checks the vector functions of one vector width against double libm: every float (or every stride-th: the
   argument), against the bound in ulp that src/vector_math.h states.
   From the package's root, for 16, 32 and 64 bytes:
     cc -O2 -std=gnu11 -fopenmp -Isrc -DVECTOR_BYTES=16 tools/check_vector_math.c tools/check_report.c -lm
     cc ... -DVECTOR_BYTES=32 -mavx2 -mfma ...
     cc ... -DVECTOR_BYTES=64 -mavx512f -mavx2 -mfma ...
   Exits with 1 if a bound is exceeded. Every float takes minutes, every 1009th a second. */
#include "check_exact.h"
#include "check_report.h"
#include "vector_math.h"

typedef struct function_check {
  const char *name;
  vf (*vector)(vf);
  double (*exact)(double);
  float from, to; /* the domain; NaN belongs to every one */
  double ulp;     /* the bound */
  double flush;   /* smaller results may be anything up to it in size */
} function_check;

static vf normal_tail(vf x) { return vector_normal_tail(x, vector_bell(x)); }

/* As in training, where subnormal numbers count as zero: the "m" keep the root between the switches. */
static vf trained_root(vf x) {
#ifdef __x86_64__
  const unsigned before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040);
  __asm__ volatile("" : "+m"(x));
  vf root = vector_root(x);
  __asm__ volatile("" : "+m"(root));
  __builtin_ia32_ldmxcsr(before);
  return root;
#else
  return vector_root(x);
#endif
}

static vf reciprocal(vf x) { return vector_quotient(vector_splat(1), x); }

static double reciprocal_exact(double x) { return 1 / x; }

#define FLUSH 0x1p-125

static const function_check function_checks[] = {
    {"exp", vector_exp, exp, -INFINITY, INFINITY, 1.1, FLUSH},
    {"expm1, x <= 0", vector_expm1, expm1, -INFINITY, 0, 1.1, 0},
    {"log, normal x", vector_log, log, 0x1p-126f, INFINITY, 2, 0},
    {"log1p, 0 <= x <= 1", vector_log1p_unit, log1p, 0, 1, 2, 0},
    {"softplus", vector_softplus, softplus_exact, -INFINITY, INFINITY, 2.9, FLUSH},
    {"tanh", vector_tanh, tanh, -INFINITY, INFINITY, 2.6, 0},
    {"sigmoid", vector_sigmoid, sigmoid_exact, -INFINITY, INFINITY, 2.6, FLUSH},
    {"bell, |x| <= 2", vector_bell, bell_exact, -2, 2, 1.7, 0},
    {"bell", vector_bell, bell_exact, -13.2f, 13.2f, 65, FLUSH},
    {"normal tail, x <= 2", normal_tail, tail_exact, 0, 2, 6, 0},
    {"root, normal x", vector_root, sqrt, 0x1p-126f, 3e38f, .51, 0},
    {"root in training, normal x", trained_root, sqrt, 0x1p-126f, 3e38f, .51, 0},
    {"reciprocal, normal x to 1e30", reciprocal, reciprocal_exact, 0x1p-126f, 1e30f, 2, 0},
    {"normal tail", normal_tail, tail_exact, 0, 13.2f, 67, FLUSH},
};

/* One unit in the last place of a float as large as x. */
static double ulp_of(double x) {
  union {
    double d;
    uint64_t u;
  } bits = {fabs(x)};
  uint64_t exponent = bits.u >> 52;
  const uint64_t bias = 1023, lowest = bias - 126, highest = bias + 127;
  exponent = exponent < lowest ? lowest : exponent > highest ? highest : exponent;
  bits.u = (exponent - 23) << 52;
  return bits.d;
}

static double ulp_error(float got, double exact, double flush) {
  if (isnan(exact) || isnan(got)) return isnan(exact) && isnan(got) ? 0 : INFINITY;
  if (fabs(exact) < flush) return fabs((double)got) <= flush ? 0 : INFINITY;
  return fabs(bounded(got) - bounded(exact)) / ulp_of(bounded(exact));
}

static worst check_patterns(const function_check *check, uint64_t begin, uint64_t step) {
  worst w = {0, 0};
  union {
    vf v;
    float f[LANES];
  } x, y;
  for (int i = 0; i < LANES; i++) x.f[i] = float_of_bits((uint32_t)(begin + (uint64_t)i * step));
  if (fmaxf(x.f[0], x.f[LANES - 1]) < check->from || fminf(x.f[0], x.f[LANES - 1]) > check->to) return w;
  y.v = check->vector(x.v);
  for (int i = 0; i < LANES; i++)
    if (!(x.f[i] < check->from || x.f[i] > check->to))
      worst_update(&w, ulp_error(y.f[i], check->exact((double)x.f[i]), check->flush), x.f[i]);
  return w;
}

static void check_function(const function_check *check, uint64_t stride) {
  worst overall = {0, 0};
  const uint64_t step = stride * LANES;
#pragma omp parallel
  {
    worst w = {0, 0};
#pragma omp for schedule(dynamic, 4096)
    for (uint64_t begin = 0; begin < (UINT64_C(1) << 32); begin += step) {
      worst found = check_patterns(check, begin, stride);
      worst_update(&w, found.error, found.at);
    }
#pragma omp critical
    worst_update(&overall, w.error, w.at);
  }
  report(check->name, "ulp", overall, check->ulp);
}

int main(int argc, char **argv) {
  const uint64_t stride = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  if (stride < 1) return 2;
  for (size_t i = 0; i < sizeof function_checks / sizeof *function_checks; i++)
    check_function(&function_checks[i], stride);
  return report_end();
}
