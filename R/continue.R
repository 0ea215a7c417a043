# Going on with a fit: the state that a fit keeps for it, and mlp_continue().

#' Train a fit for more epochs
#'
#' Goes on where [mlp_fit()] ended, with the same settings: 10 epochs and then 10 more give exactly the
#' network and history of 20. Moments, averages, the order of rows and the rows held for validation
#' are those of the unbroken run. A schedule that depends on the number of epochs has to be given the
#' `horizon` of the whole run; without it, it stretches over the epochs there are by then.
#'
#' @param fit A fit by [mlp_fit()] or `mlp_continue()`. One without a `state` (see the value of
#'   [mlp_fit()]) cannot go on, nor can one by a recipe with steps that new rows skip (`skip = TRUE`). A
#'   `checkpoint` that the fit had is not written on.
#' @param ... The training data, given as to [mlp_fit()]: `x` and `y`, or for a fit by a formula
#'   `data`. Other rows than before may come, of the same columns and outcome, unless the fit holds
#'   some of its rows for validation: then they have to be the same, in the same order.
#' @param epochs How many more passes through the training rows: a whole number of at least 1. A running
#'   epoch that was interrupted is completed as the first of them.
#' @param weights Case weights, one non-negative number a row. Needed if the fit had them.
#' @param offset Offset, one finite number a row. Needed if the fit had this argument.
#' @param loss The loss by [loss_custom()] of the fit, which does not keep the function. Needed for such
#'   fits only.
#' @param validation Validation data, as for [mlp_fit()]. Needed if the fit had them; a share of the rows
#'   is remembered.
#' @param metrics Metrics, as for [mlp_fit()]. Functions of your own are needed again; metrics known by
#'   name are remembered.
#' @param callbacks Callbacks, as for [mlp_fit()]. Needed if the fit had them.
#' @param threads,verbose As for [mlp_fit()]; by default as they were.
#' @return A fit like that of [mlp_fit()]. After early stopping, `patience` counts anew from where training
#'   goes on, and the best epoch of all is kept.
#' @examples
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, preset = "plain", hidden_units = 8, epochs = 10,
#'                optimizer = opt_adam())
#' mlp_continue(fit, iris, epochs = 10)
#' @export
mlp_continue <- function(fit, ..., epochs, weights = NULL, offset = NULL, validation = NULL,
                         loss = NULL, metrics = NULL, callbacks = NULL, threads = NULL,
                         verbose = NULL) {
  call <- environment()
  check_whole_names()
  check_given()
  check_continuable(check_model(fit, "fit"), call)
  settings <- continued_settings(fit, epochs, metrics, callbacks, threads, verbose, call)
  info <- fit$outcome
  info$loss <- continued_loss(info$loss, loss, call)
  info[judgements] <- NULL
  given <- list(data = continued_given(fit, list(...), call), weights = weights, offset = offset,
                validation = validation)
  if (omits(fit$predictors)) given <- omit_again(fit, given, call)
  data <- continued_data(fit, given$data, call)
  weights <- continued_weights(fit, given$weights, nrow(data$x), call)
  by_class <- weights_by_class(settings$class_weights, data$outcome$values, weights, call)
  offset <- continued_offset(fit, data, given$offset, given$validation, call)
  validation <- continued_validation(fit, offset$validation, nrow(data$x), call)
  plan <- stopping_plan(settings, info, validation, call)
  sets <- training_sets(data$x, data$outcome, weights, validation, call, by_class)
  sets <- with_offset(sets, offset, validation$kind)
  sets <- with_scaled_targets(sets, info$scaling)
  check_batches(settings, set_rows(sets$train), call)
  values <- outcome_values_of(data$outcome, validation)
  check_held_rows(fit$state, sets, values, call)
  fit_whole({
    trained <- train(function() fit$network, sets, scaling_of(fit$standardize), info, settings, fit$state$key,
                     call, plan, values, fit$state, fit$history)
    task <- list(outcome = list(info = info), settings = settings, sets = sets, values = values,
                 scaling = fit$standardize)
    continued_fit(fit, trained, task)
  }, call)
}

# What a fit keeps for going on: the engine's state, the key of its random numbers, the rows held for
# validation with what identifies the data whose rows they are, and where a plateau and the callbacks' factor
# of the learning rate stand.
training_state <- function(monitor) {
  state <- whole_state(monitor)
  # The fit has what is kept, and is done with what was before.
  state[!names(state) %in% c("kept", "previous", "previous_epoch")]
}

# After divergence there is nothing worth it, and where all rows are trained on next the state is that of a
# network which is no longer wanted; it is twice the memory of the weights.
keeps_state <- function(settings, ended) {
  ended == "interrupted" || ended != "diverged" && !settings$refit
}

# The same with the networks of the kept epoch and of the one before.
whole_state <- function(monitor) {
  held <- monitor$sets$valid$rows
  monitor$data <- monitor$data %||% if (!is.null(held)) data_fingerprint(monitor$sets, monitor$values)
  c(.Call(fastmlp_train_state, monitor$trainer),
    list(key = monitor$key, held = held, data = monitor$data, progress = monitor$progress,
         factor = monitor$factor))
}

# What other data, or the same rows in another order, do not have: by column, of predictors and outcome.
data_fingerprint <- function(sets, values) {
  x <- sets$train$x
  y <- if (is.factor(values$train)) as.integer(values$train) else as.double(values$train)
  if (is_sparse(x)) return(rlang::hash(list(unclass(x), y)))
  if (!is.matrix(x)) x <- new_columns(lapply(x, factor_codes), nrow(x))
  rlang::hash(list(.Call(fastmlp_fingerprint, x, seq_len(ncol(x))), y))
}

factor_codes <- function(column) if (is.factor(column)) as.integer(column) else column

# Of other rows those held would be others, and some of them trained on before.
check_held_rows <- function(state, sets, values, call) {
  if (is.null(state$held) || identical(state$data, data_fingerprint(sets, values))) return(invisible())
  abort_argument("...", "the data of the fit, their rows in the same order", "other values or another order",
                 "data", hint = "The fit holds some of its rows for validation.", call = call)
}

state_buffers <- c("parameters", "average", "moment1", "moment2", "moment3")

check_continuable <- function(fit, call) {
  if (is.null(fit$state)) {
    reason <- stateless(fit)
    abort_argument("fit", "have a state to go on from", reason[1], "model", hint = reason[2], call = call)
  }
  fault <- state_fault(fit)
  if (!is.null(fault)) abort_model("fit", fault, call)
  skipped <- skipped_steps(fit$blueprint$recipe$steps)
  if (length(skipped)) {
    abort_argument(
      "fit", "have a recipe all of whose steps apply to new rows", sprintf("`%s(skip = TRUE)`", skipped[1]),
      "model", call = call,
      hint = "Make the rows by `recipes::bake(recipes::prep(recipe), NULL)`, and fit by `x` and `y`."
    )
  }
}

# Why a fit has no state, and what to do.
stateless <- function(fit) {
  from_weights <- "Fit anew, from its weights: `init = coef(fit)`."
  if (identical(fit$training$stopped, "diverged")) {
    c("one that diverged", "Fit anew, with a smaller learning rate.")
  } else if (identical(fit$arguments$optimizer$name, "lbfgs")) {
    c("one by L-BFGS", from_weights)
  } else if (!is.null(fit$members)) {
    c("an ensemble", "Fit anew.")
  } else if (isTRUE(fit$arguments$refit)) {
    c("one with `refit = TRUE`", "Fit with `refit = FALSE`, which keeps what is needed.")
  } else {
    c("one without it", from_weights)
  }
}

# The counts among the numbers of a position.
position_counts <- c("epoch", "row", "steps", "kept_epoch", "improved_epoch")

# Whether a position has its numbers, and counts such as training reaches.
is_position <- function(position, epochs) {
  if (!is.double(position) || length(position) != 9 || anyNA(position)) return(FALSE)
  counts <- as.list(position)[position_counts]
  if (!all(lengths(counts) == 1)) return(FALSE)
  all(unlist(counts) >= 0) && counts$epoch == epochs && counts$steps <= 2^53 &&
    max(counts$kept_epoch, counts$improved_epoch) <= epochs
}

# What does not fit together in a state that was changed by hand, or NULL.
state_fault <- function(fit) {
  state <- fit$state
  network <- fit$network
  numbers <- is_position(state$position, fit$training$epochs) &&
    (is.null(state$factor) || is_plain_numeric(state$factor) && isTRUE(state$factor > 0))
  key <- is.integer(state$key) && length(state$key) == 2
  shaped <- vapply(state_buffers, function(name) {
    is.null(state[[name]]) || same_shape(state[[name]], network$layers)
  }, NA)
  if (!numbers || !key || !all(shaped)) return("a `state` that does not match the network")
  NULL
}

same_shape <- function(layers, others) {
  is.list(layers) && length(layers) == length(others) && all(mapply(function(layer, other) {
    is.double(layer$weight) && identical(dim(layer$weight), dim(other$weight)) &&
      is.double(layer$bias) && length(layer$bias) == length(other$bias)
  }, layers, others))
}

# Some of what a fit was given it does not keep.
abort_not_again <- function(arg, call) {
  abort_argument(arg, "given again, as for the fit", "nothing", "missing", call = call)
}

# Settings that a change by hand could make such that no fit would have them.
continued_checks <- c(
  "optimizer", "schedule", "decay_schedule", "dropout_schedule", "batch_size", "penalty", "mixture",
  "clip_value", "clip_norm", "max_norm", "ema_decay", "input_dropout", "input_noise", "patience",
  "min_improvement"
)

continued_settings <- function(fit, epochs, metrics, callbacks, threads, verbose, call) {
  settings <- checked_settings(fit$arguments, continued_checks, call)
  settings$epochs <- check_count(fit$training$epochs + check_count(epochs, "epochs", call = call),
                                 "epochs", call = call)
  if (is.null(metrics) && !all(settings$metrics %in% names(known_metrics))) abort_not_again("metrics", call)
  settings["metrics"] <- list(check_metrics(metrics %||% settings$metrics, "metrics", call))
  if (is.null(callbacks) && !is.null(settings$callbacks)) {
    abort_not_again("callbacks", call)
  }
  settings["checkpoint"] <- list(NULL)
  settings["callbacks"] <- list(check_callbacks(callbacks, "callbacks", call))
  if (!is.null(threads)) settings["threads"] <- list(fit_checks$threads(threads, "threads", call))
  if (!is.null(verbose)) settings$verbose <- check_verbose(verbose, "verbose", call)
  settings
}

# The data by name.
continued_given <- function(fit, given, call) {
  by_data <- takes_data(fit_interface(fit))
  given <- named_data(given, if (by_data) "data" else c("x", "y"), call)
  if (by_data) check_data_frame(given$data, "data", call)
  given
}

# list(x, outcome) of the data, in the form in which the fit took them.
continued_data <- function(fit, given, call) {
  by_data <- takes_data(fit_interface(fit))
  if (by_data) {
    outcomes <- forge_outcomes(given$data, fit$outcome$blueprint %||% fit$blueprint, "data", call)
    given <- list(x = given$data, y = outcomes)
  }
  args <- if (by_data) c("data", "data") else c("x", "y")
  x <- forge_predictors(given$x, fit$blueprint, fit$predictors, args[1], call)
  check_sparse_settings(fit$arguments, c(fit$network$inputs, fit$network$hidden_units), x, args[1], call)
  check_finite(check_some_rows(x, args[1], call), args[1], call = call)
  outcome <- match_outcome(given$y, fit$outcome, args[2], call)
  check_same_rows(nrow(x), outcome_rows(outcome), args[2], call)
  list(x = x, outcome = outcome, given = given)
}

# The parts of the data by name, those without a name in their order.
named_data <- function(given, parts, call) {
  names <- rlang::names2(given)
  unnamed <- which(names == "")
  free <- setdiff(parts, names)
  if (!all(names %in% c(parts, "")) || anyDuplicated(names[names != ""]) || length(unnamed) > length(free)) {
    expected <- sprintf("%s, as the fit took its data", enumerate_columns(parts))
    more <- if (length(unnamed)) count_of(length(unnamed), "unnamed argument")
    got <- paste(c(sprintf("`%s`", names[names != ""]), more), collapse = " and ")
    settings <- intersect(names, names(plain_arguments))
    hint <- if (length(settings)) {
      sprintf("A fit goes on as it began; `update()` fits anew with another `%s`.", settings[1])
    }
    abort_argument("...", expected, got, "data", hint, call)
  }
  names[unnamed] <- free[seq_along(unnamed)]
  given <- rlang::set_names(given, names)
  missing <- setdiff(parts, names)
  if (length(missing)) {
    hint <- sprintf("Give it by name, `%s = `, or behind the fit.", missing[1])
    abort_argument(missing[1], "given: a fit does not hold its training data", "nothing", "missing", hint,
                   call)
  }
  given
}

continued_weights <- function(fit, weights, rows, call) {
  if (is.null(weights) && !is.null(fit$arguments$weights)) {
    abort_not_again("weights", call)
  }
  check_case_weights(weights, rows, call = call)
}

# A function of the user's, which the fit did not keep.
continued_loss <- function(known, loss, call) {
  custom <- startsWith(known$name, "custom")
  if (!custom && !is.null(loss)) {
    abort_argument("loss", "left out: it is that of the fit", describe(loss), call = call)
  }
  if (!custom) return(known)
  if (!inherits(loss, "fastmlp_loss") || !identical(loss$name, known$name) ||
      !identical(loss$levels, known$levels)) {
    abort_argument("loss", "the `loss_custom()` of the fit", describe(loss), call = call)
  }
  loss
}

continued_offset <- function(fit, data, offset, validation, call) {
  source <- fit$outcome$offset
  if (identical(source, "argument") && is.null(offset)) {
    abort_not_again("offset", call)
  }
  if (is.null(source) && !is.null(offset)) {
    abort_argument("offset", "left out: the fit had none", describe(offset), call = call)
  }
  design <- list(
    offset = if (is.list(source)) source, interface = fit_interface(fit), x = data$x, data = data$given$x
  )
  fit_offset(list(offset = offset, validation = validation), design, list(info = fit$outcome), call)
}

fit_interface <- function(fit) {
  if (inherits(fit$blueprint, "recipe_blueprint")) return("recipe")
  if (is.null(fit$outcome$blueprint)) "xy" else "formula"
}

# Whether predictors and outcome come in one data frame.
takes_data <- function(interface) interface %in% c("formula", "recipe")

continued_validation <- function(fit, validation, rows, call) {
  held <- fit$state$held
  if (!is.null(held) && !is.null(validation)) {
    abort_argument("validation", "left out: the fit holds some of its rows", describe(validation),
                   call = call)
  }
  if (!is.null(held)) {
    expected <- fit$training$rows + fit$training$validation_rows
    if (rows != expected) {
      abort_argument("...", sprintf("have %s, like the data of the fit", count_of(expected, "row")),
                     count_of(rows, "row"), "shape",
                     hint = "The fit holds some of them for validation.", call = call)
    }
    return(list(kind = "rows", rows = held))
  }
  if (is.null(validation) && fit$training$validation_rows > 0) {
    abort_not_again("validation", call)
  }
  if (is.null(validation)) return(list(kind = "none"))
  if (!is.list(validation)) {
    expected <- "data: rows are held from the beginning, or not at all"
    abort_argument("validation", expected, describe(validation), "type", call = call)
  }
  design <- list(
    interface = fit_interface(fit), blueprint = fit$blueprint,
    predictors = fit$predictors, outcomes = fit$outcome$blueprint
  )
  checked <- validation_data(validation, design, list(info = fit$outcome), call)
  sizes <- c(fit$network$inputs, fit$network$hidden_units)
  check_sparse_settings(fit$arguments, sizes, checked$x, "validation$x", call)
  checked
}

# The fit after more epochs.
continued_fit <- function(fit, trained, task) {
  before <- fit$training
  settings <- task$settings
  fit$network <- new_network(trained$layers, fit$arguments$activation)
  judged <- judged_outcome(task, list(fit$network))
  for (part in judgements) fit$outcome[[part]] <- judged[[part]]
  fit$history <- trained$history
  fit$arguments <- used_arguments(settings, fit$outcome)
  fit$given$epochs <- settings$epochs
  fit$training <- c(list(rows = set_rows(task$sets$train), validation_rows = set_rows(task$sets$valid)),
                    trained$summary, before[c("preset_rule", "refit")])
  fit$training$seconds <- before$seconds + fit$training$seconds
  fit$training$step_seconds <- before$step_seconds + fit$training$step_seconds
  fit["state"] <- list(trained$state)
  if (length(trained$epochs)) fit$epochs <- c(fit$epochs, trained$epochs)
  check_model(fit, "fit")
}
