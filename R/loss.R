#' Losses
#'
#' `loss_value()` is the weighted mean loss over rows, `loss_gradient()` its gradient with respect
#' to the outputs, `loss_names()` lists the losses that can be chosen by name; the other functions
#' choose one with a setting. For a loss of your own see [loss_custom()].
#'
#' @section Numbers:
#' With output \eqn{o} (before any link) and target \eqn{y} the loss is
#' * `"squared"`: \eqn{(o - y)^2}; `"absolute"`: \eqn{|o - y|} (Bishop 2006, section 1.5.5);
#' * `"huber"`: \eqn{(o - y)^2 / 2} up to a distance of `delta`, beyond it
#'   \eqn{\delta (|o - y| - \delta / 2)} (Huber 1964);
#' * `"log_cosh"`: \eqn{\log \cosh(o - y)}{log cosh(o - y)}, squared near 0 and absolute far away
#'   (Saleh and Saleh 2022);
#' * `"quantile"`: the mean over the levels \eqn{\tau} of
#'   \eqn{\max(\tau (y - q_\tau), (\tau - 1)(y - q_\tau))}{max(tau (y - q_tau), (tau - 1)(y - q_tau))}
#'   (Koenker and Bassett 1978). There is one output a level: the first is the lowest quantile, and each
#'   further quantile is the one before plus \eqn{\mathrm{softplus}(o) = \log(1 + e^o)}{softplus(o) =
#'   log(1 + e^o)} of its output, so that quantiles never cross;
#' * `"gaussian"`: \eqn{\log(v) / 2 + (o_1 - y)^2 / (2 v)}{log(v) / 2 + (o_1 - y)^2 / (2 v)} with variance
#'   \eqn{v = \mathrm{softplus}(o_2) + 10^{-6}}{v = softplus(o_2) + 10^{-6}}: the negative log-likelihood less
#'   \eqn{\log(2 \pi) / 2}{log(2 pi) / 2}, with two outputs for each number of the outcome (Nix and Weigend
#'   1994; Lakshminarayanan, Pritzel and Blundell 2017). Standard deviations below 0.001 are out of reach:
#'   scale the outcome.
#'
#' With a log link, \eqn{\mu = \exp(o + \mathrm{offset})}{mu = exp(o + offset)}, the loss is the negative
#' log-likelihood without the terms that do not depend on \eqn{\mu} (McCullagh and Nelder 1989):
#' * `"poisson"`: \eqn{\mu - y \log \mu}{mu - y log mu}, for counts;
#' * `"gamma"`: \eqn{y / \mu + \log \mu}{y / mu + log mu}, for numbers above 0 (shape 1);
#' * `"tweedie"`: \eqn{\mu^{2-p} / (2 - p) - y \mu^{1-p} / (1 - p)} with `power` \eqn{p} between 1 and
#'   2, for numbers of at least 0 (Joergensen 1987);
#' * `"negative_binomial"`: \eqn{s \log(1 + \mu / s) + y \log(1 + s / \mu)}{s log(1 + mu / s) + y log(1 + s
#'   / mu)} with `size` \eqn{s}, for
#'   counts with variance \eqn{\mu + \mu^2 / s}.
#'
#' @section Classes and labels:
#' With outputs \eqn{o_k}, class \eqn{y}, and softmax probabilities \eqn{p_k}
#' * `"cross_entropy"`: \eqn{\log \sum_k \exp(o_k) - o_y}{log sum_k exp(o_k) - o_y}, the negative
#'   log-likelihood of the class (Bridle 1990). With
#'   `label_smoothing` \eqn{\epsilon} a share \eqn{\epsilon} of the target is spread evenly over all
#'   classes (Szegedy et al. 2016);
#' * `"focal"`: \eqn{-(1 - p_y)^\gamma \log p_y}{-(1 - p_y)^gamma log p_y}, which attends to what is still
#'   uncertain (Lin et al. 2017);
#' * `"hinge"`: \eqn{\max(0, 1 + \max_{k \ne y} o_k - o_y)}{max(0, 1 + max_{k != y} o_k - o_y)} (Crammer
#'   and Singer 2001). It gives no
#'   probabilities.
#'
#' For two classes, or any number of labels, with one output \eqn{o} each and \eqn{y} 0 or 1
#' * `"binary_cross_entropy"`: \eqn{\log(1 + \exp(o)) - y o}{log(1 + exp(o)) - y o}, where
#'   \eqn{\mathrm{sigmoid}(o)}{sigmoid(o)} is
#'   the probability of the second level (Bishop 2006, section 4.3.2); label smoothing draws \eqn{y} to
#'   \eqn{(1 - \epsilon) y + \epsilon / 2};
#' * `"binary_focal"`: the focal loss of that probability;
#' * `"binary_hinge"`: \eqn{\max(0, 1 - (2 y - 1) o)}{max(0, 1 - (2 y - 1) o)} (Cortes and
#'   Vapnik 1995).
#'
#' For ordered classes, with one output less than there are classes,
#' * `"ordinal"`: \eqn{-\log(\mathrm{sigmoid}(c_y) - \mathrm{sigmoid}(c_{y-1}))}{-log(sigmoid(c_y) -
#'   sigmoid(c_{y-1}))}, where
#'   \eqn{\mathrm{sigmoid}(c_k)}{sigmoid(c_k)} is the probability of at most class \eqn{k} (McCullagh
#'   1980), \eqn{c_1 = o_1} and \eqn{c_k = c_{k-1} + \mathrm{softplus}(o_k)}{c_k = c_{k-1} +
#'   softplus(o_k)}. The thresholds are in order by construction; as they
#'   are outputs, their distances may depend on the predictors, too (proportional odds are the case in
#'   which they do not).
#'
#' Losses of several numbers or labels are averaged over them. Rows are averaged with weights
#' \eqn{w_i / \sum w}.
#'
#' Beside the loss a fit reports its score: accuracy for classes and labels, the root mean squared error
#' (of the mean, for `"gaussian"`), the mean deviance for losses with a log link, and the loss itself,
#' called `"pinball"`, for quantiles.
#'
#' @param output Numeric matrix rows x outputs (for one output a vector will do).
#'   `r default_among("output", "^loss_")`
#' @param target One value a row. For losses of classes a factor, or whole numbers from 1 to the number of
#'   classes; for those of two classes a factor with two levels, a logical, or numbers in `[0, 1]`;
#'   otherwise numbers. For several numbers or labels a matrix, rows x numbers.
#'   `r default_among("target", "^loss_(value|gradient)$")`
#' @param loss One of `loss_names()`, or a loss with a setting. `r default_among("loss", "^loss_")`
#' @param weights `NULL` for rows that count alike, or one non-negative number a row, of any unit.
#'   `r default_among("weights", "^loss_")`
#' @param delta Distance at which the Huber loss becomes linear: a finite number above 0, in the unit of the
#'   outcome (with `standardize_outcome` of [mlp_fit()] in its standard deviations).
#'   `r default_among("delta", "^loss_")`
#' @param label_smoothing Share \eqn{\epsilon} of the target that is spread over all classes: a number in
#'   `[0, 1)`. `r default_among("label_smoothing", "^loss_")`
#' @param gamma How much less the certain count, \eqn{\gamma}: a finite number above 0.
#'   `r default_among("gamma", "^loss_")`
#' @param levels Levels \eqn{\tau} of the quantiles: at most 128 increasing numbers between 0 and 1.
#'   `r default_among("levels", "^loss_")`
#' @param power Power \eqn{p} of the mean that the variance is in proportion to: a number in `(1, 2)`.
#'   `r default_among("power", "^loss_")`
#' @param size Size \eqn{s} (the reciprocal of the dispersion): a finite number above 0.
#'   `r default_among("size", "^loss_")`
#' @param ... Must be empty.
#' @return `loss_value()`: a number. `loss_gradient()`: a matrix rows x outputs. `loss_names()`:
#'   a character vector. The others: an object of class `fastmlp_loss`.
#' @references Bishop CM (2006). "Pattern recognition and machine learning." Springer.
#'
#'   Bridle JS (1990). "Probabilistic interpretation of feedforward classification network outputs, with
#'   relationships to statistical pattern recognition." In Neurocomputing, Springer.
#'
#'   Cortes C, Vapnik V (1995). "Support-vector networks." Machine Learning 20.
#'
#'   Crammer K, Singer Y (2001). "On the algorithmic implementation of multiclass
#'   kernel-based vector machines." Journal of Machine Learning Research 2.
#'
#'   Huber PJ (1964). "Robust estimation of a location parameter." Annals of Mathematical
#'   Statistics 35.
#'
#'   Joergensen B (1987). "Exponential dispersion models." Journal of the Royal Statistical Society B 49.
#'
#'   Koenker R, Bassett G (1978). "Regression quantiles." Econometrica 46.
#'
#'   Lakshminarayanan B, Pritzel A, Blundell C (2017). "Simple and scalable predictive uncertainty
#'   estimation using deep ensembles." NeurIPS.
#'
#'   Lin TY, Goyal P, Girshick R, He K, Dollar P (2017). "Focal loss for dense object detection." ICCV.
#'
#'   McCullagh P (1980). "Regression models for ordinal data." Journal of the Royal Statistical
#'   Society B 42.
#'
#'   McCullagh P, Nelder JA (1989). "Generalized linear models." Chapman and Hall.
#'
#'   Nix DA, Weigend AS (1994). "Estimating the mean and variance of the target probability
#'   distribution." ICNN.
#'
#'   Saleh RA, Saleh AKME (2022). "Statistical properties of the log-cosh loss function used in machine
#'   learning." arXiv:2208.04564.
#'
#'   Szegedy C, Vanhoucke V, Ioffe S, Shlens J, Wojna Z (2016). "Rethinking the inception
#'   architecture for computer vision." CVPR.
#' @examples
#' output <- matrix(c(2, 0, 1, 0, 3, 1), nrow = 2)
#' loss_value(output, c(1, 3), "cross_entropy")
#' loss_gradient(output, c(1, 3), "cross_entropy")
#' loss_value(c(1, 2, 3), c(1, 2, 7), loss_huber(delta = 1))
#' loss_value(c(0, 1, 2), c(1, 2, 7), "poisson")
#' loss_quantile(c(0.1, 0.5, 0.9))
#' @export
loss_value <- strict(function(output, target, loss, weights = NULL) {
  check_given()
  loss_result(output, target, loss, weights, gradient = FALSE, call = environment())$value
})

#' @rdname loss_value
#' @export
loss_gradient <- strict(function(output, target, loss, weights = NULL) {
  check_given()
  loss_result(output, target, loss, weights, gradient = TRUE, call = environment())$gradient
})

#' @rdname loss_value
#' @export
loss_names <- function() {
  names(Filter(function(loss) !identical(loss$by_name, FALSE), losses))
}

#' @rdname loss_value
#' @export
loss_cross_entropy <- strict(function(label_smoothing = 0) {
  new_loss("cross_entropy", check_smoothing(label_smoothing))
})

#' @rdname loss_value
#' @export
loss_binary_cross_entropy <- strict(function(label_smoothing = 0) {
  new_loss("binary_cross_entropy", check_smoothing(label_smoothing))
})

#' @rdname loss_value
#' @export
loss_focal <- strict(function(gamma = 2) new_loss("focal", check_positive(gamma, "gamma")))

#' @rdname loss_value
#' @export
loss_binary_focal <- strict(function(gamma = 2) new_loss("binary_focal", check_positive(gamma, "gamma")))

#' @rdname loss_value
#' @export
loss_huber <- strict(function(delta = 1) new_loss("huber", check_positive(delta, "delta")))

#' @rdname loss_value
#' @export
loss_quantile <- strict(function(levels = 0.5) {
  levels <- check_levels(levels, "levels")
  most <- 128L # LOSS_HEADS of the engine
  if (length(levels) > most) {
    abort_argument("levels", sprintf("at most %d numbers", most), describe(levels), "shape")
  }
  new_loss("quantile", levels = levels)
})

#' @rdname loss_value
#' @export
loss_tweedie <- strict(function(power = 1.5) {
  new_loss("tweedie", check_number(power, "power", 1, 2, open = c("from", "to")))
})

#' @rdname loss_value
#' @export
loss_negative_binomial <- strict(function(size = 1) {
  new_loss("negative_binomial", check_positive(size, "size"))
})

check_positive <- function(x, arg, call = rlang::caller_env()) {
  check_number(x, arg, 0, open = c("from", "to"), call = call)
}

check_smoothing <- function(x, call = rlang::caller_env()) {
  check_number(x, "label_smoothing", 0, 1, open = "to", call = call)
}

# Levels of quantiles, increasing.
check_levels <- function(x, arg, call = rlang::caller_env()) {
  ok <- is_plain_numeric(x) && length(x) > 0 && !anyNA(x) && all(x > 0 & x < 1) && all(diff(x) > 0)
  if (!ok) {
    expected <- "increasing numbers between 0 and 1"
    abort_argument(arg, expected, describe(x), fault_kind(x, NULL), call = call)
  }
  as.double(x)
}

# A loss with its setting, which is a number, or levels with one output each for every number of the
# outcome.
new_loss <- function(name, parameter = 0, levels = NULL, fn = NULL) {
  loss <- c(list(name = name, parameter = parameter), list(levels = levels, fn = fn))
  structure(Filter(Negate(is.null), loss), class = "fastmlp_loss")
}

# The call that makes the object, or its name where there is nothing to set.
#' @export
format.fastmlp_loss <- function(x, ...) {
  row <- losses[[x$name]]
  setting <- row$setting
  if (isFALSE(row$by_name)) return(sprintf("loss_custom(target = %s)", format_value(row$target)))
  value <- x$levels %||% x$parameter
  if (is.null(setting) || identical(value, 0)) return(format_value(x$name))
  sprintf("loss_%s(%s = %s)", x$name, setting, format_setting(value))
}

#' @export
print.fastmlp_loss <- function(x, ...) print_line(x, ...)

loss_result <- function(output, target, loss, weights, gradient, call) {
  if (is_plain_numeric(output) && is.null(dim(output))) output <- matrix(output)
  output <- check_matrix(output, "output", call = call)
  check_some_rows(output, "output", call)
  loss <- as_loss(loss, "loss", call)
  target <- as_loss_target(target, loss, nrow(output), ncol(output), "target", call)
  weights <- check_case_weights(weights, nrow(output), call = call)
  run_loss(loss, call, function(loss) .Call(fastmlp_loss, output, target, weights, loss, gradient))
}

check_some_rows <- function(x, arg, call) {
  if (nrow(x) == 0) abort_argument(arg, "have at least one row", "no rows", "shape", call = call)
  x
}
