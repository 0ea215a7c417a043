# What the validation rows tell about predictions once the network is trained: a temperature for
# probabilities, and how far numbers are off.

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

# What the validation rows add to the outcome's info, where there is something to say.
judgements <- c("temperature", "residuals")

# The outcome's info with what the validation rows say of the networks' outputs on them, each network being
# asked about the rows that it has not been trained on.
judged_outcome <- function(task, networks) {
  info <- with_variance_left(task, networks)
  info[judgements] <- NULL
  set <- task$sets$valid
  if (is.null(set)) return(info)
  calibrate <- task$settings$calibrate
  interval <- info$type == "numeric" && "mean" %in% names(links[[info$link]]) && is.null(set$offset) &&
    !type_is_given(prediction_types$numeric$pred_int, info)
  if (!calibrate && !interval) return(info)
  output <- outputs_for(task, networks, "valid")
  known <- metric_set(set, task$values$valid)
  if (!all(is.finite(output))) return(info)
  if (calibrate) info$temperature <- best_temperature(output, known, info, offset_of(set))
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

# The outcome's info with what is added to means brought back from roots, where the loss estimates means: the
# variance of what is left of the roots (Duan 1983), in the rows that judge, or else in those trained on.
with_variance_left <- function(task, networks) {
  info <- task$outcome$info
  if (is.null(info$scaling$transform) || !isTRUE(losses[[info$loss$name]]$estimates_mean)) return(info)
  name <- if (is.null(task$sets$valid)) "train" else "valid"
  known <- metric_set(task$sets[[name]], task$sets[[name]]$target)
  output <- outputs_for(task, networks, name)
  left <- as.matrix(known$truth) - links[[info$link]]$mean(function(link) output, list(), info)
  variance <- apply(left, 2, central_moment, known$weights, 2) * info$scaling$scale^2
  if (all(is.finite(variance))) info$scaling$variance <- variance
  info
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
  ends <- lapply(seq_len(ncol(mean)), function(j) cbind(middle[, j] - half[j], middle[, j] + half[j]))
  transform$back(do.call(cbind, ends))
}
