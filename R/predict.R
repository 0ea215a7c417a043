#' Predictions of a fitted perceptron
#'
#' Classes, probabilities, numbers, quantiles or intervals for new rows, as a tibble with a row for each.
#'
#' @param object A fit by [mlp_fit()].
#' @param new_data A matrix, sparse matrix or data frame with the predictors of the fit. Columns are matched
#'   by name (by position if the fit's matrix had no names); others are ignored. Infinite
#'   values, missing columns and wrong types are errors, and so are missing values and levels not seen in
#'   training, unless `na_action` and `new_levels` of [mlp_fit()] said otherwise.
#' @param type What to predict; the first is the default:
#'   * for classes `"class"`, `"prob"` (not with hinge losses) or `"raw"`; for several labels the same;
#'   * for numbers `"numeric"`, the mean (not with quantile loss), or `"raw"`; with quantile or
#'     Gaussian loss also `"quantile"` and `"pred_int"`; other fits with validation rows (and without an
#'     offset before a log link) have `"pred_int"`, too.
#'
#'   `"raw"` is what the last layer gives, before any link and offset; see [loss_value()] for what it
#'   means.
#' @param ... Must be empty.
#' @param offset For a fit with the argument `offset`: that of the new rows, one finite number a row. A
#'   fit with `offset()` in its formula finds it in `new_data`.
#' @param level For `type = "pred_int"`: the share of outcomes that the interval should hold, a number
#'   between 0 and 1. Its ends are the quantiles at `(1 - level) / 2` and `(1 + level) / 2`; a fit with
#'   quantile loss must have both among its levels.
#' @param levels For `type = "quantile"`: increasing numbers between 0 and 1. With quantile loss some of the
#'   fit's levels (`NULL` for all), with Gaussian loss any (`NULL` for 0.05, 0.5 and 0.95).
#' @param epoch `NULL` for the network of the fit, or one of the epochs that the fit kept (`keep_epochs`
#'   of [mlp_fit()]) for that epoch's. The temperature of `calibrate` and intervals from validation rows
#'   belong to the epoch `training$kept_epoch` of the fit, and other epochs are without them; its variance of
#'   roots (`transform_outcome`) is added to the means of all.
#' @param threads Threads to use: a whole number of at least 1; `NULL` for [mlp_threads()].
#' @section Intervals from validation rows:
#' Where the loss gives no quantiles, `type = "pred_int"` is the mean plus and minus the
#' \eqn{\lceil (n + 1) \, level \rceil}{ceiling((n + 1) level)}-th smallest of the \eqn{n} absolute errors
#' on the validation rows (split conformal prediction: Vovk, Gammerman and Shafer 2005; Lei, G'Sell,
#' Rinaldo, Tibshirani and Wasserman 2018), as they were with the kept epoch; case weights do not count.
#' With a transform of the outcome errors are differences of what it gives, and the ends of the interval are
#' brought back from it, so that intervals of roots are wider for large predictions than for small ones, and
#' never end below 0.
#' If new rows and validation rows are exchangeable and the network does not depend on the latter, the
#' interval holds a new outcome with a probability of at least `level`. That they have chosen the epoch
#' makes intervals a little too narrow; after `refit` the network knows them, but the errors are those
#' from before. The members of an ensemble that hold different rows are asked about their own: the errors
#' are those of fewer members than predict, and intervals rather too wide. Where \eqn{n} is too
#' small for a level the interval is infinite, with a warning. Of more than 2000 validation rows 2000 of
#' the errors are kept, and the next larger one is taken.
#'
#' @references Lei J, G'Sell M, Rinaldo A, Tibshirani R, Wasserman L (2018). "Distribution-free predictive
#'   inference for regression." Journal of the American Statistical Association 113.
#'
#'   Vovk V, Gammerman A, Shafer G (2005). Algorithmic Learning in a Random World. Springer.
#' @return A tibble with the rows of `new_data` in their order and the columns
#' * `.pred_class`, a factor; for several labels `.pred_class_<label>`, each like the outcome's
#'   column;
#' * `.pred_<level>`, probabilities; for several labels `.pred_<label>`, the probability of `TRUE` or
#'   the second level;
#' * `.pred`, or `.pred_<name>` for several outcomes;
#' * `.pred_q0.1` and so on for quantiles, `.pred_lower` and `.pred_upper` for intervals; with the
#'   name in front for several outcomes (`.pred_<name>_q0.1`, `.pred_<name>_lower`);
#' * `.raw`, or `.raw_<output>` for several outputs: levels, names of outcomes,
#'   `<level>|<next level>` for thresholds of an ordinal fit, `mean` and `variance`, `q0.1`.
#' @examples
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, preset = "fast")
#' predict(fit, iris[1:3, ])
#' predict(fit, iris[1:3, ], type = "prob")
#'
#' fit <- mlp_fit(mpg ~ wt + hp, mtcars, preset = "fast", loss = "gaussian")
#' predict(fit, mtcars[1:3, ], type = "pred_int", level = 0.8)
#' predict(fit, mtcars[1:3, ], type = "quantile", levels = c(0.25, 0.75))
#' @export
predict.fastmlp <- function(object, new_data, type = NULL, ..., offset = NULL, level = 0.95,
                            levels = NULL, epoch = NULL, threads = NULL) {
  call <- environment()
  check_no_dots(..., known = setdiff(names(formals()), "object"))
  check_given(list(new_data = "A fit does not hold its training data."))
  check_model(object)
  object <- at_epoch(object, epoch, call)
  outcome <- object$outcome
  type <- check_type(type, outcome, call)
  given <- c(level = !missing(level), levels = !is.null(levels))
  request <- c(check_request(type, outcome, level, levels, given, call), list(call = call))
  predictions(object, new_data, type, request, offset, resolve_threads(threads), call)
}

# Predictions of a type that the fit has; the request as check_request() gives it, with the call.
predictions <- function(object, new_data, type, request, offset, threads, call) {
  outcome <- object$outcome
  of_rows <- function(new_data, offset) {
    x <- forge_predictors(new_data, object$blueprint, object$predictors, "new_data", call)
    check_sparse_network(object$network, object$standardize, x, "new_data", call)
    request$offset <- predict_offset(offset, outcome$offset, new_data, type, call)
    run <- function(link) network_outputs(object, x, link, threads, call, request$offset)
    types_of_fit(outcome)[[type]]$of(object, run, request, links[[outcome$link]])
  }
  if (omits(object$predictors)) predict_complete(object, new_data, offset, of_rows) else
    of_rows(new_data, offset)
}

# The levels of quantiles that a type of prediction needs, or the level of an interval: list(levels) or
# list(level), or NULL; arguments that it does not take are refused.
check_request <- function(type, outcome, level, levels, given, call) {
  takes <- prediction_types[[outcome$type]][[type]]$takes
  for (arg in setdiff(names(given)[given], takes)) {
    users <- names(Filter(function(type) arg %in% type$takes, prediction_types$numeric))
    abort_argument(arg, sprintf("left out unless `type` is %s", enumerate(users)),
                   sprintf("it with `type = \"%s\"`", type), call = call)
  }
  if (is.null(takes)) return(NULL)
  own <- links[[outcome$link]]$levels
  own <- if (!is.null(own)) own(outcome)
  if (takes == "level") {
    level <- check_number(level, "level", 0, 1, open = c("from", "to"), call = call)
    levels <- c(1 - level, 1 + level) / 2
  } else if (is.null(levels)) {
    return(list(levels = own %||% c(0.05, 0.5, 0.95)))
  } else {
    levels <- check_levels(levels, "levels", call)
  }
  absent <- if (!is.null(own)) !format_plainly(levels) %in% format_plainly(own)
  if (any(absent)) {
    expected <- if (takes == "levels") "among the levels of the fit" else
      "one whose ends are among the levels of the fit"
    ends <- if (takes == "level") sprintf("%s, whose ends are ", format(level)) else ""
    hint <- sprintf("They are chosen at the fit, such as `loss = loss_quantile(%s)`.",
                    format_setting(as.numeric(format_plainly(sort(unique(c(own, levels)))))))
    abort_argument(takes, sprintf("%s (%s)", expected, enumerate(own)),
                   paste0(ends, enumerate(as.numeric(format_plainly(levels[absent])))), hint = hint,
                   call = call)
  }
  list(levels = levels, level = level)
}

# Outputs after a link, of the network or of an ensemble's, with an offset that joins them before;
# probabilities at the temperature of the fit.
network_outputs <- function(object, x, link, threads, call, offset = NULL) {
  if (nrow(x) == 0) return(matrix(0, 0, object$network$outputs))
  networks <- object$members %||% list(object$network)
  temperature <- object$outcome$temperature
  plain <- is.null(offset) && (link == "none" || is.null(temperature))
  by_engine <- length(networks) == 1 && plain
  outputs <- lapply(networks, function(network) {
    one_output(network, object, x, if (by_engine) link else "none", threads, call)
  })
  if (by_engine) outputs[[1]] else joint_after(outputs, object$outcome, link, offset)
}

# The joint outputs of a fit's networks after a link. Without one they are as the networks give them.
joint_after <- function(outputs, outcome, link, offset) {
  output <- joint_output(lapply(outputs, plus_offset, offset, outcome, "outputs"), outcome)
  temperature <- if (link != "none") outcome$temperature
  linked(if (is.null(temperature)) output else tempered(output, temperature, offset), link)
}

one_output <- function(network, object, x, link, threads, call) {
  output <- .Call(fastmlp_predict, network$layers, x, scaling_of(object$standardize), link, threads)
  if (is.null(output)) abort_rows(x, "new_data", call)
  if (!is.finite(sum(output))) {
    row <- which(!is.finite(rowSums(output)))[1]
    hint <- if (identical(object$training$stopped, "diverged")) "Training of this fit diverged."
    abort_argument("new_data", "small enough for finite outputs in single precision",
                   sprintf("an output that is not finite in row %d", row), hint = hint, call = call)
  }
  output
}

# Rows that cannot be predicted are named, never dropped.
abort_rows <- function(x, arg, call) {
  scan <- .Call(fastmlp_scan, x, NULL)
  hint <- c(sprintf("Rows with such values: %s.", enumerate(bad_rows(x, scan))),
            if (any(scan$infinite > 0)) infinite_hint else if (!is_sparse(x)) new_gaps_hint)
  check_all_finite(scan, x, arg, hint, call)
}
