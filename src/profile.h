/* Where one member's time goes, by phase of a training step. */
#ifndef FASTMLP_PROFILE_H
#define FASTMLP_PROFILE_H

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
  double seconds[PHASE_COUNT];
  phase phase;    /* at work on */
  double since;   /* on the clock */
  char apart[64]; /* members do not share a cache line */
} profile;

/* The clock starts, or starts again, in a phase. */
void profile_start(profile *profile, phase phase);

/* The time since the last call goes to the phase left; returns that phase. */
phase profile_enter(profile *profile, phase phase);

/* "products", "activations", ... */
const char *phase_name(phase phase);

#endif
