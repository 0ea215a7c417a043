# Training: the sets of rows, and the loop over the engine's slices of time.

# Seconds that the engine trains before it lets R show progress and hear interrupts.
slice_seconds <- 0.2

# `validation` in its normal form: list(kind = "none"), list(kind = "share", take = <rows to draw
# from each class>) or list(kind = "data", x, outcome). Draws nothing.
check_validation <- function(settings, design, outcome, call) {
  validation <- settings$validation
  checked <- if (is.list(validation)) {
    validation_data(validation, design, outcome, call)
  } else {
    validation_share(validation, outcome, call)
  }
  if (checked$kind == "none" && settings$patience < Inf) {
    abort_argument("validation", "given with `patience`", "none", call = call)
  }
  checked
}

validation_share <- function(share, outcome, call) {
  share <- check_number(share, "validation", 0, 1, open = "to", call = call)
  if (share == 0) return(list(kind = "none"))
  rows <- stratum_sizes(outcome$values)
  # Every class that has rows keeps one to train on.
  take <- pmax(pmin(round(share * rows), rows - 1), 0)
  if (sum(take) == 0) {
    expected <- "a share that comes to at least one row"
    abort_argument("validation", expected, format(share), call = call)
  }
  list(kind = "share", take = take)
}

# Rows in each class; all rows are one stratum in regression.
stratum_sizes <- function(values) {
  if (is.factor(values)) tabulate(values, nlevels(values)) else nrow(values)
}

validation_data <- function(validation, design, outcome, call) {
  parts <- if (design$interface == "formula") {
    validation_from_frame(validation, design, call)
  } else {
    validation_from_list(validation, design, call)
  }
  x <- check_some_rows(parts$x, "validation", call)
  check_finite(x, "validation", call = call)
  matched <- match_outcome(parts$y, outcome$info, "validation$y", call)
  check_same_rows(nrow(x), outcome_rows(matched), "validation$y", call)
  list(kind = "data", x = x, outcome = matched)
}

validation_from_frame <- function(validation, design, call) {
  check_class(validation, "validation", "data.frame", "a share or a data frame", call)
  needed <- all.vars(rlang::f_lhs(design$blueprint$formula))
  check_columns_present(names(validation), needed, "validation", call)
  x <- forge_formula(validation, design$blueprint, design$predictors, "validation", call)
  list(x = x, y = forge_outcomes(validation, design$outcomes, "validation", call))
}

validation_from_list <- function(validation, design, call) {
  if (is.data.frame(validation) || !setequal(names(validation), c("x", "y"))) {
    expected <- "a share or `list(x = , y = )`"
    abort_argument("validation", expected, describe(validation), "type", call = call)
  }
  x <- forge_predictors(validation$x, design$blueprint, design$predictors, "validation$x", call)
  list(x = x, y = validation$y)
}

# The engine's sets: list(train, valid), each list(x, target, weights, rows). A validation share is
# a choice of rows of the same matrix.
training_sets <- function(x, outcome, weights, validation, call) {
  target <- outcome_target(outcome, call)
  all <- list(x = x, target = target, weights = weights, rows = NULL)
  if (validation$kind == "none") return(list(train = all, valid = NULL))
  if (validation$kind == "data") {
    valid <- list(x = validation$x, target = outcome_target(validation$outcome, call))
    return(list(train = all, valid = c(valid, list(weights = NULL, rows = NULL))))
  }
  held <- draw_rows(outcome$values, validation$take)
  sets <- list(train = all, valid = all)
  sets$train$rows <- seq_len(nrow(x))[-held]
  sets$valid$rows <- held
  for (set in sets) check_weighted_rows(set, call)
  sets
}

# A random choice of rows, take[k] of stratum k, in order.
draw_rows <- function(values, take) {
  strata <- if (is.factor(values)) split(seq_along(values), values) else list(seq_len(nrow(values)))
  drawn <- Map(function(rows, n) rows[sample.int(length(rows), n)], strata, take)
  sort(unlist(drawn, use.names = FALSE))
}

check_weighted_rows <- function(set, call) {
  if (is.null(set$weights) || any(set$weights[set$rows] > 0)) return(invisible())
  expected <- "above 0 in some training row and some validation row"
  abort_argument("weights", expected, "zeros only", call = call)
}

set_rows <- function(set) {
  if (is.null(set)) 0L else if (is.null(set$rows)) nrow(set$x) else length(set$rows)
}

# Trains: list(layers, history, summary).
train <- function(network, sets, scaling, info, settings, key, call,
                  reporter = progress_reporter(settings$verbose, settings$epochs, metric)) {
  started <- proc.time()[["elapsed"]]
  metric <- losses[[info$loss$name]]$metric
  guard <- guard_loss(info$loss, call)
  options <- engine_options(settings, guard$loss, set_rows(sets$train), key)
  trainer <- .Call(fastmlp_train_open, network$layers, sets$train, sets$valid, scaling, options)
  state <- advance(trainer, reporter)
  result <- .Call(fastmlp_train_close, trainer)
  guard$raise()
  if (guard$interrupted()) state <- "interrupted"
  epochs <- length(result$history$train_loss)
  summary <- list(
    epochs = epochs, kept_epoch = result$kept_epoch, stopped = state,
    seconds = proc.time()[["elapsed"]] - started, step_seconds = result$step_seconds,
    threads = result$threads, simd = .Call(fastmlp_info)$simd
  )
  if (wants_profile(settings)) summary$profile <- report_profile(result, summary)
  warn_of_end(summary, settings, info, call)
  history <- history_frame(result$history, metric, validated = !is.null(sets$valid))
  list(layers = result$network, history = history, summary = summary)
}

engine_options <- function(settings, loss, rows, key) {
  list(
    loss = unclass(loss),
    optimizer = unclass(settings$optimizer),
    penalty = settings$penalty,
    epochs = settings$epochs,
    batch_size = as.integer(min(settings$batch_size, rows)),
    shuffle = settings$shuffle,
    patience = if (settings$patience < Inf) settings$patience else 0L,
    key = key,
    threads = resolve_threads(settings$threads),
    profile = wants_profile(settings)
  )
}

wants_profile <- function(settings) isTRUE(settings$verbose == 2)

# Runs slices until training ends; the state in which it ended.
advance <- function(trainer, reporter) {
  state <- tryCatch(
    {
      repeat {
        status <- .Call(fastmlp_train_advance, trainer, slice_seconds)
        reporter$update(status)
        if (status$state != "running") break
      }
      status$state
    },
    interrupt = function(cnd) "interrupted"
  )
  reporter$close()
  state
}

warn_of_end <- function(summary, settings, info, call) {
  if (summary$stopped == "interrupted") {
    text <- sprintf("Training was interrupted after %s; the weights so far are kept.",
                    count_of(summary$epochs, "epoch"))
    warn_fastmlp(text, "interrupted", call)
  }
  if (summary$stopped == "diverged") {
    warn_fastmlp(diverged_message(summary, settings, info), "diverged", call)
  }
}

diverged_message <- function(summary, settings, info) {
  epoch <- summary$kept_epoch
  kept <- if (epoch > 0) paste("weights of epoch", epoch) else "initial weights"
  rate <- settings$optimizer$learn_rate
  advice <- c(
    sprintf("lower `learn_rate` (it was %s, try %s)", format(rate), format(rate / 10)),
    if (settings$standardize == "none") "use `standardize = \"zscore\"`",
    if (info$type == "numeric") "centre and scale the outcome"
  )
  c(
    sprintf("Training diverged: the loss was no longer finite at a step of %s in epoch %d.",
            toupper(settings$optimizer$name), summary$epochs + 1L),
    i = sprintf("The %s are kept.", kept),
    i = paste0("You could ", paste(advice, collapse = ", or "), ".")
  )
}

# The long table of an engine's history: one row an epoch, set and metric.
history_frame <- function(history, metric, validated) {
  sets <- if (validated) c("train", "validation") else "train"
  epochs <- length(history$train_loss)
  values <- rbind(
    history$train_loss, score_value(history$train_score, metric),
    if (validated) rbind(history$valid_loss, score_value(history$valid_score, metric))
  )
  each <- 2L * length(sets)
  data.frame(
    epoch = rep(seq_len(epochs), each = each),
    set = rep(rep(sets, each = 2L), epochs),
    metric = rep(c("loss", metric), length(sets) * epochs),
    value = as.vector(values)
  )
}

# The engine's score as reported: it gives the mean squared error for "rmse".
score_value <- function(score, metric) if (metric == "rmse") sqrt(score) else score
