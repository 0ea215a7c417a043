# What broom's generics and the generics of stats say of a fit.

#' @importFrom generics tidy
#' @export
generics::tidy

#' @importFrom generics glance
#' @export
generics::glance

#' @importFrom generics augment
#' @export
generics::augment

#' Tidy tables of a fit
#'
#' `tidy()` gives a row for each weight, or the history of training; `glance()` one row that sums the fit up;
#' `augment()` new data with predictions beside them. Their generics are those of the generics package, which
#' broom and tidymodels share.
#'
#' A fit holds no training data, so `augment()` needs them, and `fitted()` and `residuals()` are errors that
#' say so. `nobs()` is the number of rows that the network was trained on, and `formula()` that of a fit by a
#' formula (its functions are looked up from the global environment), an error for others.
#'
#' @param x,object A fit by [mlp_fit()].
#' @param type `"weights"` or `"history"`.
#' @param new_data Predictors as [predict()][predict.fastmlp] takes them. Where they hold the outcome of a
#'   regression by a formula or a recipe, residuals are added.
#' @param ... For `augment()`: what [predict()][predict.fastmlp] takes beside `type`, such as `epoch`.
#'   Otherwise nothing.
#' @param formula Not used.
#' @return `tidy()`: a tibble with a row for each number of [coef()][coef.fastmlp], in its order, and the
#' columns
#' * `member`, for ensembles only: 1, 2, ...;
#' * `layer`: 1, 2, ..., the output layer last;
#' * `part`: `"weight"`, `"bias"`; where there are such `"scale"`, `"shift"` and the running `"mean"` and
#'   `"variance"` of a normalisation, `"slope"`, `"input_scale"`, and what embeddings learn, such as
#'   `"embedding_frequency"` and `"embedding_table"` (see [coef()][coef.fastmlp]);
#' * `term`: what comes in: a predictor (with its level, for factors), a unit of the layer before as `h1_2`
#'   (layer 1, unit 2); missing where a part belongs to a unit alone;
#' * `unit`: what goes out: a hidden unit, or a class or number of the outcome; missing for an input scale;
#'   for embeddings the place in the part, such as `"2"` of a vector and `"2,1"` of a matrix, with the level
#'   in place of the row of a factor's table;
#' * `estimate`.
#'
#' With `type = "history"` it is the fit's `history`: `epoch`, `set`, `metric` and `value`.
#'
#' `glance()`: a tibble of one row with the number of `layers` (the output layer included), of `parameters`
#' (of an ensemble, of all `members` together) and `members`; `epochs` trained and the `kept_epoch`, why
#' training `stopped`, `loss` and the metrics of the history at the kept epoch, those of the validation rows
#' with `validation_` in front; `nobs` and `seconds`.
#'
#' `augment()`: a tibble with, in front of the columns of `new_data`, `.pred_class` and the probabilities
#' `.pred_<level>` (not with hinge losses) for classes and labels, `.pred` and, where the outcome is there,
#' `.resid` (outcome less prediction) for numbers; with several numbers `.pred_<name>` and `.resid_<name>`.
#' @examples
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, preset = "plain", hidden_units = 4, epochs = 20,
#'                standardize = "zscore")
#' tidy(fit)
#' glance(fit)
#' augment(fit, iris[c(1, 51, 101), ])
#' @name tidy.fastmlp
NULL

#' @rdname tidy.fastmlp
#' @export
tidy.fastmlp <- function(x, type = c("weights", "history"), ...) {
  check_no_dots(...)
  check_model(x, "x")
  type <- check_first_choice(type, "type", c("weights", "history"))
  if (type == "history") return(tibble::as_tibble(x$history))
  if (is.null(x$members)) return(weight_table(coef(x)))
  members <- Map(function(layers, i) cbind(member = i, weight_table(layers)), coef(x), seq_along(x$members))
  tibble::as_tibble(do.call(rbind, members))
}

weight_table <- function(layers) {
  tables <- unlist(Map(layer_tables, layers, seq_along(layers)), recursive = FALSE)
  tibble::new_tibble(as.list(do.call(rbind, tables)), nrow = sum(vapply(tables, nrow, 1L)))
}

# A data frame for each part of a layer, as coef() names it.
layer_tables <- function(layer, l) {
  inputs <- rownames(layer$weight)
  units <- colnames(layer$weight)
  rows <- function(part, term, unit, estimate) {
    if (is.null(estimate)) return(NULL)
    data.frame(layer = l, part = part, term = term, unit = unit, estimate = as.double(estimate))
  }
  by_unit <- function(part, estimate) rows(part, NA_character_, units, estimate)
  crossed <- function(part, term, unit, estimate) {
    rows(part, rep(term, times = length(unit)), rep(unit, each = length(term)), estimate)
  }
  embedded <- unlist(Map(function(own, name) {
    parts <- embedding_parameters(own)
    Map(function(values, part) rows(paste0("embedding_", part), name, places(values), values),
        parts, names(parts))
  }, layer$embedding, names(layer$embedding)), recursive = FALSE)
  norm <- layer$norm[names(layer$norm) != "kind"]
  tables <- c(
    list(crossed("weight", inputs, units, layer$weight), by_unit("bias", layer$bias)),
    unname(Map(by_unit, names(norm), norm)),
    list(by_unit("slope", layer$slope), rows("input_scale", inputs, NA_character_, layer$input_scale)),
    unname(embedded)
  )
  Filter(Negate(is.null), tables)
}

# What the values of a vector or matrix are called by: "2", or "2,1", with the names of rows that have some.
places <- function(values) {
  if (is.null(dim(values))) return(as.character(seq_along(values)))
  rows <- rownames(values) %||% seq_len(nrow(values))
  paste(rows[row(values)], col(values), sep = ",")
}

#' @rdname tidy.fastmlp
#' @export
glance.fastmlp <- function(x, ...) {
  check_no_dots(...)
  check_model(x, "x")
  members <- max(1L, length(x$members))
  training <- x$training
  columns <- c(
    list(layers = length(x$network$layers),
         parameters = sum(layer_table(x$network)$parameters) * members, members = members),
    training[c("epochs", "kept_epoch", "stopped")], kept_values(x),
    list(nobs = stats::nobs(x), seconds = training$seconds)
  )
  list_tibble(columns)
}

# The values of the history at the kept epoch, missing where that has none, by name.
kept_values <- function(x) {
  history <- x$history[x$history$metric != "learn_rate", ]
  measures <- unique(history[c("set", "metric")])
  at <- match(paste(measures$set, measures$metric, x$training$kept_epoch),
              paste(history$set, history$metric, history$epoch))
  prefix <- ifelse(measures$set == "train", "", paste0(measures$set, "_"))
  rlang::set_names(as.list(history$value[at]), paste0(prefix, measures$metric))
}

#' @rdname tidy.fastmlp
#' @export
augment.fastmlp <- function(x, new_data, ...) {
  call <- environment()
  check_whole_names()
  check_given(list(new_data = "A fit does not hold its training data: `augment(x, new_data = data)`."))
  check_model(x, "x")
  if ("type" %in% ...names()) {
    abort_argument("type", "left out, as all kinds are added", "one", hint = "Use `predict()` for one alone.")
  }
  types <- if (x$outcome$type == "numeric") "numeric" else c("class", "prob")
  types <- intersect(types, names(types_of_fit(x$outcome)))
  if (length(types) == 0) types <- names(types_of_fit(x$outcome))[1]
  predicted <- lapply(types, function(type) stats::predict(x, new_data, type = type, ...))
  data <- if (is.matrix(new_data)) as.data.frame(new_data) else new_data
  columns <- c(unlist(predicted, recursive = FALSE), residual_columns(x, data, predicted[[1]], call))
  tibble::as_tibble(c(columns, as.list(data)[setdiff(names(data), names(columns))]))
}

# Outcome less prediction, where new data hold the outcome.
residual_columns <- function(fit, data, predicted, call) {
  blueprint <- fit$outcome$blueprint %||% fit$blueprint
  outcomes <- names(blueprint$ptypes$outcomes)
  if (!takes_data(fit_interface(fit)) || fit$outcome$type != "numeric" || !all(outcomes %in% names(data)) ||
        !all(startsWith(names(predicted), ".pred"))) {
    return(NULL)
  }
  truth <- as.matrix(forge_outcomes(data, blueprint, "new_data", call))
  residuals <- truth - as.matrix(predicted)
  names <- sub("^\\.pred", ".resid", names(predicted))
  rlang::set_names(lapply(seq_along(names), function(j) as.double(residuals[, j])), names)
}

#' @importFrom stats nobs
#' @rdname tidy.fastmlp
#' @export
nobs.fastmlp <- function(object, ...) {
  check_no_dots(...)
  training <- object$training
  training$rows + if (isTRUE(training$refit)) training$validation_rows else 0L
}

#' @importFrom stats formula
#' @rdname tidy.fastmlp
#' @export
formula.fastmlp <- function(x, ...) {
  check_no_dots(...)
  check_model(x, "x")
  interface <- fit_interface(x)
  if (interface != "formula") {
    got <- if (interface == "recipe") "one by a recipe" else "one by `x` and `y`"
    abort_argument("x", "a fit by a formula", got, "type")
  }
  remembered <- x$blueprint$formula
  right <- rlang::f_rhs(remembered)[[2]] # without the + 0 of no_intercept()
  offset <- if (is.list(x$outcome$offset)) lapply(x$outcome$offset, function(term) call("offset", term))
  right <- Reduce(function(left, term) call("+", left, term), offset, right)
  rlang::new_formula(rlang::f_lhs(remembered), right, globalenv())
}

#' @importFrom stats fitted
#' @rdname tidy.fastmlp
#' @export
fitted.fastmlp <- function(object, ...) abort_dataless("predict(object, new_data)")

#' @importFrom stats residuals
#' @rdname tidy.fastmlp
#' @export
residuals.fastmlp <- function(object, ...) abort_dataless("augment(object, new_data)")

# What would need the training data.
abort_dataless <- function(instead, call = rlang::caller_env()) {
  abort_argument("object", "have its training data for this, which `mlp_fit()` does not keep",
                 "a fit without them", "data", hint = sprintf("Use `%s`.", instead), call = call)
}
