/* Chooses between a team and one member alone by what each got done lately. On a busy machine a team may
   wait for a member that is not running; results do not depend on the choice, so it may change at any time.
 */
#ifndef FASTMLP_PACE_H
#define FASTMLP_PACE_H

#include "threads.h"

typedef struct pace {
  int team;          /* members of the team; with 1 there is nothing to choose */
  double rate[2];    /* work a second alone [0] and as a team [1]; 0 while unknown */
  double next_trial; /* when the slower way is tried again */
  int trials;        /* so far */
  bool as_team, trial;
  double began;
} pace;

/* The members for the next stretch of work; *until becomes the time at which it should end, if that is
 * sooner. */
int pace_begin(pace *pace, double *until);

/* Reports the work that the stretch got done, in any unit that stays the same. */
void pace_end(pace *pace, double work);

/* Runs a stretch that cannot be broken off and is always the same work. */
void pace_run(pace *pace, team_body body, void *data);

#endif
