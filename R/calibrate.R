# What the validation rows tell about predictions once the network is trained: a temperature for
# probabilities, how far numbers are off, and what means brought back from roots lack.

#' @param calibrate Whether probabilities are calibrated on the validation rows: `TRUE` (which needs
#'   `validation`, such as 0.2) or `FALSE`. The outputs are divided by a temperature \eqn{T > 0} before the
#'   link (Guo et al. 2017), the one with the smallest log-loss on these rows, weighted as they are, under a
#'   standard normal prior of \eqn{\log T}{log T}, which keeps few rows from extremes. It leaves the classes
#'   as they are (but where there is an `offset`, which is added afterwards), and `type = "raw"`, too. For
#'   losses that give probabilities by softmax or sigmoid. `r default_of("calibrate")`
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 10
NULL

calibrates <- function(link) link %in% c("softmax", "sigmoid")

check_calibrate <- function(settings, info, validation, call) {
  if (!settings$calibrate) return(invisible())
  if (!calibrates(info$link)) {
    expected <- sprintf("FALSE with loss %s, which gives no probabilities by softmax or sigmoid",
                        format(info$loss))
    abort_argument("calibrate", expected, "TRUE", call = call)
  }
  if (validation$kind == "none") abort_no_validation("given with `calibrate = TRUE`", call)
}

# What rows that are judged by add to the outcome's info, where there is something to say: those to validate,
# and of the variance those trained on where there are no others.
judgements <- c("temperature", "residuals", "variance")

# The outcome's info with what such rows say of the networks' outputs on them, each network being asked about
# the rows that it has not been trained on.
judged_outcome <- function(task, networks) {
  info <- task$outcome$info
  info[judgements] <- NULL
  roots <- !is.null(info$scaling$transform) && info$loss$name == estimates_mean
  name <- if (!is.null(task$sets$valid)) "valid" else if (roots) "train"
  if (is.null(name)) return(info)
  set <- task$sets[[name]]
  calibrate <- task$settings$calibrate
  interval <- name == "valid" && info$type == "numeric" && "mean" %in% names(links[[info$link]]) &&
    is.null(set$offset) && !type_is_given(prediction_types$numeric$pred_int, info)
  if (!calibrate && !interval && !roots) return(info)
  output <- outputs_for(task, networks, name)
  known <- metric_set(set, task$values[[name]])
  if (!all(is.finite(output))) return(info)
  if (calibrate) info$temperature <- best_temperature(output, known, info, offset_of(set))
  if (roots) info$variance <- variance_left(output, metric_set(set, set$target), info$scaling)
  if (interval) info$residuals <- sorted_residuals(output, known, info)
  info
}

# The joint outputs for the validation rows, or those of training where there are none (name).
outputs_for <- function(task, networks, name) {
  set <- task$sets[[name]]
  scaling <- scaling_of(task$scaling)
  threads <- resolve_threads(task$settings$threads)
  own <- task$folds %||% rep(list(set$rows), length(networks))
  outputs <- Map(function(network, rows) {
    x <- if (is.null(rows)) set$x else choose_rows(set$x, rows)
    output <- .Call(fastmlp_predict, network$layers, x, scaling, "none", threads)
    offset_outputs(output, list(offset = set$offset, rows = rows))
  }, networks, own)
  joint_rows(outputs, overlaps(own, set$rows), task$outcome$info)
}

# ---- probabilities ----

# Logits with an offset, which is not divided, at a temperature.
tempered <- function(output, temperature, offset) {
  if (is.null(offset)) output / temperature else (output - offset) / temperature + offset
}

best_temperature <- function(output, set, info, offset) {
  truth <- if (is.factor(set$truth)) as.integer(set$truth) else as.matrix(set$truth)
  loss <- function(log_t) {
    p <- linked(tempered(output, exp(log_t), offset), info$link)
    likelihood <- if (is.matrix(truth)) rowMeans(log(pmax(ifelse(truth > 0.5, p, 1 - p), 1e-15))) else {
      if (ncol(p) == 1) p <- cbind(1 - p, p)
      log(pmax(p[cbind(seq_along(truth), truth)], 1e-15))
    }
    log_t^2 / (2 * length(likelihood)) - stats::weighted.mean(likelihood, set$weights)
  }
  exp(stats::optimize(loss, c(-4, 4))$minimum)
}

# ---- numbers ----

# What is added to means brought back from roots, for each number: the variance of what is left of the roots
# (Duan 1983). `set` has them as the network is to give them.
variance_left <- function(output, set, scaling) {
  apply(as.matrix(set$truth) - output, 2, weighted_variance, set$weights) * scaling$scale^2
}

# Residuals that a fit keeps at most, for each number of the outcome.
most_residuals <- 2000

# For each number list(rows, rank, size): sizes of the residuals at ranks among the rows, in order; of the
# outcome's transform, where it has one.
sorted_residuals <- function(output, set, info) {
  estimate <- outcome_mean(links[[info$link]], function(link) output, list(offset = set$shift), info)
  transform <- outcome_transform(info$scaling)$of
  left <- abs(transform(as.matrix(set$truth)) - transform(estimate))
  lapply(seq_len(ncol(left)), function(j) {
    size <- sort(left[, j])
    rank <- unique(ceiling(seq(1, length(size), length.out = min(length(size), most_residuals))))
    list(rows = length(size), rank = rank, size = size[rank])
  })
}

# Half the width of an interval that holds a share `level` of new outcomes, for each number.
interval_widths <- function(residuals, level, call) {
  vapply(residuals, function(known) {
    rank <- ceiling((known$rows + 1) * level)
    at <- which(known$rank >= rank)
    if (length(at)) return(known$size[at[1]])
    text <- sprintf("%s cannot tell an interval of level %s: it is infinite.",
                    count_of(known$rows, "validation row"), format(level))
    warn_fastmlp(text, "interval", call)
    Inf
  }, 1)
}

residual_intervals <- function(mean, outcome, level, call) {
  half <- interval_widths(outcome$residuals, level, call)
  transform <- outcome_transform(outcome$scaling)
  middle <- transform$of(mean)
  ends <- lapply(seq_len(ncol(mean)), function(j) {
    cbind(pmax(middle[, j] - half[j], transform$least), middle[, j] + half[j])
  })
  transform$back(do.call(cbind, ends))
}
