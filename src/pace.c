#include "pace.h"

#include <math.h>

#include "clock.h"

/* How long a trial lasts. */
static const double TRIAL_SECONDS = .002;

/* After its k-th trial the slower way rests for this many times as long as the trial took: soon tried again
   at first, as early measurements are rough, in the end so seldom that trials cost less than 1 % of the time.
 */
static double rest(int trials) { return trials < 6 ? 4 << trials : 128; }

static pace_count count; /* since pace_counted() */

static bool team_is_faster(const pace *pace) { return pace->rate[true] >= pace->rate[false]; }

/* Two trials of the team, of which the first wakes its members and does not count, and one alone; then the
   faster way, with a trial of the other now and then. */
static void choose(pace *pace) {
  pace->trial = pace->trials < 3 || pace->began >= pace->next_trial;
  pace->as_team = pace->trials < 3 ? pace->trials < 2 : team_is_faster(pace) != pace->trial;
}

int pace_begin(pace *pace, double *until) {
  if (pace->team == 1 || threads_held()) return pace->team;
  pace->began = clock_seconds();
  choose(pace);
  double end = pace->trial ? pace->began + TRIAL_SECONDS : pace->next_trial;
  if (end < *until) *until = end;
  return pace->as_team ? pace->team : 1;
}

void pace_end(pace *pace, int members, double work) {
  if (pace->team == 1) return;
  count.stretches++;
  count.fewer += members < pace->team;
  if (threads_held()) return;
  double now = clock_seconds(), took = now - pace->began;
  if (took > 0) pace->rate[pace->as_team] = work / took;
  if (pace->trial) pace->next_trial = now + took * rest(pace->trials++);
}

void pace_run(pace *pace, team_body body, void *data) {
  double until = INFINITY;
  int members = team_run(pace_begin(pace, &until), body, data);
  pace_end(pace, members, 1);
}

pace_count pace_counted(void) {
  pace_count counted = count;
  count = (pace_count){0, 0};
  return counted;
}
