# Rows whose outcome is known: what pictures of predictions draw from.

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
