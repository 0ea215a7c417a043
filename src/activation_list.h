/* The activations, one row each: name, and what the backward pass reads besides the incoming
   gradient (the layer's OUTPUT phi(z), or its INPUT z). To add one, add a row here and the functions
   <name>_value and <name>_gradient in kernel_activation.h. */
#ifndef FASTMLP_ACTIVATION_LIST_H
#define FASTMLP_ACTIVATION_LIST_H

#define ACTIVATION_LIST(ROW) \
  ROW(identity, OUTPUT)      \
  ROW(relu, OUTPUT)          \
  ROW(leaky_relu, OUTPUT)    \
  ROW(elu, INPUT)            \
  ROW(selu, INPUT)           \
  ROW(gelu, INPUT)           \
  ROW(silu, INPUT)           \
  ROW(mish, INPUT)           \
  ROW(softplus, INPUT)       \
  ROW(sigmoid, OUTPUT)       \
  ROW(tanh, OUTPUT)          \
  ROW(hard_sigmoid, INPUT)   \
  ROW(hard_tanh, INPUT)

#define ACTIVATION_ENUM_ROW(name, reads) ACTIVATION_##name,
typedef enum activation_id { ACTIVATION_LIST(ACTIVATION_ENUM_ROW) ACTIVATION_COUNT } activation_id;

#endif
