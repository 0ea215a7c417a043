/* Chooses between a team and one member alone by what each got done lately. On a busy machine a team may
   wait for a member that is not running; results do not depend on the choice, so it may change at any time.
   While teams are held there is no choice. */
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

/* Reports the members that ran the stretch and the work that it got done, in any unit that stays the same.
 */
void pace_end(pace *pace, int members, double work);

/* Runs a stretch that cannot be broken off and is always the same work. */
void pace_run(pace *pace, team_body body, void *data);

/* Stretches of work for teams of two and more since the last call, and how many of them fewer members ran. */
typedef struct pace_count {
  unsigned stretches, fewer;
} pace_count;

pace_count pace_counted(void);

#endif
