# What is watched while a network trains, and what R has to do about it at the end of an epoch.

# The plan of a training: list(metrics = <those that R computes>, engine_metric, watched =
# list(metric, sign = <-1 where more is better>), stopping = <whether patience watches>, plateau =
# <schedule_plateau() or NULL>, scheduled, timed = <whether rate, decay or dropout change with the
# steps>, kept = <epochs whose networks are kept>, pause = <whether R acts at the end of epochs>, judged =
# <whether R tells the engine what is watched>).
stopping_plan <- function(settings, info, validation, call) {
  metric <- losses[[info$loss$name]]$metric
  stopping <- settings$patience < Inf
  plateau <- find_plateau(settings$schedule)
  check_metrics_for(settings$metrics, info, call)
  metrics <- settings$metrics
  name <- watched_metric(settings$stop_metric, metrics, metric, info$type, call)
  if (!name %in% c("loss", metric, names(metrics))) {
    check_metrics_for(known_metrics[name], info, call)
    metrics <- c(metrics, known_metrics[name])
  }
  larger <- watched_direction(settings$stop_direction, name, metrics, call)
  metrics <- metrics[names(metrics) != metric]
  several <- settings$ensemble > 1
  judged <- stopping && (several || name != "loss")
  again <- settings$refit && stopping
  kept <- if (again) cycle_ends(settings$schedule, settings$epochs) else settings$keep_epochs
  list(
    metrics = metrics, engine_metric = metric,
    watched = list(metric = name, sign = if (larger) -1 else 1), stopping = stopping, plateau = plateau,
    scheduled = !is_constant(settings$schedule), timed = is_timed(settings), kept = kept,
    pause = several || judged || length(metrics) > 0 || !is.null(plateau) || !is.null(settings$callbacks) ||
      !is.null(settings$checkpoint) || length(kept) > 0,
    judged = judged
  )
}

watched_metric <- function(name, metrics, engine_metric, type, call) {
  fitting <- names(Filter(function(metric) metric$type == type, known_metrics))
  check_choice(name %||% "loss", "stop_metric", unique(c("loss", engine_metric, names(metrics), fitting)),
               call = call)
}

# Whether more is better.
watched_direction <- function(direction, name, metrics, call) {
  larger <- if (name == "loss") FALSE else (metrics[[name]] %||% known_metrics[[name]])$larger %||% FALSE
  if (is.null(direction)) {
    if (!is.na(larger)) return(larger)
    expected <- sprintf("\"minimize\" or \"maximize\" with the metric `%s`", name)
    abort_argument("stop_direction", expected, "nothing", call = call)
  }
  if (!is.na(larger) && larger != (direction == "maximize")) {
    known <- if (larger) "maximize" else "minimize"
    abort_argument("stop_direction", sprintf("\"%s\" with \"%s\"", known, name), format_value(direction),
                   call = call)
  }
  direction == "maximize"
}

# ---- while it trains ----

# Factors of the learning rate that go to the engine at once.
rates_at_once <- 16384

# Everything that R keeps in mind while the engine trains: the job (see train()), and what changes.
new_monitor <- function(trainer, job) {
  monitor <- rlang::new_environment(job)
  monitor$trainer <- trainer
  monitor$steps <- steps_an_epoch(job)
  monitor$metric_sets <- Map(metric_set, job$sets, job$values)
  monitor$factor <- job$state$factor %||% 1
  monitor$progress <- job$state$progress %||% no_progress
  monitor$epochs <- monitor$told <- first_epoch(job)
  monitor$step <- 1 + (if (is.null(job$state)) 0 else job$state$position[["steps"]])
  monitor$extra <- list()
  monitor$kept <- list()
  monitor
}

steps_an_epoch <- function(job) {
  batches <- set_rows(job$sets$train) / job$options$batch_size
  if (job$options$drop_incomplete) floor(batches) else ceiling(batches)
}

# Epochs completed before.
first_epoch <- function(job) if (is.null(job$state)) 0L else as.integer(job$state$position[["epoch"]])

# The factors of the learning rate at steps counted from 1.
learn_rate_factors <- function(monitor, steps) {
  factors_at(monitor, "schedule", steps) * monitor$progress$factor * monitor$factor
}

# Hands the engine all factors from a step on, up to the last step at most.
send_rates <- function(monitor, step) {
  left <- monitor$steps * monitor$settings$epochs - step + 1
  steps <- step - 1 + seq_len(max(1, min(rates_at_once, left)))
  factors <- c(list(learn_rate = learn_rate_factors(monitor, steps)), decay_factors(monitor, steps))
  .Call(fastmlp_train_rates, monitor$trainer, factors)
}

# Before the first step: the state.
begin_training <- function(monitor) {
  step <- monitor$step
  if (monitor$plan$timed || monitor$factor != 1) send_rates(monitor, step)
  stop <- call_back(monitor, "on_train_begin", step) || call_back(monitor, "on_epoch_begin", step)
  if (stop) "callback" else "running"
}

# After a slice: the state, which R may have changed.
after_slice <- function(monitor, status) {
  state <- status$state
  monitor$step <- status$step
  if (monitor$plan$pause && status$epoch > monitor$epochs) state <- after_epoch(monitor, status)
  if (state == "running" && status$wants_rate) send_rates(monitor, status$step)
  state
}

after_epoch <- function(monitor, status) {
  state <- end_epoch(monitor, status)
  if (state == "running") checkpoint_epoch(monitor)
  if (state == "running" && call_back(monitor, "on_epoch_begin", status$step)) return("callback")
  state
}

# Measures and judges the last completed epoch, and tells callbacks, as far as that has not been done; the
# state.
end_epoch <- function(monitor, status) {
  state <- status$state
  if (status$epoch > monitor$epochs) {
    state <- record_epoch(monitor, status, epoch_metrics(monitor))
  }
  if (monitor$told < monitor$epochs && call_back(monitor, "on_epoch_end", status$step - 1)) return("callback")
  state
}

record_epoch <- function(monitor, status, values) {
  monitor$extra[[status$epoch]] <- values
  state <- judge_epoch(monitor, status, values)
  monitor$epochs <- status$epoch
  monitor$kept <- keep_epoch(monitor$kept, networks_of(list(monitor)))
  state
}

# After an interrupt: the step under way is completed, and where that or the slice before was an epoch's end,
# that, too. The state; training that has ended has not been interrupted.
settle <- function(monitor) {
  status <- .Call(fastmlp_train_settle, monitor$trainer)
  monitor$step <- status$step
  state <- if (monitor$plan$pause) end_epoch(monitor, status) else status$state
  if (state == "running") "interrupted" else state
}

# After the last step, whatever ended training.
end_training <- function(monitor) call_back(monitor, "on_train_end", max(1, monitor$step - 1))

# R's metrics of the present network: list(train, valid), each a named vector.
epoch_metrics <- function(monitor) {
  metrics <- monitor$plan$metrics
  if (!length(metrics)) return(NULL)
  lapply(rlang::set_names(c("train", "valid")), function(name) {
    set <- monitor$metric_sets[[name]]
    if (is.null(set)) return(NULL)
    engine <- function(link) .Call(fastmlp_train_outputs, monitor$trainer, name == "valid", link, 1L)
    own <- monitor$sets[[name]]
    shifted <- function(link) linked(offset_outputs(engine("none"), own), link)
    run <- if (is.null(own$offset)) engine else shifted
    estimate <- as_estimate(run, monitor$info, set$shift)
    vapply(names(metrics), function(metric) {
      metric_value(metric, metrics[[metric]], set, estimate, monitor$call)
    }, 1)
  })
}

# Tells patience and plateau what is watched; the state.
judge_epoch <- function(monitor, status, values) {
  plan <- monitor$plan
  if (!plan$judged && is.null(plan$plateau)) return(status$state)
  value <- plan$watched$sign * watched_value(monitor, status, values)
  if (!is.null(plan$plateau)) watch_plateau(monitor, status, value)
  state <- if (plan$judged) .Call(fastmlp_train_judge, monitor$trainer, value) else status$state
  state_after(state, value)
}

# Training ends where what is watched is not finite, an epoch that counts as no improvement.
state_after <- function(state, value) if (state == "running" && is.nan(value)) "stopped" else state

# What is watched: of the validation rows or, without any, of the training rows; NaN, with a warning, where it
# is not finite.
watched_value <- function(monitor, status, values) {
  plan <- monitor$plan
  name <- plan$watched$metric
  set <- if (is.null(monitor$sets$valid)) "train" else "valid"
  value <- if (name == "loss") status[[paste0(set, "_loss")]] else
    if (name == plan$engine_metric) score_value(status[[paste0(set, "_score")]], name, monitor$info) else
      values[[set]][[name]]
  if (!is.na(value)) return(value)
  if (status$epoch == 1) abort_unmeasured(name, monitor$call) # there is nothing yet to keep
  warn_unmeasured(name, status$epoch, plan$judged, monitor$call)
  NaN
}

abort_unmeasured <- function(name, call) {
  abort_argument("stop_metric", "a metric that is a finite number in each epoch",
                 sprintf("NaN for \"%s\" after epoch 1", name), "metric", call = call)
}

warn_unmeasured <- function(name, epoch, judged, call) {
  text <- sprintf("Training stopped: after epoch %d the `stop_metric` \"%s\" was not finite.", epoch,
                  name)
  kept <- if (judged) "The best epoch before it is kept." else "Its weights are kept."
  warn_fastmlp(c(text, i = kept), "metric", call)
}

# Lowers the rate where the plateau asks for it, once it has begun.
watch_plateau <- function(monitor, status, value) {
  settings <- monitor$settings
  waits <- status$epoch <= epochs_before_plateau(settings$schedule, settings$epochs)
  if (waits || is.nan(value)) return(invisible())
  before <- monitor$progress$factor
  monitor$progress <- plateau_progress(monitor$plan$plateau, monitor$progress, value)
  if (monitor$progress$factor != before) send_rates(monitor, status$step)
}

# Progress after one more value, less being better: list(best, waited = <epochs since>, factor).
plateau_progress <- function(plateau, progress, value) {
  if (value < progress$best - plateau$min_improvement) {
    return(list(best = value, waited = 0, factor = progress$factor))
  }
  progress$waited <- progress$waited + 1
  if (progress$waited < plateau$patience) return(progress)
  lower <- max(progress$factor * plateau$factor, plateau$smallest)
  list(best = progress$best, waited = 0, factor = lower)
}

no_progress <- list(best = Inf, waited = 0, factor = 1)

# Runs the callbacks of an event at a step; whether one of them asks to stop.
call_back <- function(monitor, event, step) {
  callbacks <- monitor$settings$callbacks
  if (is.null(callbacks)) return(FALSE)
  state <- callback_state(monitor, event, step)
  late <- is_interrupted() # which else would break off the first function before it has begun
  if (event == "on_epoch_end") monitor$told <- monitor$epochs
  wishes <- run_callbacks(callbacks, event, state, monitor$call)
  if (late) put_interrupt_back()
  factor <- wishes$learn_rate_factor
  if (!is.null(factor)) check_rate_changes(monitor$settings$optimizer, event, factor, monitor$call)
  if (!is.null(factor) && factor != monitor$factor) {
    monitor$factor <- factor
    send_rates(monitor, monitor$step)
  }
  wishes$stop
}

# A rate that the optimizer does not use cannot be changed.
check_rate_changes <- function(optimizer, event, factor, call) {
  known <- optimizer_of(optimizer)
  if (!"schedule" %in% known$lacks) return(invisible())
  abort_argument(sprintf("callbacks$%s()$learn_rate_factor", event),
                 paste("left out", does_without(known)), describe(factor), call = call)
}

callback_state <- function(monitor, event, step) {
  list(
    epoch = if (event == "on_epoch_begin") monitor$epochs + 1L else monitor$epochs,
    epochs = monitor$settings$epochs,
    history = training_history(monitor, .Call(fastmlp_train_history, monitor$trainer), monitor$extra),
    learn_rate = monitor$settings$optimizer$learn_rate * learn_rate_factors(monitor, step),
    network = function() {
      if (is.null(monitor$trainer)) abort_late_network(event, monitor$call)
      present_network(monitor)
    }
  )
}

abort_late_network <- function(event, call) {
  abort_argument(sprintf("callbacks$%s(state)$network", event), "called while training lasts",
                 "a call after its end", "callback",
                 hint = "The fit has the network in the end; `keep_epochs` keeps those of other epochs.",
                 call = call)
}

# ---- history ----

# The history of a job: the long table of an engine's records, one row an epoch, set and metric, behind the
# history before. The learning rate joins it where it was not the same all the time.
training_history <- function(job, history, extra) {
  first <- first_epoch(job)
  epochs <- length(history$train_loss)
  metric <- job$plan$engine_metric
  measures <- function(set) {
    extra <- lapply(rlang::set_names(as.character(names(job$plan$metrics))), function(name) {
      vapply(first + seq_len(epochs), function(epoch) extra_value(extra, epoch, set, name), 1)
    })
    score <- score_value(history[[paste0(set, "_score")]], metric, job$info)
    if (set == "valid" && any(!is.na(history$joint_score))) score <- history$joint_score
    c(list(loss = history[[paste0(set, "_loss")]]), rlang::set_names(list(score), metric), extra)
  }
  tables <- list(train = measures("train"))
  before <- job$before
  if (job$plan$scheduled || any(history$rate != 1) || "learn_rate" %in% before$metric) {
    learn_rate <- job$settings$optimizer$learn_rate
    tables$train$learn_rate <- learn_rate * history$rate
    before <- with_rates(before, learn_rate)
  }
  if (!is.null(job$sets$valid)) tables$validation <- measures("valid")
  rbind(before, history_frame(tables, first, epochs))
}

# A history in which the learning rate was the same all the time, with that rate.
with_rates <- function(history, learn_rate) {
  if (is.null(history) || "learn_rate" %in% history$metric) return(history)
  last <- history$set == "train" & !duplicated(history[c("epoch", "set")], fromLast = TRUE)
  rows <- sort(c(seq_len(nrow(history)), which(last)))
  added <- duplicated(rows)
  history <- history[rows, ]
  history$metric[added] <- "learn_rate"
  history$value[added] <- learn_rate
  rownames(history) <- NULL
  history
}

# NA where training ended before R came to an epoch.
extra_value <- function(extra, epoch, set, name) {
  if (epoch <= length(extra) && !is.null(extra[[epoch]])) extra[[epoch]][[set]][[name]] else NA_real_
}

# tables: for each set a list of vectors, one value an epoch, of which `first` came before.
history_frame <- function(tables, first, epochs) {
  sets <- rep(names(tables), lengths(tables))
  metrics <- unlist(lapply(tables, names), use.names = FALSE)
  values <- do.call(rbind, unlist(tables, recursive = FALSE, use.names = FALSE))
  data.frame(
    epoch = rep(first + seq_len(epochs), each = length(sets)),
    set = rep(sets, epochs),
    metric = rep(metrics, epochs),
    value = as.double(values)
  )
}

# The engine's score as reported: it gives the mean squared error for "rmse", in the network's units or,
# where it measures squares of roots, the outcome's.
score_value <- function(score, metric, info) {
  if (metric != "rmse") return(score)
  scale <- info$scaling$scale
  sqrt(score) * if (length(scale) == 1 && !measures_squares(info$loss, info$scaling)) scale else 1
}
