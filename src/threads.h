/* The thread budget, and teams: the only place that knows OpenMP. */
#ifndef FASTMLP_THREADS_H
#define FASTMLP_THREADS_H

#include "common.h"
#include "profile.h"

/* One member's view of the team that runs a body together. */
typedef struct team {
  int rank; /* 0 .. size - 1 */
  int size;
  struct team_gate *gate; /* where the members meet */
  profile *profile;       /* this member's, or NULL: nobody wants to know */
} team;

typedef void (*team_body)(const team *team, void *data);

/* Runs body once in each of `threads` members (fewer where fewer can be had); when all have ended, how many
   there were. */
int team_run(int threads, team_body body, void *data);

/* Waits for every member; what each wrote before is visible to all after. */
void team_barrier(const team *team);

/* From here on this member works on `phase`; returns what it worked on before. */
static inline phase team_phase(const team *team, phase phase) {
  return team->profile != NULL ? profile_enter(team->profile, phase) : phase;
}

/* This member's contiguous share of count items; the shares cover all items once. */
range team_share(const team *team, size_t count);

/* Threads to use unless told otherwise: the machine's cores, capped by OMP_NUM_THREADS and threads_set(), and
   as threads_granted() caps any number. */
int threads_default(void);

/* As many of `wanted` threads as can be had: at most four a core (eight on a small machine),
   OMP_THREAD_LIMIT, and two under a check's core limit; one without OpenMP or in a forked child. */
int threads_granted(int wanted);

/* Caps threads_default() at n; n < 1 lifts the cap. */
void threads_set(int n);

/* Threads worth using for `flops` floating-point operations between two barriers, at most `limit`. */
int threads_for_work(int limit, double flops);

/* While teams are held, all work is worth `limit` threads, and no team gives way to one member alone: so
   checks of what threads must not change know what ran. */
void threads_hold(bool hold);
bool threads_held(void);

/* Cores that the machine reports. */
int threads_cores(void);

/* Whether the package was compiled with OpenMP. */
bool threads_have_openmp(void);

/* Installs the fork handler, once at load. */
void threads_load(void);

#endif
