# The outcome: from what the user gives to what the engine takes.

# y as list(values, info): values is a factor or a double matrix, info what the fit remembers.
as_outcome <- function(y, loss, arg, call) {
  names <- outcome_names(y)
  values <- outcome_values(y, arg, call)
  loss <- outcome_loss(loss, values, arg, call)
  if (is.factor(values)) check_classes(values, arg, call)
  info <- list(
    type = if (is.factor(values)) "class" else "numeric",
    levels = levels(values),
    ordered = is.ordered(values),
    names = names,
    loss = loss,
    link = losses[[loss$name]]$link
  )
  list(values = values, info = info)
}

outcome_names <- function(y) {
  columns <- if (is.matrix(y) || is.data.frame(y)) ncol(y) else 1L
  colnames(y) %||% if (columns == 1) "y" else paste0("y", seq_len(columns))
}

# A factor, or a double matrix rows x outputs; both without missing values.
outcome_values <- function(y, arg, call) {
  if (is.data.frame(y)) y <- data_frame_outcome(y, arg, call)
  if ((is.character(y) || is.logical(y)) && length(dim(y)) <= 2 && NCOL(y) == 1) {
    y <- factor(y, sort(unique(as.vector(y)), method = "radix"))
  }
  if (is.factor(y)) return(check_no_missing(y, arg, call))
  if (!is_plain_numeric(y) || length(dim(y)) > 2) {
    expected <- "a factor, a numeric vector or a numeric matrix"
    abort_argument(arg, expected, describe(y), "type", call = call)
  }
  values <- matrix(as.double(y), NROW(y), NCOL(y))
  if (ncol(values) == 0) {
    abort_argument(arg, "have at least one column", describe(y), "shape", call = call)
  }
  check_single_precision(check_no_missing(values, arg, call), arg, call)
}

data_frame_outcome <- function(y, arg, call) {
  if (length(y) == 1) return(y[[1]])
  if (!all(vapply(y, is_plain_numeric, NA))) {
    abort_argument(arg, "one column, or several numeric columns", describe(y), "type", call = call)
  }
  as.matrix(y)
}

check_no_missing <- function(y, arg, call) {
  if (if (is.factor(y)) !anyNA(y) else in_single_precision(y)) return(y)
  bad <- if (is.factor(y)) is.na(y) else !is.finite(y)
  if (!any(bad)) return(y)
  row <- (which(bad)[1] - 1) %% NROW(y) + 1
  value <- if (is.factor(y)) NA else y[which(bad)[1]]
  got <- sprintf("%s in row %d (%s in all)", format_value(value), row,
                 count_of(sum(bad), "such value"))
  abort_argument(arg, no_bad_values, got, "missing", call = call)
}

no_bad_values <- "have no missing or infinite values"

check_classes <- function(y, arg, call) {
  rows <- tabulate(y, nlevels(y))
  if (sum(rows > 0) < 2) {
    got <- sprintf("only %s", enumerate(levels(y)[rows > 0]))
    abort_argument(arg, "have at least two classes", got, "outcome", call = call)
  }
  unused <- levels(y)[rows == 0]
  if (length(unused)) {
    text <- sprintf("`%s` has %s without rows: %s. The model keeps such classes.", arg,
                    count_of(length(unused), "level"), enumerate(unused))
    warn_fastmlp(text, "levels", call)
  }
}

# The loss as chosen, or the one that the outcome asks for.
outcome_loss <- function(loss, values, arg, call) {
  if (is.null(loss)) return(default_loss(values))
  loss <- as_loss(loss, "loss", call)
  fits <- Filter(function(known) (known$target == "numbers") != is.factor(values), losses)
  if (!loss$name %in% names(fits)) {
    kind <- if (is.factor(values)) "an outcome of classes" else "a numeric outcome"
    expected <- sprintf("one of %s for %s", enumerate(names(fits), conjunction = "or"), kind)
    hint <- if (!is.factor(values) && all(values %in% 0:1)) sprintf("Turn `%s` into a factor.", arg)
    abort_argument("loss", expected, format_value(loss$name), hint = hint, call = call)
  }
  if (losses[[loss$name]]$target == "probability" && nlevels(values) != 2) {
    got <- sprintf("a factor with %s", count_of(nlevels(values), "level"))
    abort_argument(arg, sprintf("a factor with two levels for loss \"%s\"", loss$name), got,
                   "outcome", call = call)
  }
  loss
}

# Outputs of the network, one logit serving two classes under a probability target.
outcome_outputs <- function(outcome) {
  switch(
    losses[[outcome$info$loss$name]]$target,
    classes = nlevels(outcome$values),
    probability = 1L,
    numbers = ncol(outcome$values)
  )
}

outcome_rows <- function(outcome) NROW(outcome$values)

# The engine's target.
outcome_target <- function(outcome, call) {
  as_loss_target(outcome$values, outcome$info$loss, outcome_rows(outcome), outcome_outputs(outcome),
                 "y", call)
}

# Further rows of a known outcome (validation data) in its form.
match_outcome <- function(y, info, arg, call) {
  values <- outcome_values(y, arg, call)
  if (is.factor(values) != (info$type == "class")) {
    abort_argument(arg, sprintf("a %s outcome like that of the training data", info$type),
                   describe(values), "type", call = call)
  }
  if (is.factor(values)) {
    values <- match_levels(values, info$levels, arg, call)
  } else if (ncol(values) != length(info$names)) {
    expected <- sprintf("have %s", count_of(length(info$names), "column"))
    abort_argument(arg, expected, describe(values), "shape", call = call)
  }
  list(values = values, info = info)
}

# A factor with the levels known from training; others are refused.
match_levels <- function(x, levels, arg, call) {
  if (is.factor(x) && identical(levels(x), levels)) return(if (is.ordered(x)) unordered(x) else x)
  unknown <- setdiff(as.character(unique(x)), c(levels, NA))
  if (length(unknown)) {
    abort_argument(arg, sprintf("have only the levels seen in training (%s)", enumerate(levels)),
                   sprintf("%s: %s", count_of(length(unknown), "new level"), enumerate(unknown)),
                   "levels", call = call)
  }
  factor(x, levels)
}
