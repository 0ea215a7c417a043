# Progress of training: a reporter is list(update(status), close()), where status is what the engine
# tells after each slice.

progress_reporter <- function(verbose, epochs, metric, info) {
  kind <- if (!verbose) "none" else if (rlang::is_interactive()) "bar" else "lines"
  reporters[[kind]](epochs, metric, info)
}

reporter_none <- function(epochs, metric, info = NULL) {
  list(update = function(status) NULL, close = function() NULL)
}

# One line for the last completed epoch of a slice, so at most a few lines a second.
reporter_lines <- function(epochs, metric, info = NULL) {
  shown <- 0L
  started <- proc.time()[["elapsed"]]
  update <- function(status) {
    if (status$epoch == shown) return(invisible())
    shown <<- status$epoch
    left <- (proc.time()[["elapsed"]] - started) * (epochs / status$epoch - 1)
    rlang::inform(
      sprintf("Epoch %d/%d, %s left: %s", status$epoch, epochs, format_seconds(left),
              status_text(status, metric, info)),
      class = "fastmlp_message_progress"
    )
  }
  list(update = update, close = function() NULL)
}

reporter_bar <- function(epochs, metric, info = NULL) {
  frame <- environment()
  text <- ""
  bar <- cli::cli_progress_bar(
    format = "Epoch {floor(cli::pb_current)}/{cli::pb_total} ETA {cli::pb_eta} {text} {cli::pb_bar}",
    total = epochs, .envir = frame, .auto_close = FALSE
  )
  update <- function(status) {
    text <<- status_text(status, metric, info)
    cli::cli_progress_update(set = status$epoch + status$progress, id = bar, .envir = frame)
  }
  list(update = update, close = function() cli::cli_progress_done(id = bar, .envir = frame))
}

reporters <- list(none = reporter_none, lines = reporter_lines, bar = reporter_bar)

# Says where the time of the training steps went; returns it as a data frame, largest first.
report_profile <- function(result, summary) {
  seconds <- sort(result$profile, decreasing = TRUE)
  profile <- data.frame(phase = names(seconds), seconds = unname(seconds),
                        share = unname(seconds) / max(sum(seconds), .Machine$double.xmin))
  header <- sprintf("Training steps: %s s on up to %s, of which", format(summary$step_seconds, digits = 3),
                    count_of(summary$threads, "thread"))
  lines <- sprintf("%-11s %5.1f %%", profile$phase, 100 * profile$share)
  rlang::inform(c(header, stats::setNames(lines, rep(" ", length(lines)))),
                class = "fastmlp_message_profile")
  profile
}

# loss 0.31, accuracy 0.92, validation loss 0.35, validation accuracy 0.91
status_text <- function(status, metric, info = NULL) {
  values <- c(
    status$train_loss, score_value(status$train_score, metric, info),
    status$valid_loss, score_value(status$valid_score, metric, info)
  )
  names <- c("loss", metric, paste("validation", c("loss", metric)))
  known <- !is.na(values)
  paste(names[known], format_metric(values[known]), collapse = ", ", recycle0 = TRUE)
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
