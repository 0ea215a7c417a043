#' Losses
#'
#' `loss_value()` is the weighted mean loss over rows, `loss_gradient()` its gradient with respect
#' to the outputs, `loss_names()` lists the losses and `loss_huber()` chooses one with a setting.
#'
#' With outputs \eqn{o} of a row (before any softmax or sigmoid) and target \eqn{y}, the loss of
#' the row is
#' * `"cross_entropy"`: \eqn{\log \sum_k \exp(o_k) - o_y}, the negative log-likelihood of the class;
#' * `"binary_cross_entropy"`: \eqn{\log(1 + \exp(o)) - y o}, where \eqn{\mathrm{sigmoid}(o)} is
#'   the probability of the second level;
#' * `"squared"`: \eqn{(o - y)^2}; `"absolute"`: \eqn{|o - y|};
#' * `"huber"`: \eqn{(o - y)^2 / 2} up to a distance of `delta`, beyond it
#'   \eqn{\delta (|o - y| - \delta / 2)} (Huber 1964).
#'
#' All but the first are averaged over several outputs. Rows are averaged with weights
#' \eqn{w_i / \sum w}.
#'
#' @param output Numeric matrix rows x outputs (for one output a vector will do).
#' @param target One value a row. For `"cross_entropy"` a factor, or whole numbers from 1 to the
#'   number of outputs; for `"binary_cross_entropy"` a factor with two levels, a logical, or numbers
#'   in `[0, 1]`; otherwise numbers. For several outputs a matrix of the same shape as `output`.
#' @param loss One of `loss_names()`, or `loss_huber()`.
#' @param weights `NULL`, or one non-negative number a row.
#' @param delta Distance at which the Huber loss becomes linear: a finite number above 0.
#' @return `loss_value()`: a number. `loss_gradient()`: a matrix rows x outputs. `loss_names()`:
#'   a character vector. `loss_huber()`: an object of class `fastmlp_loss`.
#' @references Huber PJ (1964). "Robust estimation of a location parameter." Annals of Mathematical
#'   Statistics 35.
#' @examples
#' output <- matrix(c(2, 0, 1, 0, 3, 1), nrow = 2)
#' loss_value(output, c(1, 3), "cross_entropy")
#' loss_gradient(output, c(1, 3), "cross_entropy")
#' loss_value(c(1, 2, 3), c(1, 2, 7), loss_huber(delta = 1))
#' @export
loss_value <- function(output, target, loss, weights = NULL) {
  check_given()
  loss_result(output, target, loss, weights, gradient = FALSE, call = environment())$value
}

#' @rdname loss_value
#' @export
loss_gradient <- function(output, target, loss, weights = NULL) {
  check_given()
  loss_result(output, target, loss, weights, gradient = TRUE, call = environment())$gradient
}

#' @rdname loss_value
#' @export
loss_names <- function() .Call(fastmlp_loss_names)

#' @rdname loss_value
#' @export
loss_huber <- function(delta = 1) {
  new_loss("huber", check_number(delta, "delta", 0, open = c("from", "to")))
}

#' @export
format.fastmlp_loss <- function(x, ...) {
  if (x$name == "huber") sprintf("loss_huber(delta = %s)", format(x$parameter)) else
    format_value(x$name)
}

#' @export
print.fastmlp_loss <- function(x, ...) print_line(x)

new_loss <- function(name, parameter = 0) {
  structure(list(name = name, parameter = parameter), class = "fastmlp_loss")
}

loss_result <- function(output, target, loss, weights, gradient, call) {
  if (is_plain_numeric(output) && is.null(dim(output))) output <- matrix(output)
  output <- check_matrix(output, "output", call = call)
  check_some_rows(output, "output", call)
  loss <- as_loss(loss, "loss", call)
  target <- as_loss_target(target, loss, nrow(output), ncol(output), "target", call)
  weights <- check_case_weights(weights, nrow(output), call = call)
  .Call(fastmlp_loss, output, target, weights, loss, gradient)
}

# What R needs to know of each loss: the kind of its targets, the link that turns outputs into
# predictions, and what its score is called.
losses <- list(
  cross_entropy = list(target = "classes", link = "softmax", metric = "accuracy"),
  binary_cross_entropy = list(target = "probability", link = "sigmoid", metric = "accuracy"),
  squared = list(target = "numbers", link = "none", metric = "rmse"),
  absolute = list(target = "numbers", link = "none", metric = "rmse"),
  huber = list(target = "numbers", link = "none", metric = "rmse")
)

as_loss <- function(loss, arg, call) {
  if (inherits(loss, "fastmlp_loss")) return(loss)
  name <- check_choice(loss, arg, loss_names(), call = call)
  if (name == "huber") loss_huber() else new_loss(name)
}

# The loss that a kind of target asks for where none was chosen.
default_loss <- function(y, outputs = NULL) {
  if (!is.factor(y)) return(new_loss("squared"))
  new_loss(if (identical(outputs, 1L)) "binary_cross_entropy" else "cross_entropy")
}

# A target in the engine's form: integer classes, or a double matrix rows x outputs.
as_loss_target <- function(target, loss, rows, outputs, arg, call) {
  convert <- loss_targets[[losses[[loss$name]]$target]]
  target <- convert(target, loss, outputs, arg, call)
  n <- if (is.matrix(target)) nrow(target) else length(target)
  if (n != rows) {
    abort_argument(arg, sprintf("have %s, one a row", count_of(rows, "value")), describe(target),
                   "shape", call = call)
  }
  target
}

loss_targets <- list(
  classes = function(target, loss, outputs, arg, call) {
    if (is.factor(target)) {
      if (nlevels(target) != outputs) {
        expected <- sprintf("a factor with one level an output (%d)", outputs)
        abort_argument(arg, expected, sprintf("%d levels", nlevels(target)), "shape", call = call)
      }
      target <- as.integer(target)
      if (!anyNA(target)) return(target)
    }
    check_count(target, arg, 1, outputs, length = NULL, call = call)
  },

  probability = function(target, loss, outputs, arg, call) {
    if (is.factor(target) && nlevels(target) != 2) {
      abort_argument(arg, "a factor with two levels", sprintf("%d levels", nlevels(target)),
                     "shape", call = call)
    }
    if (is.factor(target)) target <- as.integer(target) - 1
    if (is.logical(target)) target <- target + 0
    target <- target_matrix(target, outputs, arg, call)
    bad <- which(target < 0 | target > 1)
    if (length(bad)) abort_argument(arg, "within [0, 1]", describe(target[bad[1]]), call = call)
    target
  },

  numbers = function(target, loss, outputs, arg, call) {
    if (is.factor(target)) {
      abort_argument(arg, sprintf("numeric for loss \"%s\"", loss$name), describe(target), "type",
                     call = call)
    }
    target_matrix(target, outputs, arg, call)
  }
)

target_matrix <- function(target, outputs, arg, call) {
  if (is_plain_numeric(target) && is.null(dim(target))) target <- matrix(target)
  target <- check_matrix(target, arg, columns = outputs, call = call)
  check_finite_values(target, arg, call)
  as_double(target)
}

check_some_rows <- function(x, arg, call) {
  if (nrow(x) == 0) abort_argument(arg, "have at least one row", "no rows", "shape", call = call)
  x
}
