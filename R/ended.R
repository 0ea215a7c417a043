# What is told of training that did not end as it should, and what could be done about it.

# Of what a run gives, midway: in the first epoch the weights of its last step are kept, not the initial ones;
# unsound: the epoch whose weights were found to be of no use; valid_lost: it was the validation rows whose
# loss was not finite.
warn_of_end <- function(summary, settings, info, call, result = NULL) {
  if (summary$stopped == "interrupted") {
    kept <- if (summary$kept_epoch %in% c(0L, summary$epochs)) {
      if (summary$kept_epoch > 0 || isTRUE(result$midway)) "weights so far" else "initial weights"
    } else {
      sprintf("weights of epoch %d", summary$kept_epoch)
    }
    text <- sprintf("Training was interrupted after %s; the %s are kept.", count_of(summary$epochs, "epoch"),
                    kept)
    warn_fastmlp(text, "interrupted", call)
  }
  if (summary$stopped == "diverged") {
    warn_fastmlp(diverged_message(summary, settings, info, result), "diverged", call)
  }
  if (summary$stopped == "stuck") warn_fastmlp(stuck_message(summary, settings, info), "stuck", call)
}

stuck_message <- function(summary, settings, info) {
  c(
    sprintf("%s is stuck after %s: it failed to find a lower loss, and there is one.",
            optimizer_of(settings$optimizer)$title, count_of(summary$epochs, "iteration")),
    i = kept_weights(summary$kept_epoch),
    i = advice_text(c(
      scaling_advice(settings, info),
      if (!is.null(info$loss$fn)) "see whether the gradient of `loss` is that of its value"
    ) %||% "use another optimizer, such as `opt_adam()`")
  )
}

diverged_message <- function(summary, settings, info, result = NULL) {
  title <- optimizer_of(settings$optimizer)$title
  epoch <- summary$epochs + 1L
  valid_lost <- is.null(result$unsound) && isTRUE(result$valid_lost)
  what <- if (!is.null(result$unsound)) {
    sprintf("after the steps of %s in epoch %d the loss was no longer finite", title, result$unsound)
  } else if (valid_lost) {
    sprintf("after the steps of %s in epoch %d the loss of the validation rows was not finite", title, epoch)
  } else {
    sprintf("the loss or its gradient was no longer finite at a step of %s in epoch %d", title, epoch)
  }
  far <- "see whether rows to validate on lie far from those that are trained on"
  c(
    sprintf("Training diverged: %s.", what),
    i = kept_weights(summary$kept_epoch),
    i = divergence_advice(settings, info, first = if (valid_lost) far)
  )
}

kept_weights <- function(epoch) {
  sprintf("The %s are kept.", if (epoch > 0) paste("weights of epoch", epoch) else "initial weights")
}

# A squared error so many times that of outputs of 0 did not come from learning, if it was lower at the start.
hopeless_times <- 1e6

# What grew beyond all use may be finite all the same, where all hidden units died of it.
warn_of_size <- function(history, summary, job) {
  told <- summary$stopped %in% c("diverged", "stuck")
  if (job$info$loss$name != "squared" || told) return(invisible())
  at <- history$set == "train" & history$metric == "loss" & history$epoch == summary$kept_epoch
  loss <- history$value[at]
  target <- job$sets$train$target
  of_zero <- mean((target[job$sets$train$rows %||% TRUE, ])^2)
  if (length(loss) != 1 || !isTRUE(loss > hopeless_times * of_zero)) return(invisible())
  at_start <- start_loss(job)
  if (!isTRUE(loss > at_start)) return(invisible())
  text <- sprintf("Training diverged: it ended with a loss of %s, where it began with %s.",
                  signif(loss, 3), signif(at_start, 3))
  warn_fastmlp(c(text, i = divergence_advice(job$settings, job$info)), "diverged", job$call)
}

# The squared error of the network that training begins with.
start_loss <- function(job) {
  set <- job$sets$train
  start <- (job$members[[1]] %||% job)$start()
  output <- .Call(fastmlp_predict, start$layers, set$x, job$scaling, "none",
                  resolve_threads(job$settings$threads))
  mean((output - set$target)[set$rows %||% TRUE, ]^2)
}

divergence_advice <- function(settings, info, first = NULL) {
  rate <- settings$optimizer$learn_rate
  advice <- c(
    first,
    shrinking_advice(settings),
    if (!is.null(rate)) {
      sprintf("lower `learn_rate` (it was %s, try %s)", format(rate), format(lower_rate(settings$optimizer)))
    },
    scaling_advice(settings, info),
    if (!is.null(info$loss$fn)) "see where `loss` is not finite"
  ) %||% "raise `penalty`"
  advice_text(advice)
}

# A tenth, but of rates above 1, which may be far away, the optimizer's default.
lower_rate <- function(optimizer) {
  rate <- optimizer$learn_rate
  if (rate > 1) formals(optimizer_of(optimizer)$constructor)$learn_rate else rate / 10
}

# Weights that a step shrinks by more than themselves grow.
shrinking_advice <- function(settings) {
  rate <- settings$optimizer$learn_rate %||% 0
  c(
    if (isTRUE(rate * settings$penalty >= 1)) "lower `penalty`",
    if (isTRUE(rate * settings$optimizer$weight_decay >= 1)) "lower the optimizer's `weight_decay`"
  )
}

scaling_advice <- function(settings, info) {
  c(
    if (settings$standardize == "none") "use `standardize = \"zscore\"`",
    if (standardizable(info$loss) && !isTRUE(settings$standardize_outcome)) "use `standardize_outcome = TRUE`"
  )
}

advice_text <- function(advice) paste0("You could ", paste(advice, collapse = ", or "), ".")
