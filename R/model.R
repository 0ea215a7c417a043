# The fit as an object: its constructor, and whether what claims to be a fit is one.

new_fastmlp <- function(..., blueprint) {
  fit <- hardhat::new_model(..., version = package_version_string(), blueprint = blueprint,
                            class = "fastmlp")
  check_model(fit, "fit")
}

# What each part must be; a fit read from a file or changed by hand may be anything.
model_parts <- list(
  network = is.list,
  history = is.data.frame,
  outcome = is.list,
  predictors = is.list,
  standardize = function(x) is.null(x) || is.list(x),
  arguments = is.list,
  training = is.list,
  state = function(x) is.null(x) || is.list(x),
  version = rlang::is_string,
  blueprint = function(x) inherits(x, "hardhat_blueprint")
)

# The first version whose fits this one reads.
oldest_readable <- "0.1.0"

check_model <- function(object, arg = "object", call = rlang::caller_env()) {
  if (!inherits(object, "fastmlp")) {
    abort_argument(arg, "a fit by `mlp_fit()`", describe(object), "type", holder_hint(object, arg), call)
  }
  check_version(object$version, arg, call)
  for (part in names(model_parts)) {
    if (!part %in% names(object) || !model_parts[[part]](object[[part]])) {
      abort_model(arg, sprintf("%s for its `%s`", describe(object[[part]]), part), call)
    }
  }
  check_network(object$network, paste0(arg, "$network"), call)
  for (member in object$members) check_network(member, paste0(arg, "$members"), call)
  fault <- model_fault(object)
  if (!is.null(fault)) abort_model(arg, fault, call)
  object
}

abort_model <- function(arg, fault, call) {
  abort_argument(arg, "a fit as `mlp_fit()` returns it", fault, "model", call = call)
}

check_version <- function(version, arg, call) {
  # Parsing takes half as long as the prediction of a row.
  if (identical(version, package_version_string())) return(invisible())
  known <- rlang::is_string(version) && grepl("^[0-9]+([.-][0-9]+)+$", version)
  newer <- known && numeric_version(version) > package_version_string()
  if (known && !newer && numeric_version(version) >= oldest_readable) return(invisible())
  abort_argument(
    arg, sprintf("a fit from fastmlp %s to %s", oldest_readable, package_version_string()),
    if (known) paste("one from version", version) else "one without a valid version", "model",
    hint = if (newer) "Update the package, or fit the model again." else "Fit the model again.",
    call = call
  )
}

# What does not fit together, or NULL.
model_fault <- function(object) {
  outcome <- object$outcome
  network <- object$network
  if (!rlang::is_string(outcome$type, names(prediction_types))) return("an unknown `type`")
  if (!rlang::is_string(outcome$loss$name, names(losses))) return("an unknown `loss`")
  loss <- losses[[outcome$loss$name]]
  if (!identical(outcome$link, loss$link)) return("a `link` that does not match the loss")
  if (!outcome$type %in% target_kinds[[loss$target]]$outcomes) {
    return("a `type` that does not match the loss")
  }
  labels <- output_labels(outcome)
  if (!is.character(labels) || length(labels) != network$outputs) {
    return("labels of the outcome that do not match the outputs")
  }
  if (length(object$predictors$names) != network$inputs) {
    return("names of predictors that do not match the inputs")
  }
  if (!is.null(outcome$scaling)) {
    fault <- outcome_scaling_fault(outcome$scaling, length(outcome$names))
    if (!is.null(fault)) return(fault)
  }
  variance <- outcome$variance
  if (!is.null(variance) && !(is.double(variance) && length(variance) == length(outcome$names) &&
                              all(is.finite(variance)) && all(variance >= 0))) {
    return("a `variance` that does not match the outcome")
  }
  fault <- imputing_fault(object$predictors)
  if (!is.null(fault)) return(fault)
  if (!is.null(object$standardize)) {
    scaling_fault(object$standardize, network$inputs, replaced_columns(network$layers[[1]]$embedding))
  }
}
