#' Fit a multilayer perceptron
#'
#' Trains a multilayer perceptron by mini-batch gradient descent, for classification (softmax with
#' cross-entropy) or regression (squared error).
#'
#' @section What is minimised:
#' The mean loss of the training rows, weighted by `weights`, plus `penalty / 2` times the sum of all
#' squared weights of the network (never biases). Losses are given in [loss_value()], the steps in
#' [opt_sgd()], the initial weights in [init_he()].
#'
#' @section Outcome:
#' A factor makes a classifier with one output a level; characters and logicals are turned into a
#' factor. Levels without rows stay classes of the model, with a warning. A logical matrix, or several
#' columns that are all logical or factors with two levels, makes a classifier of several labels, one
#' output each, of which any number may be true in a row. Numbers (whole numbers
#' too) make a regression; a matrix or several columns one with several outputs. Numbers are fitted
#' as they are: an outcome far from 0, or with a spread far from 1, asks for a smaller learning rate,
#' or is better centred and scaled beforehand.
#'
#' @section Predictors:
#' A numeric matrix is read as it is. In data frames and formulas a factor or character column
#' becomes one indicator a level, and there is no intercept column (every layer has its bias). A
#' logical column counts as 0 and 1. Dates, lists and the like are refused by name.
#'
#' Missing and infinite values are refused; constant and duplicated columns give one warning each.
#' The statistics for standardising are those of the training rows, never of a validation share.
#'
#' @section Random numbers:
#' With [set.seed()] a fit can be repeated exactly, at any number of threads. Two integers are drawn
#' from R's generator to key the engine's own, which draws initial weights and shuffles; then the
#' rows of a validation share are drawn with [sample()].
#'
#' @section Conditions:
#' Errors have class `fastmlp_error` and warnings class `fastmlp_warning`, beside one of their own:
#' `fastmlp_warning_diverged` when the loss becomes infinite or not a number (training ends and the
#' last finite epoch is kept), `fastmlp_warning_interrupted` when the user stops training (the last
#' completed epoch is kept or, in the first, the weights so far), `fastmlp_warning_constant`,
#' `fastmlp_warning_duplicated` and `fastmlp_warning_levels`.
#'
#' @param x Predictors: a numeric matrix, or a data frame of numeric, logical, factor or character
#'   columns; one row a case.
#' @param y Outcome, one row a case: a factor, character or logical for classes; a numeric vector or
#'   matrix, or a data frame of numeric columns, for numbers; a logical matrix, or a data frame of
#'   logical columns and factors with two levels, for several labels. A data frame of one column may
#'   hold classes or numbers.
#' @param formula `outcome ~ predictors`. Functions such as `log(x)`, interactions and `.` work;
#'   `a + b ~ .` and `cbind(a, b) ~ .` make a regression with two outputs. `offset(log(n))` adds to
#'   the outputs of losses with a log link. All variables are columns
#'   of `data`, and functions of your own are not found: compute such terms as columns first.
#'   Factors, too, are made beforehand, so that their levels are remembered.
#' @param data A data frame with the variables of the formula.
#' @param hidden_units Units of each hidden layer: whole numbers of at least 1. `integer()` gives
#'   linear or softmax regression.
#' @param activation Activation of the hidden layers: names from [activation_names()], one for all
#'   or one a layer.
#' @param loss One of [loss_names()], a loss with settings such as [loss_huber()], or one of your own by
#'   [loss_custom()]; see [loss_value()]. By default `"cross_entropy"` for classes,
#'   `"binary_cross_entropy"` for several labels and `"squared"` for numbers.
#'   `"binary_cross_entropy"` with one outcome needs a factor with two levels, and has one output: the
#'   logit of the second level.
#' @param optimizer An optimizer such as [opt_sgd()] or [opt_adam()].
#' @param epochs Passes through the training rows: a whole number of at least 1.
#' @param batch_size Rows a step: a whole number of at least 1, or `Inf` for all rows at once.
#' @param validation Rows to validate on after each epoch: a share in `[0, 1)` of the rows (within
#'   each class for a classifier), drawn at random and not trained on; or other data: a data frame
#'   for the formula method, `list(x = , y = )` for the others. Rows drawn as a share keep their
#'   `weights`; other data count equally.
#' @param patience Epochs without a better validation loss before training stops: a whole number of
#'   at least 1, or `Inf` to never stop. With a number, the epoch with the best validation loss is
#'   kept.
#' @param penalty L2 penalty on the weights: a finite number of at least 0.
#' @param weights Case weights: one non-negative number a row. The gradient of a batch is
#'   `sum(weights * gradient)` over its rows, divided by the number of its rows times the mean weight
#'   of all training rows: a weight of 2 counts as two rows, whatever the batch size.
#' @param offset For losses with a log link (`"poisson"`, `"gamma"`, [loss_tweedie()] and
#'   [loss_negative_binomial()]): what is added to the outputs before the link, one finite number a
#'   row, such as the logarithm of an exposure. `NULL` for nothing. In a formula write `offset()`
#'   instead. Validation data then need theirs, too: `list(x = , y = , offset = )`.
#' @param standardize What is done to the predictors first: `"none"`; `"zscore"` (subtract the mean,
#'   divide by the standard deviation); `"robust"` (subtract the median, divide by the interquartile
#'   range over 1.349).
#' @param init An initialiser such as [init_he()], or initial values: a list of
#'   `list(weight = , bias = )`, one a layer, such as [coef()][coef.fastmlp] gives.
#' @param shuffle Whether the order of rows is drawn anew for each epoch: `TRUE` or `FALSE`.
#' @param threads Threads to use: a whole number of at least 1; by default [mlp_threads()].
#' @param verbose Whether to show progress: `TRUE` or `FALSE`; or `2`, to measure and show at the end
#'   where the time of the training steps went, too (which slows small networks down). By default
#'   `TRUE` in interactive sessions.
#' @param preset Where the arguments that are not given come from. `"plain"` is the textbook: 256
#'   hidden units with `"relu"`, `opt_sgd()`, 10 epochs of batches of 256 rows, no validation, no
#'   penalty, nothing standardised, `init_he()`, shuffled.
#' @param ... Must be empty.
#' @return An object of class `fastmlp`, a list of
#' * `network`: the trained [mlp_network()];
#' * `history`: a data frame with `epoch`, `set` (`"train"`, `"validation"`), `metric` (`"loss"` and the
#'   score of the loss: `"accuracy"`, `"rmse"`, `"deviance"`, `"pinball"`, or `"value"` for a loss of your
#'   own) and `value`. Training values are means over the epoch's batches,
#'   taken while the weights move. The loss is without the penalty;
#' * `outcome`, `predictors`, `standardize`, `blueprint`: what [predict()][predict.fastmlp] needs;
#' * `arguments`: what the fit was made with;
#' * `training`: `rows`, `validation_rows`, `epochs` completed, `kept_epoch`, why it `stopped`
#'   (`"finished"`, `"stopped"` early, `"diverged"`, `"interrupted"`), `seconds` in all and
#'   `step_seconds` of the training steps alone (without conversion and validation), `threads`,
#'   `simd`, and with `verbose = 2` the `profile`: a data frame with the `seconds` and the `share` of
#'   each `phase` of the steps, summed over the threads;
#' * `version` of the package.
#'
#' It holds neither the training data nor the call, and can be saved with [saveRDS()].
#' @seealso [predict.fastmlp()], [coef.fastmlp()], [mlp_network()]
#' @examples
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, hidden_units = 16, epochs = 50, batch_size = 16,
#'                standardize = "zscore")
#' fit
#' predict(fit, iris[c(1, 51, 101), ], type = "prob")
#'
#' # Regression from a matrix, with a validation share and an outcome that is centred and scaled
#' x <- as.matrix(mtcars[-1])
#' y <- (mtcars$mpg - 20) / 6
#' fit <- mlp_fit(x, y, hidden_units = 8, activation = "tanh", optimizer = opt_sgd(0.02),
#'                epochs = 50, batch_size = 8, standardize = "zscore", validation = 0.2)
#' 20 + 6 * predict(fit, x[1:3, ])
#' @export
mlp_fit <- function(x, ...) {
  if (...length() == 0) check_given()
  UseMethod("mlp_fit")
}

# A method: its own arguments, then the settings that all methods share. design(frame) makes a design
# from the former.
fit_method <- function(own, design) {
  method <- function() {
    call <- environment()
    check_no_dots(..., known = names(formals()), synonyms = fit_synonyms)
    check_given()
    settings <- fit_settings(call)
    mlp_bridge(design(call), settings, call)
  }
  force(design)
  settings <- lapply(presets$plain, function(default) NULL)
  formals(method) <- c(own, settings, list(preset = "plain"), alist(... = ))
  method
}

#' @rdname mlp_fit
#' @export
mlp_fit.matrix <- fit_method(
  alist(x = , y = ), function(frame) design_matrix(frame$x, frame$y, frame)
)

#' @rdname mlp_fit
#' @export
mlp_fit.data.frame <- fit_method(
  alist(x = , y = ), function(frame) design_frame(frame$x, frame$y, frame)
)

#' @rdname mlp_fit
#' @export
mlp_fit.formula <- fit_method(
  alist(formula = , data = ), function(frame) design_formula(frame$formula, frame$data, frame)
)

#' @rdname mlp_fit
#' @export
mlp_fit.default <- function(x, ...) {
  check_given()
  hint <- if (is_plain_vector(x)) "For one predictor, use `matrix(x, ncol = 1)`."
  abort_argument("x", "a numeric matrix, a data frame or a formula", describe(x), "type", hint)
}

# From a design to a fit: all checks, then the random draws (key first, validation share second),
# then training.
mlp_bridge <- function(design, settings, call) {
  args <- design$args
  x <- check_some_rows(design$x, args$x, call)
  outcome <- as_outcome(design$y, settings$loss, args$y, call)
  check_same_rows(nrow(x), outcome_rows(outcome), args$y, call)
  sizes <- c(length(design$predictors$names), settings$hidden_units, outcome_outputs(outcome))
  settings$init <- check_initial(settings$init, sizes, call)
  settings["weights"] <- list(check_case_weights(settings$weights, nrow(x), call = call))
  offset <- fit_offset(settings, design, outcome, call)
  settings["validation"] <- list(offset$validation)
  validation <- check_validation(settings, design, outcome, call)
  scan <- check_predictors(x, design$predictors, args$x, call)

  key <- draw_key()
  sets <- training_sets(x, outcome, settings$weights, validation, call)
  sets <- with_offset(sets, offset, validation$kind, call)
  scaling <- standardization(settings$standardize, x, sets$train$rows, scan)
  layers <- initial_layers(settings$init, sizes, key)
  network <- new_network(layers, settings$activation)
  trained <- train(network, sets, scaling_of(scaling), outcome$info, settings, key, call)
  info <- remembered_outcome(outcome$info, offset)
  new_fastmlp(
    network = new_network(trained$layers, settings$activation),
    history = trained$history,
    outcome = info,
    predictors = design$predictors,
    standardize = scaling,
    arguments = used_arguments(settings, info),
    training = c(list(rows = set_rows(sets$train), validation_rows = set_rows(sets$valid)),
                 trained$summary),
    blueprint = design$blueprint
  )
}

# A fit keeps neither a function of the user's nor the values of an offset.
remembered_outcome <- function(info, offset) {
  info$loss$fn <- NULL
  c(info, list(offset = offset$source))
}

check_same_rows <- function(expected, rows, arg, call) {
  if (rows == expected) return(invisible())
  abort_argument(arg, sprintf("have %s, like `x`", count_of(expected, "row")),
                 count_of(rows, "row"), "shape", call = call)
}

# What summary() shows: settings as used, with data left out.
used_arguments <- function(settings, info) {
  settings$loss <- info$loss
  if (!is.null(settings$weights)) settings$weights <- "given"
  if (!is.null(settings$offset)) settings$offset <- "given"
  if (is.list(settings$validation)) settings$validation <- "data"
  if (!inherits(settings$init, "fastmlp_init")) settings$init <- "given"
  settings
}
