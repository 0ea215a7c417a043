# Ensembles: networks that are trained side by side on the same rows, judged and used together.
#
# All that becomes of an ensemble comes from its joint outputs: those that one network would have to give
# for the mean of the members' predictions. To R they are outputs like any other's.

#' @section Ensembles:
#' With `ensemble = k` the fit is not one network but k of them, which are trained side by side and predict
#' together; `fit$members` holds them.
#' * Each member has its own initial weights, order of rows and dropout, and [embed_periodic()] may start
#'   members with frequencies of different sizes. `share_weights` makes another kind, with most weights in
#'   common.
#' * Where `validation` is a share, each member holds other rows, which together go around all of them: with
#'   a share of 0.2 and 5 members these are the folds of a cross-validation (as Krogh and Vedelsby 1995 hold
#'   rows out), and what standardises comes from all rows. Otherwise all hold the same rows, and the first
#'   member starts as the fit that it would be alone.
#' * What is predicted is the mean of the members' predictions: of probabilities, means or quantiles; of
#'   normal distributions the mean and the variance of their mixture (Lakshminarayanan et al. 2017); of
#'   scores of hinge losses and losses of your own.
#' * The ensemble is judged as one: `patience`, the epoch that is kept and `calibrate` go by this mean,
#'   for each validation row over the members that have not been trained on it.
#' * In the history training values are the members' means, validation values the ensemble's (scores other
#'   than accuracy and RMSE: the members' means). `coef()` has a list for each member; pictures show the
#'   first.
#'
#' @param ensemble How many networks make up an ensemble (Lakshminarayanan et al. 2017), the mean of whose
#'   predictions is predicted (see the section on ensembles): a whole number from 1, for a single network, to
#'   1000. Training takes as many times longer. Not with `callbacks`, `checkpoint` and [mlp_continue()].
#'   `r default_of("ensemble")`
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 5
NULL

check_ensemble <- function(settings, call) {
  if (settings$ensemble == 1) return(invisible())
  for (arg in c("callbacks", "checkpoint")) {
    if (is.null(settings[[arg]])) next
    abort_argument(arg, "left out with `ensemble`", describe(settings[[arg]]), call = call)
  }
  if (!inherits(settings$init, "fastmlp_init")) {
    abort_argument("init", "an initialiser with `ensemble`", describe(settings$init), call = call)
  }
}

# ---- joint outputs ----

inverse_softplus <- function(x) x + log(-expm1(-x))

# Whatever each network gives after the link is averaged, and what gives the average by the link is
# returned. By link: function(<list of outputs>, outcome).
joint_outputs <- list(
  none = function(outputs, outcome) mean_of(outputs),
  margin = function(outputs, outcome) mean_of(outputs),
  softmax = function(outputs, outcome) log_mean(lapply(outputs, log_softmax)),
  sigmoid = function(outputs, outcome) {
    log_mean(lapply(outputs, log_sigmoid)) - log_mean(lapply(outputs, function(output) log_sigmoid(-output)))
  },
  log = function(outputs, outcome) log_mean(outputs),
  ordinal = function(outputs, outcome) {
    probability <- mean_of(lapply(outputs, ordinal_probability))
    below <- t(apply(probability, 1, cumsum))[, -ncol(probability), drop = FALSE]
    from_increasing(stats::qlogis(pmin(pmax(below, 1e-300), 1 - 1e-16)), ncol(below))
  },
  quantile = function(outputs, outcome) {
    levels <- outcome$loss$levels
    from_increasing(mean_of(lapply(outputs, known_quantiles, levels)), length(levels))
  },
  gaussian = function(outputs, outcome) {
    means <- lapply(outputs, gaussian_part, 1)
    variances <- lapply(outputs, function(output) softplus(gaussian_part(output, 2)) + least_variance)
    mean <- mean_of(means)
    variance <- mean_of(Map(function(m, v) v + (m - mean)^2, means, variances))
    joint <- outputs[[1]]
    joint[, seq(1, ncol(joint), by = 2)] <- mean
    joint[, seq(2, ncol(joint), by = 2)] <- inverse_softplus(pmax(variance - least_variance, 1e-12))
    joint
  }
)

mean_of <- function(values) Reduce(`+`, values) / length(values)

# The logarithm of the mean of what has these logarithms, which may lie beyond all numbers.
log_mean <- function(logs) {
  largest <- do.call(pmax, logs)
  largest + log(mean_of(lapply(logs, function(own) exp(own - largest))))
}

log_sigmoid <- function(output) stats::plogis(output, log.p = TRUE)

log_softmax <- function(output) {
  output <- output - row_largest(output)
  output - log(rowSums(exp(output)))
}

row_largest <- function(output) do.call(pmax, lapply(seq_len(ncol(output)), function(j) output[, j]))

# The inverse of known_quantiles(), with so many columns for each number.
from_increasing <- function(values, each) {
  output <- values
  for (j in seq_len(ncol(values))) {
    if (j %% each == 1 || each == 1) next
    output[, j] <- inverse_softplus(pmax(values[, j] - values[, j - 1], 1e-12))
  }
  output
}

joint_output <- function(outputs, outcome) {
  if (length(outputs) == 1) outputs[[1]] else joint_outputs[[outcome$link]](outputs, outcome)
}

# What the engine does to outputs itself, for those that R has.
linked <- function(output, link) {
  if (link == "sigmoid") return(stats::plogis(output))
  if (link == "none") return(output)
  exp(log_softmax(output))
}

# ---- training ----

# Trains the members of a job, each list(start, key, sets), as run_steps() does one network.
run_ensemble <- function(job) {
  shared <- open_rows(job)
  monitors <- if (job$settings$share_weights) list(open_sharing(job, shared)) else
    lapply(job$members, open_member, job, shared)
  joint <- new_joint(monitors, job)
  ended <- prove_kept(monitors, advance_members(monitors, joint, job))
  closed <- lapply(monitors, close_trainer)
  layers <- unlist(lapply(closed, function(one) one$variants %||% list(one$network)), recursive = FALSE)
  layers <- lapply(layers, own_layers)
  sum_of <- function(part) Reduce(`+`, lapply(closed, `[[`, part))
  list(
    network = layers[[1]], members = layers,
    history = joint_history(lapply(closed, `[[`, "history"), joint),
    epochs = joint$epochs, kept_epoch = min(closed[[1]]$kept_epoch, joint$epochs),
    threads = closed[[1]]$threads, step_seconds = sum_of("step_seconds"), profile = sum_of("profile"),
    ended = ended, unsound = monitors[[1]]$unsound, midway = job$settings$share_weights, state = NULL,
    valid_lost = isTRUE(joint$valid_lost) || any(vapply(closed, `[[`, NA, "valid_lost")),
    extra = joint$extra, kept = joint$kept
  )
}

# A member on its way: the monitor of its trainer.
open_member <- function(member, job, shared) {
  job[names(member)] <- member
  job$options$key <- member$key
  job$options$whole_epochs <- !job$settings$share_weights
  new_monitor(open_trainer(job, engine_sets(member$sets, shared)), job)
}

# All members, which share weights and rows.
open_sharing <- function(job, shared) {
  job$options$variants <- lapply(job$members, function(member) member$start()$layers)
  open_member(job$members[[1]], job, shared)
}

# The rows that members choose from, held once: list(train, valid), which are the same where validation rows
# are rows of the data.
open_rows <- function(job) {
  outputs <- outcome_outputs(list(values = job$values$train, info = job$info))
  units <- as.integer(c(job$settings$hidden_units, outputs)[1])
  open <- function(set) {
    set["rows"] <- list(NULL)
    .Call(fastmlp_rows_open, set, job$scaling, outputs, units, job$options$loss, job$options$threads)
  }
  train <- open(job$sets$train)
  valid <- job$sets$valid
  list(train = train, valid = if (!is.null(valid)) if (is.null(valid$rows)) open(valid) else train)
}

engine_sets <- function(sets, shared) {
  chosen <- function(name) if (!is.null(sets[[name]])) list(shared = shared[[name]], rows = sets[[name]]$rows)
  list(train = chosen("train"), valid = chosen("valid"))
}

# What the members come to together: list(networks, sets = <as metric_set() makes them>, overlaps), the latter
# two for "train" and "valid", and what is noted epoch by epoch.
new_joint <- function(monitors, job) {
  networks <- networks_of(monitors)
  by_set <- function(name) {
    if (is.null(job$sets[[name]])) return(NULL)
    overlaps(lapply(networks, function(one) one$monitor$sets[[name]]$rows), job$sets[[name]]$rows)
  }
  rlang::new_environment(list(
    job = job, networks = networks, sets = Map(metric_set, job$sets, job$values),
    overlaps = list(train = by_set("train"), valid = by_set("valid")),
    epochs = 0L, loss = numeric(), score = numeric(), extra = list(), kept = list()
  ))
}

# Epoch after epoch, each member in turn; the state in which training ended.
advance_members <- function(monitors, joint, job) {
  on.exit(job$reporter$close())
  tryCatch({
    for (monitor in monitors) begin_training(monitor)
    state <- "running"
    while (state == "running") {
      statuses <- lapply(monitors, advance_epoch)
      states <- vapply(statuses, `[[`, "", "state")
      state <- if ("diverged" %in% states) "diverged" else judge_members(monitors, statuses, joint)
      job$reporter$update(joint_status(statuses))
    }
    state
  }, interrupt = function(cnd) "interrupted")
}

advance_epoch <- function(monitor) {
  repeat {
    hear_interrupt()
    status <- .Call(fastmlp_train_advance, monitor$trainer, slice_seconds)
    monitor$step <- status$step
    if (status$state == "running" && status$wants_rate) send_rates(monitor, status$step)
    if (status$state == "diverged") return(status)
    if (status$epoch > monitor$epochs) {
      monitor$epochs <- status$epoch
      return(status)
    }
  }
}

# Notes what the ensemble comes to after an epoch, and tells all members what is watched; the state. Only
# then do members keep the epoch: what ends training before leaves all at the last one that all have
# completed, or at their start.
judge_members <- function(monitors, statuses, joint) {
  values <- lapply(rlang::set_names(c("train", "valid")), function(set) joint_metrics(joint, set))
  record_joint(monitors, statuses, joint, values)
}

record_joint <- function(monitors, statuses, joint, values) {
  first <- monitors[[1]]
  plan <- first$plan
  epoch <- first$epochs
  joint$valid_lost <- !is.null(values$valid) && !is.finite(values$valid$loss)
  if (joint$valid_lost) return("diverged")
  joint$loss[epoch] <- values$valid$loss %||% NA_real_
  joint$score[epoch] <- values$valid[[plan$engine_metric]] %||% NA_real_
  joint$extra[[epoch]] <- values
  joint$epochs <- epoch
  joint$kept <- keep_epoch(joint$kept, joint$networks)
  value <- if (plan$judged || !is.null(plan$plateau)) joint_value(first, statuses, values) else NA_real_
  if (!is.null(plan$plateau)) {
    for (i in seq_along(monitors)) watch_plateau(monitors[[i]], statuses[[i]], value)
  }
  states <- vapply(monitors, function(monitor) .Call(fastmlp_train_judge, monitor$trainer, value), "")
  state_after(states[1], value)
}

# What is watched, less being better.
joint_value <- function(first, statuses, values) {
  watched <- first$plan$watched
  set <- if (is.null(first$sets$valid)) "train" else "valid"
  value <- values[[set]][[watched$metric]] %||% NA_real_
  if (is.na(value)) value <- watched_value(first, joint_status(statuses), values)
  watched$sign * value
}

# The loss, the engine's score where R has it, and R's metrics of the joint outputs on a set, by name. Those
# of the training rows are worth a pass only where somebody asks for them.
joint_metrics <- function(joint, name) {
  job <- joint$job
  set <- joint$sets[[name]]
  metrics <- job$plan$metrics
  if (is.null(set) || name == "train" && !length(metrics) && !is.null(job$sets$valid)) return(NULL)
  outputs <- lapply(joint$networks, function(one) {
    output <- .Call(fastmlp_train_outputs, one$monitor$trainer, name == "valid", "none", one$variant)
    offset_outputs(output, one$monitor$sets[[name]])
  })
  output <- joint_rows(outputs, joint$overlaps[[name]], job$info)
  all <- c(scores_in_r(job$plan$engine_metric, job$info), metrics)
  values <- if (length(all)) {
    estimate <- as_estimate(function(link) linked(output, link), job$info, set$shift)
    Map(function(metric, name) metric_value(name, metric, set, estimate, job$call), all, names(all))
  }
  c(list(loss = joint_loss(output, job$sets[[name]], job$options$loss)), values)
}

# The engine's score as a metric, where R has the same.
scores_in_r <- function(name, info) {
  metric <- known_metrics[[name]]
  fits <- !is.null(metric) && metric$type == info$type &&
    any(c("probability", "mean") %in% names(links[[info$link]]))
  if (fits) rlang::set_names(list(metric), name)
}

joint_loss <- function(output, set, loss) {
  rows <- set$rows %||% seq_len(nrow(output))
  target <- set$target
  target <- if (is.matrix(target)) target[rows, , drop = FALSE] else target[rows]
  weights <- if (!is.null(set$weights)) set$weights[rows]
  .Call(fastmlp_loss, output, target, weights, loss, FALSE)$value
}

# ---- what came of it ----

# What a reporter shows: the members' means.
joint_status <- function(statuses) {
  status <- statuses[[1]]
  for (part in c("train_loss", "train_score", "valid_loss", "valid_score")) {
    status[[part]] <- mean(vapply(statuses, `[[`, 1, part))
  }
  status
}

# Engine's histories as one, of the epochs that all members have completed.
joint_history <- function(histories, joint) {
  epochs <- joint$epochs
  history <- lapply(rlang::set_names(names(histories[[1]])), function(part) {
    mean_of(lapply(histories, function(history) history[[part]][seq_len(epochs)]))
  })
  if (epochs > 0 && !anyNA(history$valid_loss)) history$valid_loss <- joint$loss[seq_len(epochs)]
  history$joint_score <- joint$score[seq_len(epochs)]
  history
}
