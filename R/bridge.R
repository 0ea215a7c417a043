# From a design to a fit: the one way that all methods of mlp_fit() take.

# All checks, then the random draws (key first, validation share second),
# then training.
mlp_bridge <- function(design, given, call) {
  args <- design$args
  x <- check_some_rows(design$x, args$x, call)
  outcome <- as_outcome(design$y, given$loss, args$y, call)
  outcome$info["blueprint"] <- list(design$outcomes)
  check_same_rows(nrow(x), outcome_rows(outcome), args$y, call)
  scan <- check_predictors(x, design$predictors, args$x, call)
  preset <- preset_for(given$preset, outcome, x, scan)
  settings <- fit_settings(given, preset, outcome$info, call)
  if (is.null(given$loss) && !is.null(settings$loss)) outcome$info$loss <- settings$loss
  inputs <- length(design$predictors$names)
  embedding <- embedding_of(settings$numeric_embedding, x, inputs)
  sizes <- c(embedded_width(embedding, inputs), settings$hidden_units, outcome_outputs(outcome))
  check_outcome_settings(settings, outcome$info, call)
  check_size(sizes, call, bytes_with(settings$optimizer))
  settings$residual <- check_residual(settings$residual, sizes, call)
  shape <- c(list(sizes = sizes, embedding = embedding),
             settings[c("normalization", "parametric_activation", "input_scale")])
  settings$init <- check_initial(settings$init, shape, call)
  settings["weights"] <- list(check_case_weights(settings$weights, nrow(x), call = call))
  by_class <- weights_by_class(settings$class_weights, outcome$values, call)
  offset <- fit_offset(settings, design, outcome, call)
  settings["validation"] <- list(offset$validation)
  validation <- check_validation(settings, design, outcome, call)
  check_calibrate(settings, outcome$info, validation, call)
  check_refit(settings, validation, call)
  check_batch_size(settings, nrow(x) - validation_count(validation), call)
  plan <- stopping_plan(settings, outcome$info, validation, call)

  key <- draw_key()
  checkpoint <- open_checkpoint(settings, list(x = x, y = outcome$values), call)
  saved <- checkpoint$saved
  if (!is.null(saved$held)) validation <- list(kind = "rows", rows = saved$held)
  sets <- training_sets(x, outcome, settings$weights, validation, call, by_class)
  sets <- with_offset(sets, offset, validation$kind, call)
  check_batches(settings, set_rows(sets$train), call)
  outcome$info$scaling <- outcome_scaling(settings, outcome$values, sets$train$rows)
  sets <- with_scaled_targets(sets, outcome$info$scaling)
  scaling <- standardization(settings$standardize, x, sets$train$rows, scan)
  make <- function(key) initial_network(shape, settings, key, sets$train, scaling)
  network <- make(key)
  values <- outcome_values_of(outcome, validation)
  members <- ensemble_members(network, key, make, settings)
  trained <- saved$trained %||% train(
    saved_network(saved, network), sets, scaling_of(scaling), outcome$info, settings,
    saved$state$key %||% key, call, plan, values, saved$state, saved$history, checkpoint, members
  )
  checkpoint_end(checkpoint, trained, sets)
  networks <- trained_networks(trained, settings)
  info <- remembered_outcome(
    judged_outcome(outcome$info, networks, sets, values, scaling, settings), offset
  )
  if (wants_refit(settings, trained)) {
    trained["state"] <- list(NULL)
    again <- train(
      network, refit_sets(sets), scaling_of(scaling), outcome$info, refit_settings(settings), key, call,
      refit_plan(plan), values, members = members, last_epoch = trained$summary$kept_epoch
    )
    networks <- trained_networks(again, settings)
  }
  new_fastmlp(
    network = networks[[1]],
    members = if (length(networks) > 1) networks,
    history = trained$history,
    outcome = info,
    predictors = design$predictors,
    standardize = scaling,
    arguments = used_arguments(settings, info),
    training = c(list(rows = set_rows(sets$train), validation_rows = set_rows(sets$valid)),
                 trained$summary, list(preset_rule = preset$rule, refit = wants_refit(settings, trained))),
    state = trained$state,
    blueprint = design$blueprint
  )
}

# The network of a shape (see check_initial()) as it starts, for training on a set.
initial_network <- function(shape, settings, key, set, scaling) {
  layers <- scale_inputs(initial_layers(settings$init, shape$sizes, key), settings$input_scale)
  layers <- dress_layers(layers, settings$normalization, settings$parametric_activation, settings$residual)
  layers <- embed_inputs(layers, shape$embedding)
  if (isTRUE(settings$init$needs_data)) {
    layers <- fit_to_rows(layers, settings$init, settings$activation, set, scaling)
  }
  new_network(layers, settings$activation)
}

# The members of an ensemble, the first being the network itself; NULL for a single one.
ensemble_members <- function(network, key, make, settings) {
  if (settings$ensemble == 1) return(NULL)
  others <- lapply(seq_len(settings$ensemble - 1), function(i) {
    key <- draw_key()
    list(network = make(key), key = key)
  })
  c(list(list(network = network, key = key)), others)
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

check_same_rows <- function(expected, rows, arg, call) {
  if (rows == expected) return(invisible())
  abort_argument(arg, sprintf("have %s, like `x`", count_of(expected, "row")),
                 count_of(rows, "row"), "shape", call = call)
}

# What summary() shows: settings as used, with data left out.
used_arguments <- function(settings, info) {
  settings$loss <- info$loss
  if (!is.null(settings$weights)) settings$weights <- "given"
  if (!is.null(settings$offset)) settings$offset <- "given"
  if (is.list(settings$validation)) settings$validation <- "data"
  if (is_row_choice(settings$validation)) settings$validation <- "rows"
  if (!is.null(settings$metrics)) settings$metrics <- names(settings$metrics)
  if (!is.null(settings$callbacks)) settings$callbacks <- "given"
  if (!inherits(settings$init, "fastmlp_init")) settings$init <- "given"
  settings
}
