#if defined(__linux__)
#define _DEFAULT_SOURCE /* sched_yield, pthread_atfork under a strict standard */
#endif
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#ifdef _WIN32
#include <windows.h>
static void yield(void) { SwitchToThread(); }
#else
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
static void yield(void) { sched_yield(); }
#endif

/* Times to look again before offering the core to others: some 10 us, more than two shares should differ by.
 */
enum { SPINS = 400 };

struct team_gate {
  atomic_int arrived;
  char apart[64]; /* waiting members read `generation` without disturbing `arrived` */
  atomic_uint generation;
};

static int thread_cap = 0; /* 0: none */
static bool teams_held = false;
#if defined(_OPENMP) || !defined(_WIN32)
static bool forked_child = false; /* its OpenMP pool did not survive the fork */
#endif

/* ---- teams ---- */

int team_run(int threads, team_body body, void *data) {
  struct team_gate gate;
  atomic_init(&gate.arrived, 0);
  atomic_init(&gate.generation, 0);
#ifdef _OPENMP
  if (threads > 1 && !forked_child) {
    int members = 1;
#pragma omp parallel num_threads(threads)
    {
      team member = {omp_get_thread_num(), omp_get_num_threads(), &gate, NULL};
      if (member.rank == 0) members = member.size;
      body(&member, data);
    }
    return members;
  }
#endif
  (void)threads;
  team solo = {0, 1, &gate, NULL};
  body(&solo, data);
  return 1;
}

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

static void meet(const team *team) {
  struct team_gate *gate = team->gate;
  unsigned generation = atomic_load_explicit(&gate->generation, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&gate->arrived, 1, memory_order_acq_rel) == team->size - 1) {
    atomic_store_explicit(&gate->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&gate->generation, generation + 1, memory_order_release);
    return;
  }
  for (int spin = 0; atomic_load_explicit(&gate->generation, memory_order_acquire) == generation; spin++) {
    if (spin < SPINS) {
      pause_briefly();
    } else {
      yield();
    }
  }
}

void team_barrier(const team *team) {
  if (team->size == 1) return;
  phase before = team_phase(team, PHASE_WAITING);
  meet(team);
  team_phase(team, before);
}

range team_share(const team *team, size_t count) {
  if (team->size == 1) return (range){0, count}; /* small networks ask often, and divisions are slow */
  size_t size = (size_t)team->size, rank = (size_t)team->rank;
  size_t each = count / size, extra = count % size;
  size_t begin = rank * each + size_min(rank, extra);
  return (range){begin, begin + each + (rank < extra)};
}

/* ---- the budget ---- */

bool threads_have_openmp(void) {
#ifdef _OPENMP
  return true;
#else
  return false;
#endif
}

int threads_cores(void) {
#ifdef _OPENMP
  return omp_get_num_procs();
#elif defined(_SC_NPROCESSORS_ONLN)
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores > 0 ? (int)cores : 1;
#else
  return 1;
#endif
}

#ifdef _OPENMP

static int int_min(int a, int b) { return a < b ? a : b; }

/* R CMD check grants two cores where this variable is set to anything but a "no". */
static bool check_limits_cores(void) {
  const char *limit = getenv("_R_CHECK_LIMIT_CORES_");
  return limit != NULL && *limit != '\0' && strcmp(limit, "false") != 0 && strcmp(limit, "FALSE") != 0;
}

int threads_granted(int wanted) {
  if (forked_child) return 1;
  int cores = omp_get_num_procs(), most = cores > 2 ? 4 * cores : 8;
  int threads = int_min(wanted, int_min(most, omp_get_thread_limit()));
  if (check_limits_cores()) threads = int_min(threads, 2);
  return threads > 1 ? threads : 1;
}

int threads_default(void) {
  int threads = int_min(omp_get_num_procs(), omp_get_max_threads());
  return threads_granted(thread_cap > 0 ? int_min(threads, thread_cap) : threads);
}

#else

int threads_granted(int wanted) {
  (void)wanted;
  return 1;
}

int threads_default(void) { return 1; }

#endif

void threads_set(int n) { thread_cap = n > 0 ? n : 0; }

void threads_hold(bool hold) { teams_held = hold; }

bool threads_held(void) { return teams_held; }

int threads_for_work(int limit, double flops) {
  const double flops_worth_a_thread = 4e5; /* several times what meeting at a barrier costs */
  if (teams_held) return limit;
  double worth = flops / flops_worth_a_thread;
  if (worth < 2) return 1;
  return worth < limit ? (int)worth : limit;
}

#ifndef _WIN32
static void after_fork_in_child(void) { forked_child = true; }
#endif

void threads_load(void) {
#ifndef _WIN32
  static bool installed = false;
  if (!installed) installed = pthread_atfork(NULL, NULL, after_fork_in_child) == 0;
#endif
}
