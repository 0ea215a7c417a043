#' Predictions of a fitted perceptron
#'
#' @param object A fit by [mlp_fit()].
#' @param new_data A matrix or data frame with the predictors of the fit. Columns are matched by
#'   name (by position if the fit's matrix had no names); others are ignored. Rows with missing or
#'   infinite values, levels not seen in training, missing columns and wrong types are errors.
#' @param type For classes: `"class"` (the default), `"prob"` or `"raw"`; for numbers `"numeric"`
#'   (the default) or `"raw"`. `"raw"` is what the last layer gives, before softmax or sigmoid.
#' @param ... Must be empty.
#' @param threads Threads to use: a whole number of at least 1; `NULL` for [mlp_threads()].
#' @return A tibble with the rows of `new_data` in their order and the columns `.pred_class` (a
#'   factor), `.pred_<level>` (probabilities), `.pred` (`.pred_<name>` for several outcomes) or
#'   `.raw` (`.raw_<level>`, `.raw_<name>`).
#' @examples
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, hidden_units = 8, epochs = 30, batch_size = 16)
#' predict(fit, iris[1:3, ])
#' predict(fit, iris[1:3, ], type = "prob")
#' @export
predict.fastmlp <- function(object, new_data, type = NULL, ..., threads = NULL) {
  call <- environment()
  check_no_dots(..., known = names(formals()))
  check_given(list(new_data = "A fit does not hold its training data."))
  check_model(object)
  types <- prediction_types[[object$outcome$type]]
  type <- if (is.null(type)) names(types)[1] else check_choice(type, "type", names(types))
  threads <- resolve_threads(threads)
  x <- forge_predictors(new_data, object$blueprint, object$predictors, "new_data", call)
  types[[type]](object, function(link) network_outputs(object, x, link, threads, call))
}

# Predictions by type of outcome, the default first. Each takes the fit and a function that runs its
# network up to a link.
prediction_types <- list(
  class = list(
    class = function(object, run) {
      outcome <- object$outcome
      list_tibble(list(.pred_class = class_factor(predicted_class(run("none")), outcome)))
    },
    prob = function(object, run) {
      probability <- run(object$outcome$link)
      if (ncol(probability) == 1) probability <- cbind(1 - probability, probability)
      matrix_tibble(probability, paste0(".pred_", object$outcome$levels))
    },
    raw = function(object, run) output_tibble(run("none"), ".raw", object$outcome)
  ),
  numeric = list(
    numeric = function(object, run) {
      output_tibble(run("none"), ".pred", object$outcome)
    },
    raw = function(object, run) output_tibble(run("none"), ".raw", object$outcome)
  )
)

# One column an output, named by it where there are several.
output_tibble <- function(output, prefix, outcome) {
  several <- ncol(output) > 1
  matrix_tibble(output, if (several) paste0(prefix, "_", output_labels(outcome)) else prefix)
}

# The class of the highest output; a single output is the logit of the second class.
predicted_class <- function(output) {
  if (ncol(output) == 1) 1L + (output[, 1] > 0) else max.col(output, ties.method = "first")
}

# Classes 1, 2, ... as a factor like the outcome.
class_factor <- function(class, outcome) {
  structure(class, levels = outcome$levels, class = c(if (outcome$ordered) "ordered", "factor"))
}

# What each output stands for.
output_labels <- function(outcome) {
  if (outcome$link == "sigmoid") return(outcome$levels[2])
  if (outcome$type == "class") outcome$levels else outcome$names
}

matrix_tibble <- function(values, names) {
  columns <- lapply(seq_len(ncol(values)), function(j) values[, j])
  list_tibble(rlang::set_names(columns, names))
}

list_tibble <- function(columns) tibble::new_tibble(columns, nrow = length(columns[[1]]))

network_outputs <- function(object, x, link, threads, call) {
  if (nrow(x) == 0) return(matrix(0, 0, object$network$outputs))
  scaling <- scaling_of(object$standardize)
  output <- .Call(fastmlp_predict, object$network$layers, x, scaling, link, threads)
  if (is.null(output)) abort_rows(x, "new_data", call)
  if (!is.finite(sum(output))) {
    row <- which(!is.finite(rowSums(output)))[1]
    hint <- if (identical(object$training$stopped, "diverged")) "Training of this fit diverged."
    abort_argument("new_data", "small enough for finite outputs in single precision",
                   sprintf("an output that is not finite in row %d", row), hint = hint, call = call)
  }
  output
}

# Rows that cannot be predicted are named, never dropped.
abort_rows <- function(x, arg, call) {
  scan <- .Call(fastmlp_scan, x, NULL)
  hint <- sprintf("Rows with such values: %s.", enumerate(bad_rows(x, scan)))
  check_all_finite(scan, x, arg, hint, call)
}
