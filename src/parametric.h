/* Parametric activations: h = z + a (phi(z) - z) with one learned a for each unit, which starts at 1. */
#ifndef FASTMLP_PARAMETRIC_H
#define FASTMLP_PARAMETRIC_H

#include "dense.h"

/* h, which may be z, from z and phi = phi(z), for the part. */
void parametric_forward(const layer *layer, const float *parameter, part part, panels z, panels phi,
                        panels h);

/* The same of z in place, by blocks. */
void parametric_predict(const layer *layer, const float *parameter, part part, panels z);

/* g = d loss / d h becomes d loss / d z, for the part; phi = phi(z) becomes what each row adds to d loss / d
 * a.
 */
void parametric_backward(const layer *layer, const float *parameter, part part, panels z, panels phi,
                         panels g);

/* d loss / d a into the sink, from what parametric_backward() left in phi, after the members have met. */
void parametric_weights(const team *team, const layer *layer, size_t rows, panels phi,
                        const gradient_sink *sink);

/* The update alone, from the sink's gradient. */
void parametric_update(const team *team, const layer *layer, const gradient_sink *sink);

#endif
