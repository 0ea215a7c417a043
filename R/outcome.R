# The outcome: from what the user gives to what the engine takes.

# y, the outcome of the rows of x, as list(values, info): values is a factor or a double matrix, info what
# the fit remembers.
# Several labels are a matrix of 0 and 1, with their two values each in the attribute `labels`.
as_outcome <- function(y, loss, arg, call, x) {
  names <- outcome_names(y)
  values <- outcome_values(y, arg, call)
  check_outcome_rows(values, x, y, arg, call)
  type <- outcome_type(values)
  loss <- outcome_loss(loss, values, arg, call)
  if (type == "class") check_classes(values, arg, call)
  if (type == "labels") check_labels(values, arg, call)
  if (type == "numeric") check_target_values(values, loss, arg, call)
  info <- list(
    type = type,
    levels = levels(values) %||% attr(values, "labels"),
    ordered = is.ordered(values),
    names = names,
    loss = loss,
    link = losses[[loss$name]]$link
  )
  list(values = values, info = info)
}

check_outcome_rows <- function(values, x, y, arg, call) {
  hint <- if (rlang::is_string(y)) "The outcome is a column, not its name: use `data$column`." else
    if (NROW(values) == ncol(x)) "Cases are rows: use `t(x)`." else "Each row of `x` has its outcome in `y`."
  check_same_rows(nrow(x), NROW(values), arg, call, hint)
}

outcome_type <- function(values) {
  if (is.factor(values)) "class" else if (is.null(attr(values, "labels"))) "numeric" else "labels"
}

outcome_names <- function(y) {
  columns <- if (is.matrix(y) || is.data.frame(y)) ncol(y) else 1L
  colnames(y) %||% if (columns == 1) "y" else paste0("y", seq_len(columns))
}

# A factor, or a double matrix rows x outputs; both without missing values.
outcome_values <- function(y, arg, call) {
  if (is.data.frame(y) && length(y) == 1) y <- y[[1]]
  # A formula's I() leaves its mark.
  if (inherits(y, "AsIs")) class(y) <- setdiff(class(y), "AsIs")
  if (is_labels(y)) return(label_matrix(y, arg, call))
  if (is.data.frame(y)) y <- data_frame_outcome(y, arg, call)
  if ((is.character(y) || is.logical(y)) && length(dim(y)) <= 2 && NCOL(y) == 1) {
    y <- factor(y, sort(unique(as.vector(y)), method = "radix"))
  }
  if (is.factor(y)) return(check_no_missing(y, arg, call))
  if (!is_plain_numeric(y) || length(dim(y)) > 2) {
    expected <- "a factor, a numeric vector or a numeric matrix"
    abort_argument(arg, expected, describe(y), "type", outcome_hint(y, arg), call)
  }
  values <- matrix(as.double(y), NROW(y), NCOL(y))
  if (ncol(values) == 0) {
    abort_argument(arg, "have at least one column", describe(y), "shape", call = call)
  }
  check_single_precision(check_no_missing(values, arg, call), arg, call)
}

data_frame_outcome <- function(y, arg, call) {
  if (!all(vapply(y, is_plain_numeric, NA))) {
    expected <- "one column, or several that are all numeric, or all logical or of two levels"
    abort_argument(arg, expected, describe(y), "type", call = call)
  }
  as.matrix(y)
}

# Several columns with two values each.
is_labels <- function(y) {
  if (is.matrix(y)) return(is.logical(y) && ncol(y) > 1)
  is.data.frame(y) && length(y) > 1 &&
    all(vapply(y, function(column) is.logical(column) || is.factor(column) && nlevels(column) == 2, NA))
}

label_matrix <- function(y, arg, call) {
  columns <- if (is.matrix(y)) lapply(seq_len(ncol(y)), function(j) y[, j]) else as.list(y)
  yes <- lapply(columns, function(column) label_codes(column))
  values <- matrix(as.double(unlist(yes, use.names = FALSE)), NROW(y), length(columns))
  check_no_missing(values, arg, call)
  structure(values, labels = lapply(unname(columns), label_levels))
}

# 0 and 1 for what the two values are.
label_codes <- function(column) {
  if (is.factor(column)) as.integer(column) - 1L else as.integer(column)
}

label_levels <- function(column) if (is.factor(column)) levels(column) else c(FALSE, TRUE)

# The inverse: logicals, or a factor.
label_values <- function(yes, levels) {
  if (is.logical(levels)) yes else factor(levels[1L + yes], levels)
}

check_labels <- function(values, arg, call) {
  constant <- which(colSums(values) %in% c(0, nrow(values)))
  if (length(constant) == 0) return(invisible())
  labels <- attr(values, "labels")[[constant[1]]]
  got <- sprintf("only %s in column %d", format_value(labels[1L + values[1, constant[1]]]), constant[1])
  abort_argument(arg, "have both values in every column", got, "outcome", call = call)
}

check_no_missing <- function(y, arg, call) {
  if (if (is.factor(y)) !anyNA(y) else in_single_precision(y)) return(y)
  bad <- if (is.factor(y)) is.na(y) else !is.finite(y)
  if (!any(bad)) return(y)
  row <- (which(bad)[1] - 1) %% NROW(y) + 1
  value <- if (is.factor(y)) NA else y[which(bad)[1]]
  got <- sprintf("%s in row %d (%s in all)", format_value(value), row,
                 count_of(sum(bad), "such value"))
  hint <- if (anyNA(y)) if (arg == "truth") known_rows_hint else omit_hint
  abort_argument(arg, no_bad_values, got, "missing", hint, call)
}

known_rows_hint <- "Leave rows without a known outcome out of `new_data`, and of `truth` if it is given."

no_bad_values <- "have no missing or infinite values"

check_classes <- function(y, arg, call) {
  rows <- tabulate(y, nlevels(y))
  if (sum(rows > 0) < 2) {
    got <- sprintf("only %s", enumerate(levels(y)[rows > 0]))
    abort_argument(arg, "have at least two classes", got, "outcome", "Give rows of other classes, too.", call)
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
  type <- outcome_type(values)
  if (is.null(loss)) return(new_loss(default_losses[[type]]))
  loss <- as_loss(loss, "loss", call)
  target <- losses[[loss$name]]$target
  if (!type %in% target_kinds[[target]]$outcomes) {
    fits <- Filter(function(name) type %in% target_kinds[[losses[[name]]$target]]$outcomes, names(losses))
    own <- setdiff(fits, loss_names())
    expected <- sprintf("one of %s for %s", enumerate(setdiff(fits, own), Inf, "or"), outcome_kinds[[type]])
    hint <- c(
      if (!is.null(loss$fn) && length(own)) {
        sprintf("One of your own: `loss_custom(f, target = \"%s\")`.", losses[[own]]$target)
      },
      if (type == "numeric" && ncol(values) == 1 && all(values == trunc(values))) {
        sprintf("For classes turn `%s` into a factor.", arg)
      } else if (type == "numeric" && all(values %in% 0:1)) {
        sprintf("For labels make `%s` logical.", arg)
      }
    )
    abort_argument("loss", expected, format(loss), hint = hint, call = call)
  }
  if (type == "class" && target == "probability" && nlevels(values) != 2) {
    got <- sprintf("a factor with %s", count_of(nlevels(values), "level"))
    hint <- sprintf("For more classes use `loss = \"%s\"`.", sub("^binary_", "", loss$name))
    abort_argument(arg, sprintf("a factor with two levels for loss \"%s\"", loss$name), got,
                   "outcome", if (nlevels(values) > 2) hint, call)
  }
  if (target == "ordered" && !is.ordered(values)) {
    abort_argument(arg, sprintf("an ordered factor for loss \"%s\"", loss$name), describe(values),
                   "outcome", hint = "Make it one: `factor(, ordered = TRUE)`.", call = call)
  }
  loss
}

default_losses <- c(class = "cross_entropy", labels = "binary_cross_entropy", numeric = "squared")

outcome_kinds <- c(class = "an outcome of classes", labels = "an outcome of several labels",
                   numeric = "a numeric outcome")

# Outputs of the network.
outcome_outputs <- function(outcome) {
  loss <- outcome$info$loss
  target_kinds[[losses[[loss$name]]$target]]$outputs(outcome$values, loss)
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
  if (outcome_type(values) != info$type) {
    abort_argument(arg, sprintf("a %s outcome like that of the training data", info$type),
                   describe(values), "type", call = call)
  }
  if (is.factor(values)) {
    values <- match_levels(values, info$levels, arg, call)
  } else if (ncol(values) != length(info$names)) {
    expected <- sprintf("have %s", count_of(length(info$names), "column"))
    abort_argument(arg, expected, describe(values), "shape", call = call)
  }
  if (info$type == "numeric") check_target_values(values, info$loss, arg, call)
  if (!identical(attr(values, "labels"), if (info$type == "labels") info$levels)) {
    abort_argument(arg, "have columns of the two values of the training data",
                   enumerate(unlist(attr(values, "labels"))), "levels", call = call)
  }
  list(values = values, info = info)
}

# A factor with the levels known from training; others are refused.
match_levels <- function(x, levels, arg, call, hint = NULL) {
  if (is.factor(x) && identical(levels(x), levels)) return(if (is.ordered(x)) unordered(x) else x)
  unknown <- setdiff(as.character(unique(x)), c(levels, NA))
  if (length(unknown)) {
    abort_argument(arg, sprintf("have only the levels seen in training (%s)", enumerate(levels)),
                   sprintf("%s: %s", count_of(length(unknown), "new level"), enumerate(unknown)),
                   "levels", hint, call)
  }
  factor(x, levels)
}
