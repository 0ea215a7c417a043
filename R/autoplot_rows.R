# Rows whose outcome is known: what pictures of predictions draw from.

# The outcome of rows as a fit has it: a factor, or a double matrix (of 0 and 1 for several labels). Without
# `truth` it is what the fit's formula finds in `new_data`.
known_outcome <- function(object, new_data, truth, call) {
  if (length(dim(new_data)) != 2) {
    abort_argument("new_data", "a matrix or a data frame", describe(new_data), "type", call = call)
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

outcome_in <- function(object, new_data, call) {
  blueprint <- object$outcome$blueprint
  if (is.null(blueprint)) {
    abort_argument("truth", "given for a fit without formula", "nothing", "type", call = call)
  }
  columns <- names(blueprint$ptypes$outcomes)
  if (!all(columns %in% colnames(new_data))) {
    abort_argument("truth", sprintf("given, unless `new_data` has %s", enumerate(columns)), "nothing", "type",
                   call = call)
  }
  forge_outcomes(as.data.frame(new_data), blueprint, "new_data", call)
}

# Predictions of rows, whose type the fit has.
picture_predictions <- function(object, new_data, type, call, offset = NULL, levels = NULL) {
  request <- list(levels = levels, call = call)
  predictions(object, new_data, type, request, offset, resolve_threads(NULL), call)
}

count_rows <- function(rows) count_of(rows, "row")

# ---- groups of rows ----

# Bins 1, 2, ... of about equally many values; equal ones stay together.
equal_bins <- function(x, bins) {
  cuts <- stats::quantile(x, seq_len(bins - 1) / bins, names = FALSE, type = 1)
  as.integer(factor(findInterval(x, unique(cuts), left.open = TRUE)))
}

# The mean in each of the groups 1, 2, ...
group_mean <- function(x, group) as.vector(rowsum(as.double(x), group)) / tabulate(group)
