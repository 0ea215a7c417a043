# Training again on all rows, once the validation rows have told for how many epochs.

#' @param refit Whether the network is trained again, from the same start, on all rows, those for validation
#'   included, up to the epoch that was kept (Goodfellow et al. 2016, section 7.8): `TRUE` (with a validation
#'   share or rows, which the data have) or `FALSE`. It takes about as long as the first training up to that
#'   epoch, a quarter longer with a share of 0.2. See the section on training again. `r default_of("refit")`
#' @section Training again:
#' With `refit = TRUE` schedules keep the horizon `epochs`. With one that comes down several times, such as
#' [schedule_coslog4()], `patience` keeps the best of the epochs at which it has come down: what is best
#' while the rate is high is so by chance, which training again does not repeat. The history, the temperature
#' of `calibrate`, intervals, the variance that `transform_outcome` adds, and what standardises are those of
#' the first training. Each member of an `ensemble` is trained again from its own start, in its own
#' order, while the epoch, the temperature and intervals come from predictions for rows that the members asked
#' had not seen.
#'
#' Such a fit cannot be continued. Where the second training is interrupted the fit is that of the first
#' (which cannot be continued either), with a warning. Not with `checkpoint` and [schedule_plateau()].
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 7
NULL

check_refit <- function(settings, validation, call) {
  if (!settings$refit) return(invisible())
  expected <- "a share or rows of the data with `refit = TRUE`"
  if (validation$kind == "none") abort_no_validation(expected, call)
  if (validation$kind == "data") abort_argument("validation", expected, "other data", call = call)
  if (!is.null(settings$checkpoint)) {
    abort_argument("checkpoint", "left out with `refit`", describe(settings$checkpoint), call = call)
  }
  if (!is.null(find_plateau(settings$schedule))) {
    abort_argument("schedule", "one of time alone with `refit`", format(settings$schedule), call = call)
  }
}

# Where there is an epoch to train up to.
wants_refit <- function(settings, trained) {
  settings$refit && trained$summary$stopped %in% c("finished", "stopped") && trained$summary$kept_epoch > 0
}

# What train() gave, with the best of the ends of the schedule's cycles as the epoch that is kept, where there
# were such: what is best while the rate is high is so by chance, which training again does not repeat.
at_cycle_end <- function(trained, plan, settings) {
  watched <- plan$watched
  told <- trained$history$set == "validation" & trained$history$metric == watched$metric
  course <- trained$history[told & trained$history$epoch %in% names(trained$epochs), ]
  course <- course[!is.na(course$value), ]
  if (!nrow(course)) return(trained)
  value <- watched$sign * course$value
  best <- course$epoch[value == min(value)]
  epoch <- if (settings$ties == "last") max(best) else min(best)
  layers <- lapply(trained$epochs[[as.character(epoch)]], `[[`, "layers")
  trained$layers <- layers[[1]]
  trained["members"] <- list(if (length(layers) > 1) layers)
  trained$summary$kept_epoch <- epoch
  trained
}

# What train() gives for all rows up to an epoch; where an interrupt comes before it, the summary alone.
train_again <- function(task, members, last_epoch) {
  tryCatch(
    train_task(refit_task(task), refit_members(task, members), last_epoch = last_epoch),
    interrupt = function(cnd) list(summary = list(stopped = "interrupted"))
  )
}

# What was broken off is left: the fit is that of the first training.
warn_of_refit <- function(summary, call) {
  text <- sprintf("Training again on all rows %s; the network of the first training is kept.",
                  if (summary$stopped == "diverged") "diverged" else "was interrupted")
  warn_fastmlp(text, if (summary$stopped == "diverged") "diverged" else "interrupted", call)
}

refit_sets <- function(sets) {
  sets$train["rows"] <- list(NULL)
  list(train = sets$train, valid = NULL)
}

refit_members <- function(task, members) {
  lapply(members, function(member) {
    member$sets <- refit_sets(task$sets)
    member
  })
}

# All rows, nothing to judge; callbacks have seen the first training.
refit_task <- function(task) {
  task$sets <- refit_sets(task$sets)
  task$settings["callbacks"] <- list(NULL)
  task$plan[c("metrics", "kept")] <- list(NULL)
  task$plan[c("stopping", "judged")] <- FALSE
  task
}
