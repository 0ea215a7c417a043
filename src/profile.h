/* Where one member's time goes, by phase of a training step. */
#ifndef FASTMLP_PROFILE_H
#define FASTMLP_PROFILE_H

#include <stdint.h>

typedef enum phase {
  PHASE_PRODUCTS,    /* matrix products, bias included */
  PHASE_ACTIVATIONS, /* values and derivatives */
  PHASE_LOSS,        /* losses, their gradients, the sums of an epoch */
  PHASE_OPTIMIZER,   /* updates of the parameters and of W' */
  PHASE_GATHER,      /* collecting the rows of the next batch */
  PHASE_WAITING,     /* for other members */
  PHASE_COUNT
} phase;

typedef struct profile {
  double seconds[PHASE_COUNT]; /* up to the last profile_stop() */
  uint64_t ticks[PHASE_COUNT]; /* since profile_start() */
  phase phase;                 /* at work on */
  uint64_t since, started_ticks;
  double started;
  char apart[64]; /* members do not share a cache line */
} profile;

/* The clock starts in a phase. */
void profile_start(profile *profile, phase phase);

/* The time since the last call goes to the phase left; returns that phase. */
phase profile_enter(profile *profile, phase phase);

/* The clock stops; what the phases took joins their seconds. */
void profile_stop(profile *profile);

/* "products", "activations", ... */
const char *phase_name(phase phase);

#endif
