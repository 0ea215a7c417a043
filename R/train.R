# Training: the sets of rows, and the loop over the engine's slices of time.

#' @section Random numbers:
#' With [set.seed()] a fit can be repeated exactly, at any number of threads. Two integers are drawn from R's
#' generator to key the engine's own, which draws initial weights, shuffles, what is dropped and noise; then
#' the rows of a validation share are drawn with [sample()], and then how an embedding and the scales of a
#' member that shares weights start. Each further member of an `ensemble` draws two integers of its own
#' first.
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 8
NULL

# Seconds that the engine trains before it lets R show progress and hear interrupts.
slice_seconds <- 0.2

# `validation` in its normal form: list(kind = "none"), list(kind = "share", take = <rows to draw
# from each class>), list(kind = "rows", rows) or list(kind = "data", x, outcome). Draws nothing.
check_validation <- function(settings, design, outcome, call) {
  validation <- settings$validation
  checked <- if (is.list(validation)) {
    validation_data(validation, design, outcome, call)
  } else if (is_row_choice(validation)) {
    validation_rows(validation, outcome_rows(outcome), call)
  } else {
    validation_share(validation, outcome, call)
  }
  if (checked$kind == "none" && settings$patience < Inf) {
    abort_no_validation("given with `patience`", call)
  }
  checked
}

abort_no_validation <- function(expected, call) {
  abort_argument("validation", expected, "none", hint = "For a fifth of the rows: `validation = 0.2`.",
                 call = call)
}

validation_hint <- "A share is below 1, such as 0.2; other data are a data frame or `list(x = , y = )`."

# Rows of the data: numbers or one logical a row. A single number is a row from 2 on, and a share
# below 1; what 1 is meant to be cannot be told.
is_row_choice <- function(x) {
  is.logical(x) || is_plain_numeric(x) && (length(x) > 1 || any(x > 1, na.rm = TRUE))
}

validation_rows <- function(rows, available, call) {
  numbers <- !is.logical(rows)
  if (is.logical(rows)) {
    fits <- length(rows) == available && !anyNA(rows)
    if (!fits) {
      abort_argument("validation", sprintf("one of TRUE and FALSE a row (%d)", available), describe(rows),
                     fault_kind(rows, available, is.logical), validation_hint, call)
    }
    rows <- which(rows)
  }
  rows <- check_count(rows, "validation", 1, available, length = NULL, call = call, hint = validation_hint)
  repeated <- rows[duplicated(rows)]
  if (length(repeated)) {
    got <- sprintf("row %d twice", repeated[1])
    abort_argument("validation", "rows, each once", got, call = call)
  }
  if (!length(rows) %in% seq_len(available - 1)) {
    got <- if (length(rows)) "all rows" else "none"
    abort_argument("validation", "some rows, and leave some to train on", got, call = call)
  }
  if (numbers && length(rows) == 1) {
    text <- sprintf("`validation = %d` is row %d alone. %s", rows, rows, validation_hint)
    warn_fastmlp(text, "validation", call)
  }
  list(kind = "rows", rows = sort(rows))
}

validation_share <- function(share, outcome, call) {
  if (is_plain_numeric(share) && identical(as.double(share), 1)) {
    abort_argument("validation", "a number in [0, 1)", "1", call = call,
                   hint = "Some rows are trained on; for row 1 alone give a logical vector.")
  }
  share <- check_number(share, "validation", 0, 1, open = "to", call = call, hint = validation_hint)
  if (share == 0) return(list(kind = "none"))
  rows <- stratum_sizes(outcome$values)
  # Every class that has rows keeps one to train on.
  take <- pmax(pmin(round(share * rows), rows - 1), 0)
  if (sum(take) == 0) {
    hint <- if (max(rows) == 1) "Each class has one row alone, which is trained on." else
      sprintf("Give %s or more, or 0 for no validation.", format(1 / max(rows), digits = 2))
    got <- sprintf("%s of %s", format(share), count_of(sum(rows), "row"))
    expected <- "a share that comes to at least one row"
    abort_argument("validation", expected, got, hint = hint, call = call)
  }
  list(kind = "share", take = take)
}

# Rows in each class; all rows are one stratum in regression.
stratum_sizes <- function(values) {
  if (is.factor(values)) tabulate(values, nlevels(values)) else nrow(values)
}

validation_data <- function(validation, design, outcome, call) {
  design <- with_fills(design)
  parts <- if (takes_data(design$interface)) {
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
  check_data_frame(validation, "validation", call, "a share or a data frame")
  x <- forge_predictors(validation, design$blueprint, design$predictors, "validation", call)
  list(x = x, y = forge_outcomes(validation, design$outcomes %||% design$blueprint, "validation", call))
}

validation_from_list <- function(validation, design, call) {
  if (is.data.frame(validation) || !setequal(names(validation), c("x", "y"))) {
    expected <- "a share or `list(x = , y = )`"
    abort_argument("validation", expected, describe(validation), "type", call = call)
  }
  x <- forge_predictors(validation$x, design$blueprint, design$predictors, "validation$x", call)
  list(x = x, y = validation$y)
}

# Rows of the data that are validated on.
validation_count <- function(validation) {
  switch(validation$kind, share = sum(validation$take), rows = length(validation$rows), 0)
}

# The engine's sets: list(train, valid), each list(x, target, rows, weights, worth). A validation share is
# a choice of rows of the same matrix. Other data have the weights of their classes.
training_sets <- function(x, outcome, weights, validation, call, by_class = NULL) {
  target <- outcome_target(outcome, call)
  all <- c(list(x = x, target = target, rows = NULL), weighing(weights, by_class, outcome$values))
  if (validation$kind == "none") return(list(train = check_weighted_rows(all, call), valid = NULL))
  if (validation$kind == "data") {
    valid <- list(x = validation$x, target = outcome_target(validation$outcome, call))
    by_row <- weighing(NULL, by_class, validation$outcome$values)
    sets <- list(train = all, valid = c(valid, list(rows = NULL), by_row))
    return(lapply(sets, check_weighted_rows, call))
  }
  held <- if (validation$kind == "rows") validation$rows else draw_rows(outcome$values, validation$take)
  sets <- list(train = all, valid = all)
  sets$train$rows <- seq_len(nrow(x))[-held]
  sets$valid$rows <- held
  lapply(sets, check_weighted_rows, call)
}

# A random choice of rows, take[k] of stratum k, in order.
draw_rows <- function(values, take) {
  drawn <- Map(function(rows, n) rows[sample.int(length(rows), n)], rows_by_stratum(values), take)
  sort(unlist(drawn, use.names = FALSE))
}

rows_by_stratum <- function(values) {
  if (is.factor(values)) split(seq_along(values), values) else list(seq_len(nrow(values)))
}

check_weighted_rows <- function(set, call) {
  weights <- if (is.null(set$rows)) set$weights else set$weights[set$rows]
  if (is.null(weights) || any(weights > 0)) return(set)
  expected <- "above 0 in some training row and some validation row"
  abort_argument("weights", expected, "zeros only", call = call)
}

set_rows <- function(set) {
  if (is.null(set)) 0L else if (is.null(set$rows)) nrow(set$x) else length(set$rows)
}

# Trains, from the beginning or from a state: list(layers, history, summary, state). `values` are the
# outcomes that the rows of the sets choose from; `before` is the history up to the state; `members`, each
# list(start, key, sets), are those of an ensemble; `last_epoch` ends training before the schedules' end;
# start() gives the network to begin with.
train <- function(start, sets, scaling, info, settings, key, call, plan, values,
                  state = NULL, before = NULL, checkpoint = NULL, members = NULL, last_epoch = NULL,
                  reporter = training_reporter(settings, plan, info, state, members, last_epoch)) {
  started <- proc.time()[["elapsed"]]
  guard <- guard_loss(info$loss, call, training = TRUE)
  job <- list(
    start = start, sets = sets, scaling = scaling, info = info, settings = settings, key = key,
    call = call, plan = plan, values = values, state = state, before = before, checkpoint = checkpoint,
    started = started, reporter = reporter, members = members, halted = guard$interrupted,
    options = engine_options(settings, engine_loss(guard$loss, info$scaling),
                             set_rows((members[[1]]$sets %||% sets)$train), key, plan)
  )
  job$options$epochs <- last_epoch %||% job$options$epochs
  job$options$steps_back <- is.null(last_epoch) # otherwise what diverged is not wanted
  run <- if (is.null(members)) optimizer_of(settings$optimizer)$run else run_ensemble
  result <- run(job)
  guard$raise()
  if (guard$interrupted()) result[c("ended", "midway")] <- list("interrupted", FALSE)
  spent <- time_spent(job, result$step_seconds)
  summary <- list(
    epochs = result$epochs, kept_epoch = result$kept_epoch, stopped = result$ended,
    seconds = spent[["seconds"]], step_seconds = spent[["step_seconds"]],
    threads = result$threads, simd = .Call(fastmlp_info)$simd
  )
  if (wants_profile(settings)) summary$profile <- report_profile(result, summary)
  history <- training_history(job, result$history, result$extra)
  if (is.null(last_epoch)) {
    warn_of_end(summary, settings, info, call, result)
    warn_of_size(history, summary, job)
  }
  list(layers = result$network, members = result$members, history = history, summary = summary,
       state = result$state, epochs = result$kept)
}

# Tells of the epochs from a state on, or up to the last where training is done again.
training_reporter <- function(settings, plan, info, state, members, last_epoch) {
  progress_reporter(
    settings$verbose, epochs = last_epoch %||% settings$epochs, first = first_epoch(list(state = state)),
    metric = plan$engine_metric, info = info,
    title = paste0(c(if (!is.null(members)) paste0(count_of(length(members), "network"), ": "),
                     if (!is.null(last_epoch)) "All rows: "), collapse = "")
  )
}

# Trains step by step: what the engine tells at the end, how training `ended`, the `state` from which it
# could go on, and what R measured (`extra`).
run_steps <- function(job) {
  trainer <- open_trainer(job, job$sets)
  monitor <- new_monitor(trainer, job)
  ended <- prove_kept(list(monitor), advance(trainer, job$reporter, monitor))
  interrupted <- ended == "interrupted"
  if (interrupted) checkpoint_epoch(monitor, at_once = TRUE)
  state <- if (keeps_state(job$settings, ended)) training_state(monitor)
  c(close_trainer(monitor),
    list(ended = ended, midway = interrupted, unsound = monitor$unsound, state = state, extra = monitor$extra,
         kept = monitor$kept))
}

# Training rows by which weights are proven that training ended with, as it should: all where an output can
# be above those of all other rows and its mean overflow; otherwise as many as cost a hundredth of training.
rows_to_prove <- function(monitor) {
  rows <- set_rows(monitor$sets$train)
  if (losses[[monitor$info$loss$name]]$link == "log") return(rows)
  epochs <- monitor$options$epochs - first_epoch(monitor)
  as.integer(min(rows, max(4096, rows / 64 * epochs)))
}

# The loss of an epoch is that before its steps: where that of the weights that are kept is not finite,
# training diverged, and the epoch kept before stands in, or, if it is no better, the beginning. The state in
# which training ended; what was interrupted may go on.
prove_kept <- function(monitors, ended) {
  if (ended == "interrupted" || monitors[[1]]$halted()) return(ended)
  all_rows <- function(monitor) set_rows(monitor$sets$train)
  if (are_sound(monitors, if (ended == "diverged") all_rows else rows_to_prove)) return(ended)
  for (monitor in monitors) monitor$unsound <- .Call(fastmlp_train_step_back, monitor$trainer)
  lost <- !are_sound(monitors, all_rows)
  for (monitor in monitors) monitor$lost <- lost
  "diverged"
}

# By so many of the first training rows as rows(monitor) says.
are_sound <- function(monitors, rows) {
  all(vapply(monitors, function(monitor) .Call(fastmlp_train_prove, monitor$trainer, rows(monitor)), NA))
}

# What a trainer ends with; callbacks that ask its monitor for more find none.
close_trainer <- function(monitor) {
  closed <- .Call(fastmlp_train_close, monitor$trainer)
  monitor$trainer <- NULL
  if (!isTRUE(monitor$lost)) return(closed)
  closed$network <- monitor$start()$layers
  closed["variants"] <- list(monitor$options$variants)
  closed$kept_epoch <- first_epoch(monitor)
  closed
}

# Bytes of weights from which on it is worth a garbage collection not to hold them twice.
worth_collecting <- 2^25

# The engine with a job's network and sets. What R made for the start is garbage then, which R, whose own
# memory hardly grows while the engine trains, would leave where it is.
open_trainer <- function(job, sets) {
  network <- job$start()
  trainer <- .Call(fastmlp_train_open, network$layers, sets$train, sets$valid, job$scaling, job$options,
                   job$state)
  bytes <- utils::object.size(network)
  rm(network)
  if (bytes >= worth_collecting) gc()
  trainer
}

# Seconds in all and those of the training steps, with those before the checkpoint from which a job went on.
time_spent <- function(job, step_seconds) {
  before <- job$checkpoint$saved$spent %||% c(0, 0)
  c(seconds = proc.time()[["elapsed"]] - job$started, step_seconds = step_seconds) + before
}

engine_options <- function(settings, loss, rows, key, plan) {
  list(
    loss = loss,
    optimizer = unclass(settings$optimizer),
    penalty = settings$penalty * (1 - settings$mixture),
    sparsity = settings$penalty * settings$mixture,
    clip_value = engine_limit(settings$clip_value),
    clip_norm = engine_limit(settings$clip_norm),
    max_norm = engine_limit(settings$max_norm),
    ema_decay = settings$ema_decay,
    epochs = settings$epochs,
    batch_size = as.integer(min(settings$batch_size, rows)),
    shuffle = settings$shuffle,
    patience = if (settings$patience < Inf) settings$patience else 0L,
    min_improvement = settings$min_improvement,
    keep_last_tie = settings$ties == "last",
    judged_outside = plan$judged || settings$ensemble > 1,
    pause = plan$pause,
    key = key,
    threads = resolve_threads(settings$threads),
    profile = wants_profile(settings),
    dropout = settings$dropout,
    input_dropout = settings$input_dropout,
    input_noise = settings$input_noise,
    rate_factors = if (length(settings$rate_factors)) as.list(settings$rate_factors),
    ntk = settings$parametrization == "ntk",
    drop_incomplete = settings$incomplete_batch == "drop"
  )
}

# The engine takes 0 for no limit.
engine_limit <- function(x) if (x < Inf) x else 0

wants_profile <- function(settings) isTRUE(settings$verbose == 2)

# Runs slices until training ends; the state in which it ended. What an interrupt leaves undone is done, if
# not another two follow. One that came after the last step is put back: it may break off what comes next.
advance <- function(trainer, reporter, monitor) {
  on.exit(reporter$close())
  heard <- function(body) tryCatch(body, interrupt = function(cnd) "interrupted")
  state <- heard({
    state <- begin_training(monitor)
    while (state == "running") {
      hear_interrupt()
      status <- .Call(fastmlp_train_advance, trainer, slice_seconds)
      state <- after_slice(monitor, status)
      reporter$update(status)
    }
    state
  })
  interrupted <- state == "interrupted"
  for (attempt in 1:2) if (state == "interrupted") state <- heard(settle(monitor))
  interrupted <- is_interrupted() || interrupted
  interrupted <- identical(heard(end_training(monitor)), "interrupted") || interrupted
  if (interrupted && state != "interrupted") put_interrupt_back()
  state
}
