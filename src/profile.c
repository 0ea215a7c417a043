#include "profile.h"

#include <string.h>

#include "clock.h"

void profile_start(profile *profile, phase phase) {
  memset(profile->ticks, 0, sizeof profile->ticks);
  profile->phase = phase;
  profile->started = clock_seconds();
  profile->since = profile->started_ticks = clock_ticks();
}

phase profile_enter(profile *profile, phase phase) {
  enum phase before = profile->phase;
  uint64_t now = clock_ticks();
  profile->ticks[before] += now - profile->since;
  profile->since = now;
  profile->phase = phase;
  return before;
}

void profile_stop(profile *profile) {
  profile_enter(profile, profile->phase);
  double ticks = (double)(profile->since - profile->started_ticks);
  double seconds_a_tick = ticks > 0 ? (clock_seconds() - profile->started) / ticks : 0;
  for (int phase = 0; phase < PHASE_COUNT; phase++) {
    profile->seconds[phase] += (double)profile->ticks[phase] * seconds_a_tick;
  }
}

const char *phase_name(phase phase) {
  static const char *const names[PHASE_COUNT] = {
      [PHASE_PRODUCTS] = "products",   [PHASE_ACTIVATIONS] = "activations", [PHASE_LOSS] = "loss",
      [PHASE_OPTIMIZER] = "optimizer", [PHASE_GATHER] = "gather",           [PHASE_WAITING] = "waiting",
  };
  return names[phase];
}
