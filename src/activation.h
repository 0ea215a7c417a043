/* The registry of activations: names and what their backward pass needs. */
#ifndef FASTMLP_ACTIVATION_H
#define FASTMLP_ACTIVATION_H

#include "kernels.h"

typedef struct activation {
  const char *name;
  bool needs_input; /* the backward pass reads z; otherwise phi(z) */
} activation;

const activation *activation_of(activation_id id);

/* The id of a name, or ACTIVATION_COUNT if there is none. */
activation_id activation_find(const char *name);

#endif
