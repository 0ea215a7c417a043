/* What the kernels of embeddings share: loops over the values that a column becomes. */
#ifndef FASTMLP_KERNEL_EMBEDDING_H
#define FASTMLP_KERNEL_EMBEDDING_H

#include "kernels.h"
#include "vector_math.h"

/* Where the number of outputs is a constant, nothing is left but straight code, and sums for each of them
   stay in registers. */
#define FOR_OUTPUTS(k) UNROLLED for (size_t k = 0; k < MOST_OUTPUTS; k++) if (k < outputs)

/* function(outputs, ...), with functions of their own for 3 and 7 outputs, which with the number itself make
   the 4 values that embeddings have by default and the 8 that presets predict numbers by. */
#define BY_OUTPUTS(function, outputs, ...)         \
  switch (outputs) {                               \
    case 3: function(3, __VA_ARGS__); break;       \
    case 7: function(7, __VA_ARGS__); break;       \
    default: function(outputs, __VA_ARGS__);       \
  }

#endif
