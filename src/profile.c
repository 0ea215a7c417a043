#include "profile.h"

#include "clock.h"

void profile_start(profile *profile, phase phase) {
  profile->phase = phase;
  profile->since = clock_seconds();
}

phase profile_enter(profile *profile, phase phase) {
  enum phase before = profile->phase;
  double now = clock_seconds();
  profile->seconds[before] += now - profile->since;
  profile->since = now;
  profile->phase = phase;
  return before;
}

const char *phase_name(phase phase) {
  static const char *const names[PHASE_COUNT] = {
      [PHASE_PRODUCTS] = "products",   [PHASE_ACTIVATIONS] = "activations", [PHASE_LOSS] = "loss",
      [PHASE_OPTIMIZER] = "optimizer", [PHASE_GATHER] = "gather",           [PHASE_WAITING] = "waiting",
  };
  return names[phase];
}
