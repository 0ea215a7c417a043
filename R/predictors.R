# What the values of the predictors must be, from the engine's scan of the columns.

# Refuses values that are not finite, warns of columns that carry nothing; returns the scan.
check_predictors <- function(x, predictors, arg, call) {
  scan <- .Call(fastmlp_scan, x, NULL)
  check_scan(scan, x, arg, call)
  names <- if (is.data.frame(x)) names(x) else predictors$names
  labels <- if (predictors$named) paste0("`", names, "`") else seq_along(names)
  own <- own_columns(x)
  # The others tell where columns lack values, in the same rows as a rule.
  of_user <- seq_len(ncol(x) - length(predictors$indicators))
  constant <- scan$minimum == scan$maximum
  whole <- labels[tapply(constant, own, all)]
  warn_columns("constant", whole, "Constant columns carry no information.", arg, call)
  except <- which(constant | own %in% own[duplicated(own)] | !own %in% of_user)
  duplicated <- own[duplicated_columns(x, fingerprints(x, scan, except), except)]
  warn_columns("duplicated", labels[duplicated], "Each repeats an earlier column.", arg, call)
  scan
}

# For each encoded column the user's own that it belongs to. Levels without rows and levels of two factors
# that go together are no mistakes, and the rule in resamples: warnings are of whole columns, and of equal
# numbers.
own_columns <- function(x) if (is.data.frame(x)) rep(seq_along(x), encoded_widths(x)) else seq_len(ncol(x))

warn_columns <- function(kind, labels, consequence, arg, call) {
  if (length(labels) == 0) return(invisible())
  shown <- c(utils::head(labels, 5), if (length(labels) > 5) "...")
  text <- sprintf("`%s` has %s: %s. %s", arg, count_of(length(labels), paste(kind, "column")),
                  paste(shown, collapse = ", "), consequence)
  warn_fastmlp(text, kind, call)
}

# Fingerprints of the columns that may equal another, NA for the others: a fingerprint costs a look at
# all values of its column.
fingerprints <- function(x, scan, except) {
  alike <- Reduce(`&`, lapply(scan[c("minimum", "maximum", "mean", "sd")], occurs_twice))
  columns <- setdiff(which(alike), except)
  fingerprint <- rep(NA_character_, length(alike))
  if (length(columns)) fingerprint[columns] <- .Call(fastmlp_fingerprint, x, columns)
  fingerprint
}

occurs_twice <- function(x) duplicated(x) | duplicated(x, fromLast = TRUE)

# Columns equal to an earlier one. Equal fingerprints are confirmed; constant columns have had their
# own warning.
duplicated_columns <- function(x, fingerprint, except) {
  first <- match(fingerprint, fingerprint, incomparables = NA)
  candidates <- setdiff(which(first != seq_along(first)), except)
  column <- column_reader(x)
  same <- function(j, k) if (is_sparse(x)) same_sparse_columns(x, j, k) else identical(column(j), column(k))
  Filter(function(j) same(j, first[j]), candidates)
}

# ---- the outcome among them ----

# Warns of predictors that have the outcome's values: as a rule it was left among them. Where all do, they are
# to be reproduced.
warn_of_outcome <- function(x, outcome, design, call) {
  found <- outcome_columns(x, outcome$values)
  if (length(found) == 0 || length(found) == ncol(x)) return(invisible())
  names <- if (design$predictors$named) colnames(x)
  labels <- if (is.null(names)) sprintf("column %d", found) else sprintf("column `%s`", names[found])
  one <- length(found) == 1
  text <- sprintf("`%s` holds the outcome: %s %s its values. Leave %s out%s.", design$args$x,
                  paste(utils::head(labels, 5), collapse = ", "), if (one) "has" else "have",
                  if (one) "it" else "them", leaving_out(x, found, names, design))
  warn_fastmlp(text, "outcome", call)
}

# How to write x without some columns.
leaving_out <- function(x, found, names, design) {
  if (design$interface != "xy") return(" if new data will not have it")
  if (is.null(names)) return(sprintf(": `x[, -%s]`", format_setting(found)))
  columns <- if (is.data.frame(x)) "x[setdiff(names(x), %s)]" else "x[, setdiff(colnames(x), %s)]"
  sprintf(": `%s`", sprintf(columns, format_setting(names[found])))
}

# Columns of x that are the outcome: numbers by their values; classes, and factors beside numbers, in any
# coding.
outcome_columns <- function(x, values) {
  classes <- is.factor(values)
  targets <- if (classes) list(as.integer(values)) else lapply(seq_len(ncol(values)), function(k) values[, k])
  coded <- if (is.data.frame(x)) classes | vapply(x, is.factor, NA) else rep(classes, ncol(x))
  found <- lapply(targets, function(target) {
    c(columns_that_are(target, x, which(!coded), FALSE), columns_that_are(target, x, which(coded), TRUE))
  })
  sort(unique(unlist(found)))
}

# Those of some columns that are a target, in any coding or by its values, if chance would hardly make them
# so.
columns_that_are <- function(target, x, columns, any_coding) {
  same <- if (any_coding) same_groups else function(a, b) isTRUE(all(a == b))
  compare <- if (is_sparse(x)) same_sparse_outcome else same_columns
  found <- compare(x, columns, target, same)
  if (length(found) && length(columns) * chance_of_order(target, any_coding) < 0.01) found
}

# Whether two vectors differ in the same places.
same_groups <- function(a, b) identical(match(a, unique(a)), match(b, unique(b)))

# The probability that a target's values in random order are the target again, or differ in the same places.
chance_of_order <- function(target, any_coding) {
  rows <- tabulate(match(target, unique(target)))
  groups <- if (any_coding) sum(lfactorial(tabulate(rows))) else 0
  exp(sum(lfactorial(rows)) + groups - lfactorial(length(target)))
}

# Whole columns are copied only where a look at a few rows, and at some more, does not rule them out.
same_columns <- function(x, columns, target, same) {
  for (count in pmin(c(16, 256, Inf), length(target))) {
    if (length(columns) == 0) break
    rows <- unique(round(seq(1, length(target), length.out = count)))
    columns <- columns[vapply(columns, function(j) same(column_at(x, j, rows), target[rows]), NA)]
  }
  columns
}

column_at <- function(x, j, rows) {
  if (is.matrix(x)) x[rows, j] + 0 else as.double(unclass(.subset2(x, j))[rows])
}

# The same of sparse columns: they have as many zeros as some value of the target, and begin like it.
same_sparse_outcome <- function(x, columns, target, same) {
  x <- unclass(x)
  zeros <- x$dim[1] - diff(x$p)[columns]
  begins <- function(j) {
    at <- entries_at(x, j, 16)
    same(x$x[at], target[x$i[at] + 1L])
  }
  columns <- Filter(begins, columns[zeros %in% c(0L, tabulate(match(target, unique(target))))])
  Filter(function(j) same(sparse_column(x, j), target), columns)
}

# The engine works in single precision.
largest_float <- 3.4e38
within_single_precision <- sprintf("within +-%s (single precision)", format(largest_float))

# Whether all of x are finite there; read without a copy.
in_single_precision <- function(x) {
  length(x) > 0 && isTRUE(max(x) <= largest_float && min(x) >= -largest_float)
}

check_single_precision <- function(x, arg, call) {
  if (in_single_precision(x)) return(x)
  big <- which(abs(x) > largest_float)
  if (length(big) == 0) return(x)
  got <- sprintf("%s at position %d", format_value(x[big[1]]), big[1])
  abort_argument(arg, within_single_precision, got, "value", call = call)
}

check_scan <- function(scan, x, arg, call) {
  hint <- if (any(scan$infinite > 0)) infinite_hint else if (is_sparse(x)) omit_hint else na_action_hint
  check_all_finite(scan, x, arg, hint, call)
  big <- which(pmax(abs(scan$minimum), abs(scan$maximum)) > largest_float)
  if (length(big)) {
    got <- sprintf("values up to %s in %s",
                   format(max(abs(c(scan$minimum[big[1]], scan$maximum[big[1]])))),
                   column_label(x, big[1]))
    abort_argument(arg, within_single_precision, got, "value", call = call)
  }
}

check_all_finite <- function(scan, x, arg, hint, call) {
  bad <- which(scan$missing + scan$infinite > 0)
  if (length(bad) == 0) return(invisible())
  row <- scan$first_bad_row[bad[1]]
  got <- sprintf("%s in %s, row %d (%s in %s)", format_value(encoded_column(x, bad[1])[row]),
                 column_label(x, bad[1]), as.integer(row),
                 count_of(sum(scan$missing + scan$infinite), "such value"),
                 count_of(length(bad), "column"))
  abort_argument(arg, no_bad_values, got, "missing", hint, call)
}

# The same for values of which nothing else is to be known.
check_finite <- function(x, arg, call = rlang::caller_env()) {
  check_all_finite(.Call(fastmlp_scan, x, NULL), x, arg, NULL, call)
  x
}

# Rows with values that are not finite.
bad_rows <- function(x, scan) {
  bad <- logical(nrow(x))
  column <- column_reader(x)
  for (j in which(scan$missing + scan$infinite > 0)) bad <- bad | !is.finite(column(j))
  which(bad)
}
