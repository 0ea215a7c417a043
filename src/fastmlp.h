/* Every .Call entry. Registration in init.c is checked against these prototypes.

   Conventions. A "network" argument is a list of layers, each list(weight = <double matrix inputs x units>,
   bias = <double units>, activation = <string>). x is a double, integer or logical matrix or, for scans,
   networks and training, also a data frame of such columns and factors, each factor standing for one
   indicator a level. A "loss" is list(name = <string>, parameter = <double>), with
   levels = <doubles: one for each of the outputs that belong to a number of the target> where the registry
   leaves their count to the loss, and call = <function(output, target), or the loss is none that calls back>.
   A "target" is an integer vector of classes 1 .. K for losses that take classes, otherwise a double matrix
   rows x numbers (one an output, or fewer where several outputs belong to a number). "scaling" is NULL or
   list(center =, scale =), one double a column. "weights" is NULL or one double a row. The R code has
   validated all values; entries check what memory safety needs and raise a plain error otherwise. */
#ifndef FASTMLP_FASTMLP_H
#define FASTMLP_FASTMLP_H

#define R_NO_REMAP
#include <Rinternals.h>

/* r_info.c */
/* list(simd = <string>, available = <strings, best first>, openmp = <logical>, cores = <int>, threads =
 * <int>) */
SEXP fastmlp_info(void);
/* Caps the threads (NA lifts the cap); returns the number in force. */
SEXP fastmlp_threads(SEXP n);
/* Chooses an instruction set by name; FALSE if it cannot run here. */
SEXP fastmlp_choose_simd(SEXP name);

/* r_primitives.c */
/* Names of all activations; of all losses. */
SEXP fastmlp_activation_names(void);
SEXP fastmlp_loss_names(void);
/* phi(x), or its derivative through the backward pass; a double vector as long as x. */
SEXP fastmlp_activation(SEXP x, SEXP activation, SEXP gradient);
/* x W + b: double matrix rows x units. */
SEXP fastmlp_dense_forward(SEXP x, SEXP weight, SEXP bias);
/* From gradient = d loss / d output (rows x units): list(input =, weight =, bias =). */
SEXP fastmlp_dense_backward(SEXP x, SEXP weight, SEXP gradient);
/* list(value = <weighted mean loss>, gradient = <rows x outputs, or NULL unless asked>). */
SEXP fastmlp_loss(SEXP output, SEXP target, SEXP weights, SEXP loss, SEXP gradient);
/* parameters - learn_rate * gradient, double vectors. */
SEXP fastmlp_sgd_step(SEXP parameters, SEXP gradient, SEXP learn_rate);
/* list of list(weight =, bias = ) for sizes = c(inputs, units ...); initial = list(scale = <"fixed",
   "glorot", "he", "lecun">, uniform = <logical>, parameter = <double>, zero_last = <logical>); key = two
   integers. */
SEXP fastmlp_initial(SEXP sizes, SEXP initial, SEXP key);

/* r_matrix.c */
/* A list of vectors, one value a column of x, over the given rows (1-based; NULL for all): missing, infinite,
   first_bad_row (1-based among those rows, NA if none), minimum, maximum, mean, sd (doubles). */
SEXP fastmlp_scan(SEXP x, SEXP rows);
/* Strings, one for each of the columns listed (1-based integers); columns with the same values in all rows
   have the same. */
SEXP fastmlp_fingerprint(SEXP x, SEXP columns);

/* r_network.c */
/* link = "none", "softmax" or "sigmoid": double matrix rows x outputs, or NULL if x holds a value that is not
   finite. threads: NA for the default. */
SEXP fastmlp_predict(SEXP network, SEXP x, SEXP scaling, SEXP link, SEXP threads);
/* list(loss =, gradient = list of list(weight =, bias =), input = <matrix or NULL>). */
SEXP fastmlp_gradient(SEXP network, SEXP x, SEXP target, SEXP weights, SEXP loss, SEXP input, SEXP threads);

/* r_train.c */
/* An external pointer to a trainer. data = list(x =, target =, weights =, offset = <NULL, or doubles, one a
   row>, rows = <integer 1-based rows to use, or NULL for all>); valid = NULL or the same; options = list(loss
   = <loss>, optimizer = list(name =, <its settings>), penalty =, epochs =, batch_size =, shuffle =, patience
   = <0: none>, key = <two integers>, threads = <NA: default>, profile = <logical: measure the phases of a
   step>). */
SEXP fastmlp_train_open(SEXP network, SEXP data, SEXP valid, SEXP scaling, SEXP options);
/* Trains for about `seconds`: list(state = <"running", "finished", "stopped", "diverged">,
   epoch = <epochs completed>, progress = <share of the running epoch>, train_loss, train_score, valid_loss,
   valid_score = <of the last completed epoch; NA if none>). Scores: accuracy, or the mean squared error. An
   interrupt is heard here, as R's own condition; the trainer stays usable. */
SEXP fastmlp_train_advance(SEXP trainer, SEXP seconds);
/* Ends training: list(network = <layers with the kept weights>, history = list of four double vectors
   (train_loss, train_score, valid_loss, valid_score), one value an epoch, kept_epoch = <int, 0 for the
   initial weights>, threads = <int>, step_seconds = <of all training steps>, profile = <named double: seconds
   a phase, of all members together; zeros if not asked for>). The pointer is spent after it. */
SEXP fastmlp_train_close(SEXP trainer);

#endif
