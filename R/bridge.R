# From a design to a fit: the one way that all methods of mlp_fit() take.

# All checks, then the random draws (key first, validation share second), then training.
mlp_bridge <- function(design, given, call) {
  task <- checked_task(design, given, call)
  key <- draw_key()
  checkpoint <- open_checkpoint(task$settings, list(x = task$x, y = task$outcome$values), call)
  task <- with_data(task, checkpoint$saved, call)
  members <- initial_members(task, key)
  fit_whole({
    trained <- checkpoint$saved$trained %||% train_task(task, members, checkpoint)
    checkpoint_end(checkpoint, trained, task$sets)
    finished_fit(task, trained, members)
  }, call)
}

# What is to be fitted, checked: list(design, x, outcome, settings, shape, validation, plan, offset,
# by_class, scan, preset_rule, call).
checked_task <- function(design, given, call) {
  args <- design$args
  remembered <- remembered_arguments(given)
  given <- with_data_weights(given, design, call)
  x <- check_some_rows(design$x, args$x, call)
  outcome <- as_outcome(design$y, given$loss, args$y, call, x)
  outcome$info["blueprint"] <- list(design$outcomes)
  scan_of <- function(design) check_predictors(design$x, design$predictors, args$x, call)
  scan <- if (!has_factors(x)) scan_of(design)
  preset <- preset_for(given$preset, outcome, x, scan)
  said <- function(arg) given[[arg]] %||% preset$arguments[[arg]]
  design <- score_ordered_factors(design, said("ordered_factors"))
  design <- embed_factor_columns(design, said("factor_embedding"), call)
  scan <- scan %||% scan_of(design)
  warn_of_outcome(x, outcome, design, call)
  x <- design$x
  settings <- fit_settings(given, preset, list(info = outcome$info, design = design), call)
  if (is.null(given$loss) && !is.null(settings$loss)) outcome$info$loss <- settings$loss
  shape <- network_shape(settings, x, design, outcome)
  check_size(shape$sizes, call, bytes_with(settings$optimizer))
  settings$residual <- check_residual(settings$residual, shape$sizes, call)
  settings$init <- check_initial(settings$init, shape, call)
  settings["weights"] <- list(check_case_weights(settings$weights, nrow(x), call = call))
  by_class <- weights_by_class(settings$class_weights, outcome$values, settings$weights, call)
  design$weighing <- weighing(settings$weights, by_class, outcome$values)
  offset <- fit_offset(settings, design, outcome, call)
  settings["validation"] <- list(offset$validation)
  validation <- check_validation(settings, design, outcome, call)
  check_sparse_settings(settings, shape$sizes, x, args$x, call)
  check_sparse_settings(settings, shape$sizes, validation$x, "validation$x", call)
  check_calibrate(settings, outcome$info, validation, call)
  check_transform(settings, outcome, args$y, call)
  check_refit(settings, validation, call)
  check_batch_size(settings, nrow(x) - validation_count(validation), call)
  list(
    design = design, x = x, outcome = outcome, settings = settings, shape = shape,
    validation = validation, plan = stopping_plan(settings, outcome$info, validation, call),
    offset = offset, by_class = by_class, scan = scan, preset_rule = preset$rule,
    given = remembered, call = call
  )
}

# list(sizes, embedding, normalization, parametric_activation, input_scale), as check_initial() takes it.
network_shape <- function(settings, x, design, outcome) {
  inputs <- length(design$predictors$names)
  embedding <- embedding_plan(settings, x, inputs)
  sizes <- c(embedded_width(embedding, inputs), settings$hidden_units, outcome_outputs(outcome))
  c(list(sizes = sizes, embedding = embedding),
    settings[c("normalization", "parametric_activation", "input_scale")])
}

# The task with its rows drawn: `sets` for the engine, `folds` of an ensemble's members (see draw_folds()),
# `scaling` of the predictors, and `values`, the outcomes that the sets' rows choose from.
with_data <- function(task, saved, call) {
  settings <- task$settings
  outcome <- task$outcome
  if (!is.null(saved$held)) {
    # Drawn all the same: R's generator ends where it would have.
    if (task$validation$kind == "share") draw_rows(outcome$values, task$validation$take)
    task$validation <- list(kind = "rows", rows = saved$held)
  }
  sets <- training_sets(task$x, outcome, settings$weights, task$validation, call, task$by_class)
  sets <- with_offset(sets, task$offset, task$validation$kind)
  check_batches(settings, set_rows(sets$train), call)
  task["folds"] <- list(draw_folds(sets, outcome$values, task$validation, separate_members(settings)))
  sets <- joint_sets(sets, task$folds, call)
  counts <- set_counts(sets$train)
  task$outcome$info$scaling <- outcome_scaling(settings, outcome$info$loss, sets$train$target,
                                               sets$train$rows, counts)
  task$sets <- with_scaled_targets(sets, task$outcome$info$scaling)
  task <- imputed_task(task)
  task["scaling"] <- list(standardization(settings$standardize, task$x, sets$train$rows, task$scan, counts))
  task$values <- outcome_values_of(outcome, task$validation)
  task
}

# The members of an ensemble as they start, or the one network: each list(start, key, sets).
initial_members <- function(task, key) {
  first <- NULL
  lapply(seq_len(task$settings$ensemble), function(i) {
    if (i > 1) key <- draw_key()
    sets <- fold_sets(task$sets, task$folds[[i]])
    start <- initial_network(task$shape, task$settings, key, sets$train, task$scaling, i, first)
    if (i == 1 && task$settings$share_weights) first <<- start()$layers
    list(start = start, key = key, sets = sets)
  })
}

train_task <- function(task, members, checkpoint = NULL, ...) {
  saved <- checkpoint$saved
  first <- members[[1]]
  train(
    saved_start(saved, first$start, task$settings), task$sets, scaling_of(task$scaling), task$outcome$info,
    task$settings, saved$state$key %||% first$key, task$call, task$plan, task$values, saved$state,
    saved$history, checkpoint, if (length(members) > 1) members, ...
  )
}

# The fit, after what the validation rows tell and training again.
finished_fit <- function(task, trained, members) {
  settings <- task$settings
  refit <- wants_refit(settings, trained)
  if (refit) trained <- at_cycle_end(trained, task$plan, settings)
  kept <- trained_networks(trained, settings)
  info <- judged_outcome(task, kept)
  info <- remembered_outcome(info, task$offset)
  if (refit) {
    again <- train_again(task, members, trained$summary$kept_epoch)
    refit <- again$summary$stopped == "finished"
    if (refit) kept <- trained_networks(again, settings) else warn_of_refit(again$summary, task$call)
  }
  sets <- members[[1]]$sets
  rows <- list(rows = set_rows(sets$train), validation_rows = set_rows(sets$valid))
  new_fastmlp(
    network = kept[[1]],
    members = if (length(kept) > 1) kept,
    history = trained$history,
    outcome = info,
    predictors = task$design$predictors,
    standardize = task$scaling,
    arguments = used_arguments(settings, info),
    given = task$given,
    training = c(rows, trained$summary, list(preset_rule = task$preset_rule, refit = refit)),
    state = if (!refit) trained$state,
    epochs = if (!is.null(settings$keep_epochs)) trained$epochs,
    blueprint = task$design$blueprint
  )
}

# What gives the network of a shape (see check_initial()) as it starts, for training on a set as a member of
# this number; `first` are the layers of the first of members that share weights. Where the key alone decides,
# nothing holds the network: of many inputs it is large, and `refit` makes it again.
initial_network <- function(shape, settings, key, set, scaling, member, first) {
  make <- function() allowInterrupts(made_network(shape, settings, key, set, scaling, member, first))
  by_key <- inherits(settings$init, "fastmlp_init") && !isTRUE(settings$init$needs_data) &&
    is.null(shape$embedding) && !settings$share_weights
  if (by_key) return(make)
  network <- make()
  function() network
}

made_network <- function(shape, settings, key, set, scaling, member, first) {
  layers <- scale_inputs(initial_layers(settings$init, shape$sizes, key), settings$input_scale)
  layers <- dress_layers(layers, settings$normalization, settings$parametric_activation, settings$residual)
  shares <- settings$share_weights
  if (shares) layers <- share_layers(layers, first, set$x, shape$embedding)
  layers <- embed_inputs(layers, shape$embedding, set, scaling, member)
  if (isTRUE(settings$init$needs_data)) {
    settled <- if (shares && !is.null(first)) length(settings$hidden_units) else 0
    threads <- resolve_threads(settings$threads)
    layers <- fit_to_rows(layers, settings$init, settings$activation, set, scaling, threads, settled)
  }
  new_network(layers, settings$activation)
}

trained_networks <- function(trained, settings) {
  lapply(trained$members %||% list(trained$layers), new_network, settings$activation)
}

# The outcomes that the sets' rows choose from.
outcome_values_of <- function(outcome, validation) {
  list(train = outcome$values, valid = (validation$outcome %||% outcome)$values)
}

# A fit keeps neither a function of the user's nor the values of an offset.
remembered_outcome <- function(info, offset) {
  info$loss$fn <- NULL
  c(info, list(offset = offset$source))
}

check_same_rows <- function(expected, rows, arg, call, hint = NULL) {
  if (rows == expected) return(invisible())
  abort_argument(arg, sprintf("have %s, like `x`", count_of(expected, "row")),
                 count_of(rows, "row"), "shape", hint, call)
}

# What summary() shows: settings as used, with data left out.
used_arguments <- function(settings, info) {
  settings$loss <- info$loss
  without_data(settings)
}

without_data <- function(settings) {
  if (!is.null(settings$weights)) settings$weights <- "given"
  if (!is.null(settings$offset)) settings$offset <- "given"
  if (is.list(settings$validation)) settings$validation <- "data"
  if (is_row_choice(settings$validation)) settings$validation <- "rows"
  if (!is.null(settings$metrics)) settings$metrics <- names(settings$metrics)
  if (!is.null(settings$callbacks)) settings$callbacks <- "given"
  if (!is.null(settings$init) && !inherits(settings$init, "fastmlp_init")) settings$init <- "given"
  settings
}
