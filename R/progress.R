# Progress of training: a reporter is list(update(status), close()), where status is what the engine
# tells after each slice, or R after an epoch.

# What is told: list(epochs = the last of them, first = how many came before, metric, info, title).
progress_reporter <- function(verbose, ...) {
  kind <- if (!verbose) "none" else if (shows_bars()) "bar" else "lines"
  reporters[[kind]](list(...))
}

# In a console, or where cli is told to send progress elsewhere, whoever looks.
shows_bars <- function() {
  handlers <- c("cli.progress_handlers_only", "cli.progress_handlers_force")
  rlang::is_interactive() || !all(vapply(lapply(handlers, getOption), is.null, NA))
}

reporter_none <- function(run) list(update = function(status) NULL, close = function() NULL)

# One line for an epoch, at most one a second.
reporter_lines <- function(run) {
  shown <- run$first
  started <- proc.time()[["elapsed"]]
  show <- function(status) {
    if (status$epoch == shown) return(FALSE)
    shown <<- status$epoch
    passed <- proc.time()[["elapsed"]] - started
    left <- passed * (run$epochs - shown) / max(shown - run$first, 1)
    text <- sprintf("%sEpoch %d/%d, %s left: %s", run$title, shown, run$epochs, format_seconds(left),
                    status_text(status, run$metric, run$info))
    inform_fastmlp(text, "progress")
    TRUE
  }
  paced(show, 1)
}

# The total is a little more than there are epochs: a bar that reaches it is over for progressr, which then
# fails when it is closed.
reporter_bar <- function(run) {
  frame <- environment()
  text <- ""
  bar <- cli::cli_progress_bar(
    format = paste("{run$title}Epoch {floor(cli::pb_current)}/{run$epochs} ETA {cli::pb_eta}",
                   "{text} {cli::pb_bar}"),
    total = run$epochs + 1e-3, .envir = frame, .auto_close = FALSE
  )
  show <- function(status) {
    text <<- brief_text(status, run$metric, run$info)
    cli::cli_progress_update(set = status$epoch + status$progress, id = bar, .envir = frame)
    TRUE
  }
  paced(show, slice_seconds, function() cli::cli_progress_done(id = bar, .envir = frame))
}

# A reporter that shows what comes so many seconds after the last that was shown, and at the end what was not:
# callbacks, ensembles and L-BFGS tell of each epoch, however short. show(status) says whether there was news.
paced <- function(show, seconds, close = function() NULL) {
  last <- -Inf
  waiting <- NULL
  update <- function(status) {
    waiting <<- status
    now <- proc.time()[["elapsed"]]
    if (now - last < seconds) return(invisible())
    waiting <<- NULL
    if (show(status)) last <<- now
  }
  list(update = update, close = function() {
    if (!is.null(waiting)) show(waiting)
    waiting <<- NULL
    close()
  })
}

reporters <- list(none = reporter_none, lines = reporter_lines, bar = reporter_bar)

# Says where the time of the training steps went; returns it as a data frame, largest first.
report_profile <- function(result, summary) {
  seconds <- sort(result$profile, decreasing = TRUE)
  profile <- data.frame(phase = names(seconds), seconds = unname(seconds),
                        share = unname(seconds) / max(sum(seconds), .Machine$double.xmin))
  header <- sprintf("Training steps: %s s on up to %s, of which", format(summary$step_seconds, digits = 3),
                    count_of(summary$threads, "thread"))
  inform_fastmlp(c(header, sprintf("  %-11s %5.1f %%", profile$phase, 100 * profile$share)), "profile")
  profile
}

# loss 0.31, accuracy 0.92, validation loss 0.35, validation accuracy 0.91
status_text <- function(status, metric, info = NULL) {
  values <- status_values(status, metric, info)
  names <- c("loss", metric, paste("validation", c("loss", metric)))
  known <- !is.na(values)
  paste(names[known], format_metric(values[known]), collapse = ", ", recycle0 = TRUE)
}

# The same where the line is short: loss 0.31, accuracy 0.92; validation 0.35, 0.91
brief_text <- function(status, metric, info = NULL) {
  values <- status_values(status, metric, info)
  validation <- values[3:4][!is.na(values[3:4])]
  status[c("valid_loss", "valid_score")] <- NA_real_
  paste0(status_text(status, metric, info),
         if (length(validation)) paste("; validation", paste(format_metric(validation), collapse = ", ")))
}

# Loss and score, of the training rows and of the validation rows.
status_values <- function(status, metric, info) {
  c(status$train_loss, score_value(status$train_score, metric, info),
    status$valid_loss, score_value(status$valid_score, metric, info))
}

# 5 s, 2 min, 3 h
format_seconds <- function(seconds) {
  units <- c(s = 1, min = 60, h = 3600)
  unit <- max(which(seconds >= c(0, 120, 7200)))
  sprintf("%.0f %s", seconds / units[unit], names(units)[unit])
}

format_metric <- function(values) {
  vapply(values, function(value) format(value, digits = 4), "", USE.NAMES = FALSE)
}
