# The outcome of new rows, which are to be compared with their predictions.

# It as a fit has it: a factor, or a double matrix (of 0 and 1 for several labels). Without `truth` it is what
# the fit finds in `new_data`.
known_outcome <- function(object, new_data, truth, call) {
  if (length(dim(new_data)) != 2) {
    abort_argument("new_data", "a matrix or a data frame", describe(new_data), "type", call = call)
  }
  if (rlang::is_string(truth) && nrow(new_data) != 1) {
    abort_argument("truth", "the outcome of `new_data`, one value a row", describe(truth), "shape",
                   "Give the column itself: `data$column`.", call)
  }
  values <- match_outcome(truth %||% outcome_in(object, new_data, call), object$outcome, "truth", call)$values
  rows <- NROW(new_data)
  if (NROW(values) != rows) {
    abort_argument("truth", sprintf("have %s, like `new_data`", count_of(rows, "row")),
                   count_of(NROW(values), "row"), "shape", call = call)
  }
  if (rows == 0) abort_argument("new_data", "have at least one row", "none", "shape", call = call)
  values
}

# Whether the fit finds it there.
knows_outcome <- function(object, new_data) {
  blueprint <- outcome_blueprint(object)
  !is.null(blueprint) && all(names(blueprint$ptypes$outcomes) %in% colnames(new_data))
}

outcome_in <- function(object, new_data, call) {
  blueprint <- outcome_blueprint(object)
  if (is.null(blueprint)) {
    abort_argument("truth", "given for a fit without formula", "nothing", "type",
                   "The outcome of `new_data`: `truth = new_data$outcome`.", call)
  }
  if (!knows_outcome(object, new_data)) {
    expected <- sprintf("given, unless `new_data` has %s", enumerate(names(blueprint$ptypes$outcomes)))
    abort_argument("truth", expected, "nothing", "type", call = call)
  }
  forge_outcomes(as.data.frame(new_data), blueprint, "new_data", call)
}

# What makes the outcome of other rows: the formula's blueprint, or the recipe's own; NULL for neither.
outcome_blueprint <- function(object) {
  object$outcome$blueprint %||% if (takes_data(fit_interface(object))) object$blueprint
}
