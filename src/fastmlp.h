/* Every .Call entry. Registration in init.c is checked against these prototypes.

   Conventions. A "network" argument is a list of layers, each list(weight = <double matrix inputs x units>,
   bias = <double units>, activation = <string>), and, where hidden layers have them, norm = list(kind =
   <"batch", "layer">, scale =, shift = <double units>, and for batches mean =, variance = <double units>) and
   residual = TRUE; the first layer also input_scale = <double inputs> where that is learned. x is a double,
   integer or logical matrix or, for scans, networks and training, also a data frame of such columns and
   factors, each factor standing for one indicator a level, or a sparse matrix: list(p =, i =, x =, dim = ) of
   class "fastmlp_sparse", the slots of Matrix's dgCMatrix. A "loss" is list(name = <string>, parameter =
   <double>), with levels = <doubles: one for each of the outputs that belong to a number of the target> where
   the registry leaves their count to the loss, and call = <function(output, target), or the loss is none that
   calls back>. A "target" is an integer vector of classes 1 .. K for losses that take classes, otherwise a
   double matrix rows x numbers (one an output, or fewer where several outputs belong to a number). "scaling"
   is NULL or list(center =, scale = <one double a column>, clip = <one double, or no such element>).
   "weights" is NULL or one double a row. The R code has validated all values; entries check what memory
   safety needs and raise a plain error otherwise. */
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
/* For tests: while teams are held, all work is done by as many threads as it may have, however little it is,
   and training never goes on with one of them alone. c(stretches = <of work for teams since the last call>,
   fewer = <how many of them fewer members ran>), integers. */
SEXP fastmlp_hold_teams(SEXP hold);
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
/* What training does at random to a double matrix of rows x units, for tests: at = list(key = <two integers>,
   step =, first = <row of the step>, layer = <0: the inputs>); how = list(activation =, dropout = <share>,
   noise = <sd, for the inputs>, backward = <logical: the derivative of the mask times x>). */
SEXP fastmlp_dropout(SEXP x, SEXP at, SEXP how);
/* list of list(weight =, bias = ) for sizes = c(inputs, units ...); initial = list(scale = <"fixed",
   "glorot", "he", "lecun">, uniform = <logical>, parameter = <double>, zero_last = <logical>,
   bias = <double: sd of the biases>); key = two integers. */
SEXP fastmlp_initial(SEXP sizes, SEXP initial, SEXP key);

/* r_matrix.c */
/* A list of vectors, one value a column of x, over the given rows (1-based; NULL for all): missing, infinite,
   first_bad_row (1-based among those rows, NA if none), minimum, maximum, mean, sd (doubles). */
SEXP fastmlp_scan(SEXP x, SEXP rows);
/* Strings, one for each of the columns listed (1-based integers); columns with the same values in all rows
   have the same. */
SEXP fastmlp_fingerprint(SEXP x, SEXP columns);
/* list(p =, i =, x = ) of some rows of a sparse matrix (1-based integers, increasing). */
SEXP fastmlp_choose_rows(SEXP x, SEXP rows);

/* r_network.c */
/* link = "none", "softmax" or "sigmoid": double matrix rows x outputs, or NULL if x holds a value that is not
   finite. threads: NA for the default. */
SEXP fastmlp_predict(SEXP network, SEXP x, SEXP scaling, SEXP link, SEXP threads);
/* list(loss =, gradient = list of list(weight =, bias =, norm = list(scale =, shift =) and input_scale =
   where there are such), input = <matrix or NULL>); mode = list(input = <logical: whether the input's is
   wanted>, training = <logical: whether batches are normalised by their own statistics>). */
SEXP fastmlp_gradient(SEXP network, SEXP x, SEXP target, SEXP weights, SEXP loss, SEXP mode, SEXP threads);
/* Double matrix shaped like x, as fastmlp_predict() takes it: the gradient of rowSums(seed * outputs) for x;
   seed: double matrix rows x outputs. */
SEXP fastmlp_input_gradient(SEXP network, SEXP x, SEXP scaling, SEXP seed, SEXP threads);

/* r_data.c */
/* An external pointer to rows of a set, as `data` below, that several trainers choose from, whose first
   layers have so many units; its attribute "sparse" tells whether they are held without their zeros. */
SEXP fastmlp_rows_open(SEXP set, SEXP scaling, SEXP outputs, SEXP units, SEXP loss, SEXP threads);

/* r_train.c */
/* An external pointer to a trainer. data = list(x =, target =, weights =, worth = <rows that a weight of 1
   stands for, NULL for 1>, offset = <NULL, or doubles, one a row>, rows = <integer 1-based rows to use, or
   NULL for all>), or list(shared = <from fastmlp_rows_open()>, rows = <of the shared ones>); valid = NULL or
   the same; options = list(loss = <loss>, optimizer = list(name =, <its settings>), penalty = <L2>, sparsity
   = <L1>, clip_value =, clip_norm =, max_norm =, ema_decay = <each 0: none>, epochs =, batch_size =, shuffle
   =, patience = <0: none>, min_improvement =, keep_last_tie =, judged_outside =, pause =, key = <two
   integers>, threads = <NA: default>, profile = <logical: measure the phases of a step>, dropout = <double:
   share of units dropped, one a hidden layer>, input_dropout = <double>, input_noise = <double: sd>,
   rate_factors = <list of factors of the learning rate, named by the groups of optimizer.h; those that lack
   are 1>, ntk = <logical: weights are trained as in NTK parametrisation>, drop_incomplete = <logical: the
   epoch's last batch is left out if it is smaller than the others>, steps_back = <logical: the epoch kept
   before the last one is held, too>, whole_epochs = <logical: what ends training in the first epoch leaves
   the initial weights>, variants = <list of such lists of layers as `network`, which then counts for nothing:
   networks that share the weights of the first one's hidden layers and its embedding, each with `input_scale`
   and `unit_scale` of its own in these layers>; from dropout on they may be absent).
 */
SEXP fastmlp_train_open(SEXP network, SEXP data, SEXP valid, SEXP scaling, SEXP options, SEXP state);
/* What going on from here needs, as fastmlp_train_open() takes it for `state` (NULL: from the beginning),
   with the kept network as `network`: list(position = <named doubles>, kept =, previous = <of the epoch
   kept before it, previous_epoch>, parameters =, average =, moment1 =, moment2 =, moment3 = <each a list of
   layers like a network's, or NULL: there is none, or it is as the kept one>). */
SEXP fastmlp_train_state(SEXP trainer);
/* Trains for about `seconds`: list(state = <"running", "finished", "stopped", "diverged">,
   epoch = <epochs completed>, progress = <share of the running epoch>, step = <the one under way, from 1>,
   wants_rate = <logical: fastmlp_train_rates() comes next>, step_seconds = <of all training steps>,
   train_loss, train_score, valid_loss, valid_score, rate = <of the last completed epoch; NA if none>).
   Scores: accuracy, or the mean squared error. */
SEXP fastmlp_train_advance(SEXP trainer, SEXP seconds);
/* Completes the step under way: the same list. */
SEXP fastmlp_train_settle(SEXP trainer);
/* How many external pointers of the engine have a finalizer to come: until there are none the library must
   stay. */
SEXP fastmlp_owners(void);
/* NULL; an interrupt that has come is raised here, as R's own condition. */
SEXP fastmlp_hear(void);
/* The records of all epochs completed since opening: list(train_loss, train_score, valid_loss, valid_score,
   rate), a double each an epoch; rate is the factor of the learning rate at the epoch's last step. */
SEXP fastmlp_train_history(SEXP trainer);
/* The present layers, of a variant by its number from 1 (1 where there is but one network). */
SEXP fastmlp_train_network(SEXP trainer, SEXP judged, SEXP variant);
/* Outputs of the present network, or of a variant, after the link for the training rows or the validation
   rows: double matrix. */
SEXP fastmlp_train_outputs(SEXP trainer, SEXP valid, SEXP link, SEXP variant);
/* Factors for the coming steps, the step under way being the first: list(learn_rate =, decay = <of decoupled
   weight decay>, dropout =), each a double a step or NULL for 1. */
SEXP fastmlp_train_rates(SEXP trainer, SEXP factors);
/* With judged_outside, where no epoch is kept before: tells the value of the last completed epoch, less being
   better (without patience it counts for nothing); the state, as a string. */
SEXP fastmlp_train_judge(SEXP trainer, SEXP value);
/* Whether the kept weights give the first `rows` training rows a finite loss; those of the beginning count
   as such. */
SEXP fastmlp_train_prove(SEXP trainer, SEXP rows);
/* Keeps the weights of the epoch that was kept before, where it is held; the epoch kept up to now. */
SEXP fastmlp_train_step_back(SEXP trainer);
/* Ends training: list(network = <layers with the kept weights>, history = <as above>, epochs = <int,
   completed since the beginning>, kept_epoch = <int, 0 for the initial weights>, threads = <int>,
   step_seconds = <of all training steps>, profile = <named double: seconds a phase, of all members together;
   zeros if not asked for>, variants = <list of the layers of each; NULL where no weights are shared>,
   valid_lost = <whether it was the loss of the validation rows that was not finite>). The pointer is spent
   after it. */
SEXP fastmlp_train_close(SEXP trainer);

/* r_objective.c */
/* An external pointer to the mean loss over all rows of data as a function of a network's parameters, and to
   the data; arguments as above, of which options reads loss, threads and profile. Parameters are one double
   vector: the weights of the first layer (inputs x units, column by column), its biases, the scale of its
   inputs, if that is learned, those of the next layer. */
SEXP fastmlp_objective_open(SEXP network, SEXP data, SEXP valid, SEXP scaling, SEXP options);
/* list(loss =, score = <as of an epoch>, gradient = <of the loss, laid out like the parameters>). */
SEXP fastmlp_objective_at(SEXP objective, SEXP parameters);
/* c(<loss>, <score>) of the validation rows; NULL if there are none. */
SEXP fastmlp_objective_validate(SEXP objective, SEXP parameters);
/* list(network = <layers with these parameters>, threads =, step_seconds = <of all gradients>, profile =) as
   fastmlp_train_close() has them. The pointer is spent after it. */
SEXP fastmlp_objective_close(SEXP objective, SEXP parameters);

/* r_file.c */
/* Whether what was written to a file, or the entries of a folder, have reached the disk: a logical. */
SEXP fastmlp_sync(SEXP path);

#endif
